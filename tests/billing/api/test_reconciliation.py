"""The match over REST: days and whole add up, lines of a day, tolerance, exceptions, invoices."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from accounts.domain.roles import Permission
from accounts.models import AuditEvent
from accounts.operations.closed_months import close_months, reopen_months
from billing.domain.collection import Source, WindowState
from billing.domain.dimensions import CostHeading, TokenClass
from billing.models import BilledSeries
from billing.operations.reconciliation import reconcile_due_days
from tests.billing.api.conftest import Api, KeyMaker
from tests.cast import Cast, inside
from tests.factories import billing

pytestmark = pytest.mark.django_db

DAY = date(2026, 11, 3)
HOUR = datetime(2026, 11, 3, 10, tzinfo=UTC)
NOW = datetime(2026, 11, 10, tzinfo=UTC)
RANGE = {"start": "2026-11-03", "end": "2026-11-04"}


@pytest.fixture
def editor(cast: Cast, make_api: KeyMaker) -> Api:
    return make_api(cast.acme, [Permission.VIEW_SPEND, Permission.EDIT_RECONCILIATION])


def store_day() -> None:
    """A million input tokens rated at 20 and billed at 15, and guardrails of 2.50; the bill is whole."""
    billing.make_override(token_class=TokenClass.INPUT, rate="20")
    billing.make_usage(billing.make_series(), {HOUR: 1_000_000})
    connection = billing.make_connection()
    tokens = billing.make_billed(connection, {DAY: "15"})
    BilledSeries.objects.filter(id=tokens.pk).update(
        aws_region="us-east-1",
        model_id="claude-sonnet-4-5",
        token_class="input",
        tier="STANDARD",
        routing_class="GLOBAL",
        heading=CostHeading.TOKENS,
        tokens_per_unit=1_000_000,
    )
    guarded = billing.make_billed(connection, {DAY: "2.5"}, usage_type="USE1-Guardrail-UnitsConsumed")
    BilledSeries.objects.filter(id=guarded.pk).update(heading=CostHeading.GUARDRAILS)
    billing.make_window(
        connection,
        source=Source.COST_EXPLORER,
        end=NOW,
        state=WindowState.DONE,
        read_at=NOW,
    )


@pytest.fixture
def _matched(cast: Cast) -> None:
    with inside(cast.acme):
        store_day()


@pytest.mark.usefixtures("_matched")
def test_days_and_whole_add_up_with_a_reason_for_every_cent(editor: Api, globex_api: Api, cast: Cast) -> None:
    """mag123c/toktrack#95: the numbers side by side, and what lies between them."""
    fresh = editor.get("reconciliation/", **RANGE).json()
    whole = fresh["whole"]
    assert (whole["rated"], whole["billed"], whole["difference"], whole["unexplained"]) == ("20", "17.5", "-2.5", "0")
    assert whole["explained"] == {"price_differs": "-5", "not_token_based": "2.5"}
    (day,) = fresh["days"]
    assert (day["date"], day["is_closed"], day["version"], day["reconciled_at"]) == ("2026-11-03", True, 1, None)
    lines = editor.rows("reconciliation/lines/", day="2026-11-03")
    assert [(line["model"], line["difference"]) for line in lines] == [("", "2.5"), ("claude-sonnet-4-5", "-5")]
    # Stored, it says the same.
    with inside(cast.acme):
        reconcile_due_days(now=NOW)
    stored = editor.get("reconciliation/", **RANGE).json()
    assert stored["days"][0].pop("reconciled_at") is not None
    assert stored == {**fresh, "days": [{k: v for k, v in day.items() if k != "reconciled_at"}]}
    assert globex_api.get("reconciliation/", **RANGE).json()["days"] == []
    wrong = editor.get("reconciliation/", start="2026-11-04", end="2026-11-03")
    assert (wrong.status_code, wrong.json()["code"]) == (400, "range_too_long")


@pytest.mark.usefixtures("_matched")
def test_an_exception_is_answered_with_a_note_and_closes_when_it_is_gone(editor: Api, cast: Cast) -> None:
    with inside(cast.acme):
        reconcile_due_days(now=NOW)
    rows = {row["reason"]: row for row in editor.rows("reconciliation/exceptions/", **RANGE)}
    # What is to be expected asks nobody.
    assert {reason: row["state"] for reason, row in rows.items()} == {
        "price_differs": "OPEN",
        "not_token_based": "EXPLAINED",
    }
    path = f"reconciliation/exceptions/{rows['price_differs']['id']}/"
    silent = editor.send("patch", path, {"state": "EXPLAINED"})
    assert (silent.status_code, silent.json()["code"]) == (400, "explanation_missing")
    said = editor.send("patch", path, {"state": "EXPLAINED", "note": "Private discount"}).json()
    assert (said["state"], said["note"]) == ("EXPLAINED", "Private discount")
    # A wider tolerance: the exception is gone, and stays to be seen.
    answer = editor.send("put", "reconciliation/tolerance/", {"absolute_usd": "6.00", "percent": "0.50"})
    assert answer.json() == {"absolute_usd": "6", "percent": "0.5"}
    with inside(cast.acme):
        reconcile_due_days(now=NOW)
        verbs = set(AuditEvent.objects.values_list("verb", flat=True))
    assert {"discrepancy.answered", "reconciliation_tolerance.changed"} <= verbs
    assert editor.get(path).json()["resolved_at"] is not None


def test_an_invoice_is_entered_once_read_and_removed_while_its_month_is_open(
    editor: Api, globex_api: Api, cast: Cast
) -> None:
    body = {"invoice_id": "EUINAWS26-1", "month": "2026-10", "amount": "26087.15", "currency": "USD"}
    made = editor.send("post", "invoices/", body)
    assert made.status_code == 201, made.content
    row = made.json()
    assert (row["amount"], row["provider"]) == ("26087.15", "aws_bedrock")
    assert editor.rows("invoices/", month="2026-10") == [row]
    again = editor.send("post", "invoices/", body)
    assert (again.status_code, again.json()["code"]) == (409, "invoice_exists")
    assert globex_api.get(f"invoices/{row['id']}/").status_code == 404
    with inside(cast.acme):
        close_months(actor=cast.ada_acts, month=date(2026, 10, 1), today=date(2026, 11, 10))
    closed = editor.send("delete", f"invoices/{row['id']}/")
    assert (closed.status_code, closed.json()["code"]) == (409, "month_is_closed")
    with inside(cast.acme):
        reopen_months(actor=cast.ada_acts, month=date(2026, 10, 1), reason="A late invoice")
    assert editor.send("delete", f"invoices/{row['id']}/").status_code == 204
    assert editor.rows("invoices/") == []


@pytest.mark.parametrize(
    ("path", "parameters", "field"),
    [
        ("reconciliation/", {"start": "2026-W44-1", "end": "2026-11-04"}, "start"),
        ("reconciliation/", {"start": "2026-11-03", "end": "9999-12-31"}, "end"),
        ("reconciliation/lines/", {"day": "9999-12-31"}, "day"),
        ("reconciliation/exceptions/", {"end": "0001-01-01"}, "end"),
        ("reconciliation/exceptions/", {"start": "2026-11-04", "end": "2026-11-04"}, "end"),
        ("invoices/", {"month": "0000-01"}, "month"),
        ("invoices/", {"month": "9999-12"}, "month"),
        ("focus-lines/", {"month": "9999-12"}, "month"),
    ],
)
def test_a_day_or_month_that_cannot_be_counted_with_is_refused_by_its_name(
    editor: Api, path: str, parameters: dict[str, str], field: str
) -> None:
    answer = editor.get(path, **parameters)

    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]
