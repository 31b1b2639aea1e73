"""The ECB's history and plain lists of rates, and what saving them would do."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from billing.domain.exchange_rates import ExchangeRate
from billing.domain.periods import Month
from billing.domain.rate_files import (
    Layout,
    RateChange,
    RateFileRowWrong,
    RateFileUnreadable,
    chosen_rates,
    plan_rates,
    read_rate_file,
)

# As eurofxref-hist.csv: newest day first, per euro, a comma at the end of each line, N/A where nothing was quoted.
ECB = """Date,USD,JPY,CYP,
2026-10-30,1.25,190,N/A,
2026-10-01,1.00,150,N/A,
2026-09-30,1.10,165,N/A,
"""
OCTOBER, SEPTEMBER = Month(2026, 10), Month(2026, 9)


def rate(month: Month, currency: str, units: str) -> ExchangeRate:
    return ExchangeRate(month=month, currency=currency, units_per_usd=Decimal(units))


def test_the_ecbs_days_become_the_average_of_their_cross_rates_to_the_dollar() -> None:
    """BerriAI/litellm#8513: reports in the currency of the house, with the rate, its source and its month shown."""
    file = read_rate_file(ECB)
    assert file.layout is Layout.ECB
    assert file.rates == (
        rate(SEPTEMBER, "EUR", "0.90909091"),
        rate(SEPTEMBER, "JPY", "150"),
        rate(OCTOBER, "EUR", "0.9"),
        rate(OCTOBER, "JPY", "151"),
    )
    assert chosen_rates(file, currencies={"JPY"}, months={OCTOBER}) == (rate(OCTOBER, "JPY", "151"),)


def test_a_plain_list_is_taken_as_it_is() -> None:
    file = read_rate_file("\ufeffMonth, Currency, Rate\n2026-10,jpy,152.57\n\n2026-09,EUR,0.92\n")
    assert file.layout is Layout.PLAIN
    assert file.rates == (rate(SEPTEMBER, "EUR", "0.92"), rate(OCTOBER, "JPY", "152.57"))
    assert chosen_rates(file, currencies=(), months=()) == file.rates


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "Date,JPY\n2026-10-01,150\n"])
def test_another_layout_is_refused(text: str) -> None:
    with pytest.raises(RateFileUnreadable):
        read_rate_file(text)


@pytest.mark.parametrize(
    "row", ["2026-13,JPY,1", "2026-10,JPY,x", "2026-10,JPY,-1", "2026-10,YEN!,1", "2026-10,JPY", "2026-10,JPY,NaN"]
)
def test_a_row_that_is_wrong_is_named(row: str) -> None:
    with pytest.raises(RateFileRowWrong) as caught:
        read_rate_file(f"month,currency,rate\n2026-10,EUR,0.9\n{row}\n")
    assert caught.value.parameters == {"line": 3}
    with pytest.raises(RateFileRowWrong):
        read_rate_file("Date,USD\nsoon,1\n")


def test_saving_says_what_is_new_changed_the_same_or_closed() -> None:
    entered = [rate(OCTOBER, "JPY", "150"), rate(OCTOBER, "EUR", "0.9")]
    rates = [
        rate(SEPTEMBER, "JPY", "1"),
        rate(OCTOBER, "JPY", "151"),
        rate(OCTOBER, "EUR", "0.9"),
        rate(OCTOBER, "CHF", "1"),
    ]
    changes = [planned.change for planned in plan_rates(rates, entered, closed_until=date(2026, 10, 1))]
    assert changes == [RateChange.CLOSED, RateChange.CHANGED, RateChange.SAME, RateChange.NEW]
