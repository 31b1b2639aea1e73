"""Filters and exclusions of spend and usage over REST, and totals over a whole range."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.billing.api.conftest import Api

RANGE = {"start": "2026-10-30", "end": "2026-11-02"}
WHOLE = {**RANGE, "granularity": "total"}


def cost(api: Api, **asked: str) -> Decimal:
    return sum((Decimal(row["cost"]) for row in api.rows("spend/", **WHOLE, **asked)), Decimal(0))


@pytest.mark.usefixtures("facts")
def test_a_total_is_one_row_for_each_group(api: Api) -> None:
    rows = api.rows("spend/", **WHOLE, group_by="model")
    assert [(row["period"], row["model"], row["cost"]) for row in rows] == [
        ("2026-10-30", None, "0"),
        ("2026-10-30", "nova-pro", "0.0153"),
    ]


@pytest.mark.usefixtures("facts")
def test_a_total_of_the_organizations_days_begins_with_one_of_them(api: Api) -> None:
    asked = {"start": "2026-10-31", "end": "2026-11-01", "granularity": "total", "calendar": "organization"}
    (row,) = api.rows("spend/", **asked)
    assert row["period"] == "2026-10-31"
    (hours,) = api.rows("spend/", start="2026-10-30T15:00:00Z", end="2026-10-31T15:00:00Z", granularity="total")
    assert (hours["period"], hours["cost"]) == ("2026-10-30T15:00:00Z", row["cost"])


@pytest.mark.usefixtures("facts")
def test_a_filter_and_its_exclusion_add_up_to_the_whole(api: Api) -> None:
    whole = cost(api)
    for name, values in (("model", "nova-pro"), ("cost_center", "search,other"), ("token_class", "input")):
        assert cost(api, **{name: values}) + cost(api, **{f"exclude_{name}": values}) == whole


@pytest.mark.usefixtures("facts")
def test_what_has_no_value_is_asked_for_by_a_word_that_nothing_is_called(api: Api) -> None:
    (unassigned,) = api.rows("spend/", **WHOLE, group_by="cost_center", cost_center="~none")
    assert unassigned["cost_center"] is None
    (unknown,) = api.rows("spend/", **WHOLE, group_by="model", model="~none")
    assert (unknown["model"], unknown["tokens_unpriced"]) == (None, 576)
    assert api.rows("spend/", **WHOLE, group_by="model", exclude_model="~none,nova-pro") == []


@pytest.mark.usefixtures("facts")
def test_usage_is_filtered_alike(api: Api) -> None:
    (row,) = api.rows("usage/", **WHOLE, model="nova-pro", exclude_token_class="output")
    assert row["tokens_output"] == 0
    assert row["tokens_input"] > 0
    assert api.rows("usage/", **WHOLE, aws_region="eu-west-1") == []


@pytest.mark.usefixtures("bill")
def test_the_bill_is_filtered_by_what_a_bill_knows(api: Api) -> None:
    asked = {**WHOLE, "basis": "billed", "group_by": "usage_type"}
    everything = {row["usage_type"] for row in api.rows("spend/", **asked)}
    left = {row["usage_type"] for row in api.rows("spend/", **asked, exclude_usage_type="USE1-NovaPro-input-tokens")}
    assert everything - left == {"USE1-NovaPro-input-tokens"}
    assert {row["usage_type"] for row in api.rows("spend/", **asked, heading="UNRECOGNIZED")} == everything
    assert api.rows("spend/", **asked, model="nova-pro", routing="REGIONAL", token_class="cache_write_30m") == []
    assert api.refusal("spend/", **WHOLE, heading="TOKENS") == ("dimension_not_in_basis", "heading")
    assert len(api.rows("spend/", **asked, exclude_tier="BATCH")) == len(everything)


@pytest.mark.parametrize(
    ("asked", "code", "field"),
    [
        ({"token_class": "water"}, "invalid_choice", "token_class.0"),
        ({"exclude_tier": "standard"}, "invalid_choice", "exclude_tier.0"),
        ({"model": ""}, "blank", "model.0"),
        ({"model": ",".join(["m"] * 201)}, "max_length", "model"),
        ({"exclude_service": "Amazon Bedrock"}, "dimension_not_in_basis", "exclude_service"),
        ({"cost_centre": "search"}, "unknown_parameter", "cost_centre"),
    ],
)
def test_a_filter_that_cannot_be_is_refused_by_its_name(api: Api, asked: dict[str, str], code: str, field: str) -> None:
    assert api.refusal("spend/", **WHOLE, **asked) == (code, field)
