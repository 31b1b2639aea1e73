"""A question is read from named texts and written as them; what cannot be is named, and the rest stays."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.dimensions import Dimension
from billing.domain.explore import (
    MOST_VALUES,
    WITHOUT,
    Exploration,
    Measure,
    SortBy,
    as_all_texts,
    as_texts,
    parameter_names,
    read_exploration,
    with_filter,
)
from billing.domain.periods import DateRange
from billing.domain.stretches import Period


def test_no_text_is_the_usual_question() -> None:
    reading = read_exploration({})
    assert (reading.exploration, reading.problems) == (Exploration(), ())
    assert as_texts(Exploration()) == {}


def test_a_question_is_read_back_as_it_was_written() -> None:
    texts = {
        "period": "custom",
        "from": "2026-10-01",
        "to": "2026-10-31",
        "group_by": "model,token_class",
        "sort": "name",
        "columns": "",
        "cost_center": f"search,{WITHOUT}",
        "exclude_tier": "BATCH",
    }
    question = read_exploration(texts).exploration
    assert question.filters == {Dimension.COST_CENTER: ("search", None)}
    assert question.excluded == {Dimension.TIER: ("BATCH",)}
    assert (question.sort_by, question.descending, question.columns, question.filter_count) == (
        SortBy.NAME,
        False,
        (),
        2,
    )
    assert as_texts(question) == texts
    assert read_exploration(as_all_texts(question)).exploration == question


def test_days_without_a_period_are_own_days() -> None:
    question = read_exploration({"from": "2026-10-05", "to": "2026-10-05"}).exploration
    assert question.period is Period.CUSTOM
    assert question.custom == DateRange(date(2026, 10, 5), date(2026, 10, 6))
    assert Exploration().custom is None


def test_a_month_by_its_name_is_its_days() -> None:
    question = read_exploration({"period": "2026-02"}).exploration
    assert (question.period, question.first, question.last) == (Period.CUSTOM, date(2026, 2, 1), date(2026, 2, 28))


def test_days_of_another_period_are_not_asked_about() -> None:
    question = read_exploration({"period": "last_month", "from": "", "to": "x"})
    assert (question.exploration.period, question.problems) == (Period.LAST_MONTH, ())


@pytest.mark.parametrize(
    ("texts", "code", "field"),
    [
        ({"basis": "invoiced"}, "not_a_choice", "basis"),
        ({"basis": ""}, "not_a_choice", "basis"),
        ({"columns": "share,colour"}, "not_a_choice", "columns"),
        ({"period": "custom"}, "not_a_day", "from"),
        ({"from": "2026-02-30", "to": "2026-10-01"}, "not_a_day", "from"),
        ({"from": "1999-01-01", "to": "2026-10-01"}, "not_a_day", "from"),
        ({"from": "2026-10-02", "to": "2026-10-01"}, "range_reversed", "to"),
        ({"from": "2016-10-02", "to": "2026-10-01"}, "days_too_many", "to"),
        ({"group_by": "model,tier,routing"}, "groups_too_many", "group_by"),
        ({"group_by": "model,model"}, "groups_too_many", "group_by"),
        ({"model": ",".join(f"m{number}" for number in range(MOST_VALUES + 1))}, "values_too_many", "model"),
        ({"exclude_model": "m" * 256}, "values_too_many", "exclude_model"),
        ({"model": "a\0b"}, "values_too_many", "model"),
        ({"basis": "rated", "service": "Amazon Bedrock"}, "dimension_not_in_basis", "service"),
        ({"basis": "rated", "exclude_heading": "TOKENS"}, "dimension_not_in_basis", "exclude_heading"),
        ({"basis": "rated", "group_by": "usage_type"}, "dimension_not_in_basis", "group_by"),
        ({"basis": "billed", "group_by": "service", "measure": "invocations"}, "measure_not_in_basis", "measure"),
        ({"exclude_token_class": "input", "measure": "invocations"}, "measure_not_by_token_class", "measure"),
        ({"colour": "red"}, "unknown_parameter", "colour"),
    ],
)
def test_what_cannot_be_is_named(texts: dict[str, str], code: str, field: str) -> None:
    reading = read_exploration({**texts, "unit": "thousand"})
    assert (code, field) in [(problem.code, problem.field) for problem in reading.problems]
    assert reading.exploration.unit == "thousand"


def test_what_the_basis_lacks_is_left_out_and_the_rest_stays() -> None:
    question = read_exploration(
        {"basis": "rated", "group_by": "heading,cost_center", "charge_category": "TAX"}
    ).exploration
    assert (question.group_by, question.filters) == ((Dimension.COST_CENTER,), {})
    assert read_exploration({"basis": "billed", "measure": "tokens_input"}).exploration.measure is Measure.COST
    assert read_exploration({"measure": "tokens_input"}).exploration.measure is Measure.TOKENS_INPUT


def test_a_filter_takes_the_place_of_the_one_before() -> None:
    question = read_exploration({"model": "a,b", "exclude_aws_region": "us-east-1"}).exploration
    excluded = with_filter(question, Dimension.MODEL, ["c", None], exclude=True)
    assert (excluded.filters, excluded.excluded[Dimension.MODEL]) == ({}, ("c", None))
    assert with_filter(excluded, Dimension.MODEL, [], exclude=False).excluded == question.excluded


@given(st.dictionaries(st.sampled_from(parameter_names()), st.text(max_size=40), max_size=6))
def test_any_text_is_read_and_what_was_read_is_written_and_read_again(texts: dict[str, str]) -> None:
    question = read_exploration(texts).exploration
    again = read_exploration(as_texts(question))
    assert again.exploration == question
    assert again.problems == ()
