"""Spend over REST: exact, labelled, and refused where the question makes no sense."""

from __future__ import annotations

from decimal import Decimal

import pytest

from accounts.domain.roles import Permission
from tests.billing.api.conftest import Api, KeyMaker
from tests.cast import Cast

RANGE = {"start": "2026-10-30", "end": "2026-11-02"}
# Hours of a day have 100, 101, … 123 input tokens (200 … on the second day), and one output token each.
DAY_COSTS = ["0.0027", "0.0051", "0.0075"]


@pytest.mark.usefixtures("facts")
def test_spend_is_told_by_day_and_rated_when_nothing_is_said(api: Api) -> None:
    answer = api.get("spend/", **RANGE).json()
    assert [(row["period"], row["cost"]) for row in answer["rows"]] == [
        ("2026-10-30", "0.0027"),
        ("2026-10-31", "0.0051"),
        ("2026-11-01", "0.0075"),
    ]
    assert answer["rows"][0] == {
        "period": "2026-10-30",
        "cost": "0.0027",
        "currency": "USD",
        "cost_assumed": "0.002676",
        "tokens_unpriced": 192,
    }
    assert (answer["basis"], answer["time_zone"], answer["next"], answer["data_until"]) == ("rated", "UTC", None, None)


@pytest.mark.usefixtures("facts")
def test_spend_is_grouped_by_the_dimensions_named_in_their_order(api: Api) -> None:
    rows = api.rows("spend/", **RANGE, granularity="month", group_by="model,cost_center,routing,publisher,provider")
    assert [list(row)[:6] for row in rows] == [
        ["period", "model", "cost_center", "routing", "publisher", "provider"]
    ] * 4
    october = [row for row in rows if row["period"] == "2026-10-01"]
    assert [(row["model"], row["cost_center"], row["routing"], row["cost"]) for row in october] == [
        (None, None, "GLOBAL", "0"),
        ("nova-pro", "search", "IN_REGION", "0.0078"),
    ]
    assert [row["tokens_unpriced"] for row in october] == [384, 0]


@pytest.mark.usefixtures("facts")
def test_the_parts_add_up_to_the_whole_however_they_are_cut(api: Api) -> None:
    whole = sum(Decimal(row["cost"]) for row in api.rows("spend/", **RANGE))
    assert whole == sum(map(Decimal, DAY_COSTS))
    for granularity, group_by in (("hour", "model"), ("month", "token_class"), ("day", "aws_region,aws_account,tier")):
        rows = api.rows("spend/", **RANGE, granularity=granularity, group_by=group_by, limit=1000)
        assert sum(Decimal(row["cost"]) for row in rows) == whole


@pytest.mark.usefixtures("facts")
def test_hours_are_times_in_utc(api: Api) -> None:
    rows = api.rows("spend/", start="2026-10-30T22:00:00Z", end="2026-10-31T10:00:00+09:00", granularity="hour")
    assert [(row["period"], row["cost"]) for row in rows] == [
        ("2026-10-30T22:00:00Z", "0.000123"),
        ("2026-10-30T23:00:00Z", "0.000124"),
        ("2026-10-31T00:00:00Z", "0.000201"),
    ]


@pytest.mark.usefixtures("facts")
def test_days_of_the_organization_begin_at_its_own_midnight(api: Api) -> None:
    answer = api.get("spend/", start="2026-10-31", end="2026-11-01", calendar="organization").json()
    # Tokyo's 31 October: from 15:00 UTC on the 30th.
    expected = sum(100 + hour + 1 for hour in range(15, 24)) + sum(200 + hour + 1 for hour in range(15))
    assert [(row["period"], Decimal(row["cost"])) for row in answer["rows"]] == [
        ("2026-10-31", expected * Decimal("0.000001"))
    ]
    assert answer["time_zone"] == "Asia/Tokyo"


@pytest.mark.usefixtures("bill")
def test_billed_spend_says_what_may_still_change(api: Api) -> None:
    answer = api.get("spend/", **RANGE, basis="billed", group_by="service,usage_type").json()
    assert answer["basis"] == "billed"
    assert answer["rows"][0] == {
        "period": "2026-10-31",
        "service": "Amazon Bedrock",
        "usage_type": "USE1-NovaPro-input-tokens",
        "cost": "1.5",
        "currency": "USD",
        "cost_estimated": "0",
    }
    months = api.rows("spend/", **RANGE, basis="billed", granularity="month")
    assert [(row["period"], row["cost"], row["cost_estimated"]) for row in months] == [
        ("2026-10-01", "1.75", "0"),
        ("2026-11-01", "1.75", "1.75"),
    ]


