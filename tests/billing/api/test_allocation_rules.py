"""Allocation rules over REST: previewed, created, changed from a day, and gone; unallocated cost beside them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from accounts.domain.roles import Permission
from accounts.operations.closed_months import close_months, reopen_months
from billing.domain.dimensions import TokenClass
from tests.billing.api.conftest import Api, KeyMaker
from tests.cast import Cast, inside
from tests.factories.accounts import make_cost_center
from tests.factories.billing import make_all_overrides, make_series, make_usage

pytestmark = pytest.mark.django_db


@pytest.fixture
def editor(cast: Cast, make_api: KeyMaker) -> Api:
    return make_api(cast.acme, [Permission.VIEW_SPEND, Permission.EDIT_COST_CENTERS])


def test_a_rule_is_previewed_created_changed_and_deleted(editor: Api, cast: Cast, globex_api: Api) -> None:
    with inside(cast.acme):
        center = make_cost_center(code="support").pk
        make_all_overrides({TokenClass.INPUT: "1"}, effective_from=datetime(2026, 1, 1, tzinfo=UTC))
        make_usage(make_series(), {datetime(2026, 11, 2, 5, tzinfo=UTC): 1_000_000})
    body: dict[str, Any] = {
        "name": "Claude",
        "cost_center_id": center,
        "conditions": [{"field": "model", "values": ["claude-*"]}],
    }
    preview = editor.send("post", "allocation-rules/preview/", body)
    assert preview.status_code == 200, preview.content
    (move,) = preview.json()["moves"]
    assert (move["basis"], move["from_cost_center_id"], move["to_cost_center_id"]) == ("rated", None, center)
    assert (move["by_month"]["2026-11"], move["total"]) == ("1", "1")
    strange = editor.send("post", "allocation-rules/preview/", {**body, "cost_center_id": center + 99})
    assert strange.json()["code"] == "cost_center_unknown"
    made = editor.send("post", "allocation-rules/", body)
    assert made.status_code == 201, made.content
    rule = made.json()
    address = f"allocation-rules/{rule['id']}/"
    assert editor.get(address).json() == rule
    changed = editor.send("put", address, {**body, "effective_from": "2026-11-01"})
    assert len(changed.json()["versions"]) == 2, changed.content
    assert [row["id"] for row in editor.rows("allocation-rules/")] == [rule["id"]]
    assert globex_api.get(address).status_code == 404
    unallocated = editor.get("unallocated/").json()
    assert (unallocated["cost"], unallocated["by_reason"]) == ("1", {"no_tag": "1"})
    assert editor.rows("allocation-conflicts/") == []
    refused = editor.send("post", "allocation-rules/", {**body, "name": "None", "conditions": []})
    assert refused.json()["code"] == "conditions_missing"
    with inside(cast.acme):
        close_months(actor=cast.ada_acts, month=date(2026, 9, 1), today=date(2026, 11, 10))
    signed = editor.send("delete", address)
    assert (signed.status_code, signed.json()["code"], signed.json()["errors"]) == (409, "month_is_closed", [])
    with inside(cast.acme):
        reopen_months(actor=cast.ada_acts, month=date(2015, 1, 1), reason="A rule was wrong.")
    assert editor.send("delete", address).status_code == 204


def test_a_split_is_created_read_and_deleted_and_its_metric_entered(editor: Api, cast: Cast) -> None:
    with inside(cast.acme):
        pool, search = make_cost_center(code="platform").pk, make_cost_center(code="search").pk
    body = {"name": "Platform", "pool_id": pool, "method": "METRIC", "metric": "orders"}
    refused = editor.send("post", "shared-cost-splits/", {**body, "shares": [{"cost_center_id": pool}]})
    assert refused.json()["code"] == "pool_receives"
    made = editor.send("post", "shared-cost-splits/", {**body, "shares": [{"cost_center_id": search}]})
    assert made.status_code == 201, made.content
    metric = {"metric": "orders", "month": "2026-10", "cost_center_id": search, "value": "1200"}
    assert editor.send("post", "business-metrics/", metric).status_code == 201
    assert editor.rows("shared-cost-splits/") == [made.json()]
    fixed = {**body, "name": "Again", "method": "FIXED", "shares": [{"cost_center_id": search, "percent": "100"}]}
    assert editor.send("post", "shared-cost-splits/", fixed).json()["code"] == "pool_has_a_split"
    assert editor.send("delete", f"shared-cost-splits/{made.json()['id']}/").status_code == 204