@pytest.mark.usefixtures("facts")
def test_pages_hold_every_row_once(api: Api) -> None:
    asked = {**RANGE, "granularity": "hour", "group_by": "model"}
    everything = api.rows("spend/", **asked, limit=1000)
    collected: list[object] = []
    after: dict[str, object] = {}
    for _ in range(100):
        page = api.get("spend/", **asked, **after, limit=7).json()
        assert len(page["rows"]) <= 7
        collected += page["rows"]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert collected == everything
    assert len(everything) == 144


@pytest.mark.usefixtures("facts")
def test_a_cursor_is_good_for_the_question_that_gave_it_only(api: Api, globex_api: Api) -> None:
    cursor = api.get("spend/", **RANGE, limit=1).json()["next"]
    assert api.refusal("spend/", **RANGE, after=cursor, group_by="model") == ("cursor_unreadable", "after")
    assert api.refusal("spend/", **RANGE, after=cursor[:-1]) == ("cursor_unreadable", "after")
    assert globex_api.refusal("spend/", **RANGE, after=cursor) == ("cursor_unreadable", "after")


@pytest.mark.usefixtures("facts", "bill")
def test_another_organization_sees_nothing(globex_api: Api) -> None:
    assert globex_api.rows("spend/", **RANGE) == []
    assert globex_api.rows("spend/", **RANGE, basis="billed") == []
    assert globex_api.rows("usage/", **RANGE) == []


@pytest.mark.parametrize("path", ["spend/", "usage/"])
@pytest.mark.parametrize(
    ("parameters", "code", "field"),
    [
        ({"start": "2026-02-30"}, "not_a_moment", "start"),
        ({"start": "2026-1-1"}, "not_a_moment", "start"),
        ({"start": "2026-W40-1"}, "not_a_moment", "start"),
        ({"start": "0001-01-01", "calendar": "organization"}, "not_a_moment", "start"),
        ({"end": "9999-12-31"}, "not_a_moment", "end"),
        ({"end": "2026-11-02T13:30:00Z", "granularity": "hour"}, "not_a_moment", "end"),
        ({"end": "2026-11-02T13:00:00", "granularity": "hour"}, "not_a_moment", "end"),
        ({"end": "yesterday"}, "not_a_moment", "end"),
        ({"end": "x" * 10_000}, "not_a_moment", "end"),
        ({"end": ""}, "not_a_moment", "end"),
        ({"end": "2026-11-02T13:00:00Z"}, "time_needs_hours", "end"),
        ({"end": "2026-10-30"}, "range_ends_before_it_begins", "end"),
        ({"end": "2026-10-29"}, "range_ends_before_it_begins", "end"),
        ({"end": "2031-10-29"}, "range_too_long", "end"),
        ({"granularity": "week"}, "invalid_choice", "granularity"),
        ({"calendar": "fiscal"}, "invalid_choice", "calendar"),
        ({"basis": "guessed"}, "invalid_choice", "basis"),
        ({"group_by": "model,model"}, "repeated", "group_by"),
        ({"group_by": "colour"}, "invalid_choice", "group_by.0"),
        ({"group_by": "service"}, "dimension_not_in_basis", "group_by"),
        ({"limit": "0"}, "min_value", "limit"),
        ({"limit": "1001"}, "max_value", "limit"),
        ({"after": "forged"}, "cursor_unreadable", "after"),
        ({"granularty": "day"}, "unknown_parameter", "granularty"),
        ({"start": ["2026-10-30", "2026-10-31"]}, "repeated", "start"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_question_that_is_wrong_is_refused_and_the_parameter_named(
    api: Api, path: str, parameters: dict[str, object], code: str, field: str
) -> None:
    assert api.refusal(path, **{**RANGE, **parameters}) == (code, field)


@pytest.mark.parametrize(
    ("parameters", "code", "field"),
    [
        ({"granularity": "hour"}, "no_hours_in_bill", "granularity"),
        ({"calendar": "organization"}, "bill_has_utc_days", "calendar"),
    ],
)
def test_a_bill_has_no_hours_and_utc_days_only(api: Api, parameters: dict[str, str], code: str, field: str) -> None:
    assert api.refusal("spend/", **RANGE, basis="billed", **parameters) == (code, field)


@pytest.mark.parametrize("missing", ["start", "end"])
def test_a_range_is_always_named(api: Api, missing: str) -> None:
    given = {name: value for name, value in RANGE.items() if name != missing}
    assert api.refusal("spend/", **given) == ("required", missing)


def test_a_key_without_the_right_is_refused(cast: Cast, make_api: KeyMaker) -> None:
    program = make_api(cast.acme, [Permission.VIEW_AUDIT_LOG])
    for path in ("spend/", "usage/"):
        assert program.get(path, **RANGE).status_code == 403
    assert Api("yosan_nonsense").get("spend/", **RANGE).status_code == 401


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_spend_is_only_read(api: Api, method: str) -> None:
    assert api.send(method, "spend/", {}).status_code == 405
