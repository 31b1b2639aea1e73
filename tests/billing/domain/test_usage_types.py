"""The unit of a line is proved by its cost and quantity, whatever its spelling promises."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.reading_notes import NOTE_SENTENCES
from billing.domain.usage_types import (
    BillRemark,
    UnitProof,
    UsageTypeState,
    listed_classes,
    prove_unit,
    state_of,
)

MILLION = Decimal(1_000_000)
rates = st.decimals(min_value="0.001", max_value=100, places=4)


def prove(cost: str, quantity: str, *list_rates: str, told: str = "") -> tuple[int | None, UnitProof]:
    found = prove_unit(
        cost=Decimal(cost),
        quantity=Decimal(quantity),
        unit_told=told,
        list_rates=[Decimal(rate) for rate in list_rates],
    )
    return found.tokens_per_unit, found.proof


@pytest.mark.parametrize(
    ("cost", "quantity", "list_rates", "told", "found"),
    [
        ("3.30", "1", ["3.3"], "Units", (1_000_000, UnitProof.PROVED)),
        ("0.0033", "1", ["3.3"], "N/A", (1_000, UnitProof.PROVED)),
        # The list decides against what the bill calls its unit.
        ("3.30", "1", ["3.3"], "1K tokens", (1_000_000, UnitProof.PROVED)),
        # A private discount of half, and a price half as high again, are believed; more is not.
        ("1.65", "1", ["3.3"], "", (1_000_000, UnitProof.PROVED)),
        ("4.95", "1", ["3.3"], "", (1_000_000, UnitProof.PROVED)),
        ("1.64", "1", ["3.3"], "", (None, UnitProof.CONTRADICTED)),
        ("4.96", "1", ["3.3"], "", (None, UnitProof.CONTRADICTED)),
        # Any tier's rate will do: flex is half of standard.
        ("1.65", "2", ["3.3", "1.65"], "", (1_000_000, UnitProof.PROVED)),
        # Nothing to compare with: only the bill's own word counts.
        ("3.30", "1", [], "1M tokens", (1_000_000, UnitProof.TOLD)),
        ("3.30", "1", ["0"], "1K tokens", (1_000, UnitProof.TOLD)),
        ("3.30", "1", [], "Units", (None, UnitProof.UNPROVED)),
        ("0", "1", ["3.3"], "", (None, UnitProof.UNPROVED)),
        ("3.30", "0", ["3.3"], "", (None, UnitProof.UNPROVED)),
        # Rates a thousand times apart prove nothing.
        ("3.30", "1", ["3.3", "3300"], "", (None, UnitProof.UNPROVED)),
    ],
)
def test_the_unit_is_what_the_list_rate_fits(
    cost: str, quantity: str, list_rates: list[str], told: str, found: tuple[int | None, UnitProof]
) -> None:
    assert prove(cost, quantity, *list_rates, told=told) == found


@given(rate=rates, paid=rates, quantity=st.integers(1, 10**9), unit=st.sampled_from([1_000, 1_000_000]))
def test_an_error_of_a_thousand_times_is_impossible(rate: Decimal, paid: Decimal, quantity: int, unit: int) -> None:
    """Whatever is on the bill, no unit is accepted whose rate is not near the list (grafana/cloudcost-exporter#933)."""
    found = prove_unit(
        cost=paid * unit * quantity / MILLION, quantity=Decimal(quantity), unit_told="", list_rates=[rate]
    )

    if found.tokens_per_unit is None:
        assert found.proof is UnitProof.CONTRADICTED
    else:
        learnt = paid * unit / found.tokens_per_unit
        assert rate / 2 <= learnt <= rate * Decimal("1.5")


@given(rate=rates, share=st.decimals("0.5", "1.5", places=3), unit=st.sampled_from([1_000, 1_000_000]))
def test_what_is_within_half_of_the_list_is_always_proved(rate: Decimal, share: Decimal, unit: int) -> None:
    found = prove_unit(cost=rate * share * unit / MILLION, quantity=Decimal(1), unit_told="", list_rates=[rate])

    assert (found.tokens_per_unit, found.proof) == (unit, UnitProof.PROVED)


def test_what_a_reading_of_the_bill_notes_has_words() -> None:
    assert set(BillRemark) <= set(NOTE_SENTENCES)


@pytest.mark.parametrize(
    ("is_recognized", "unit_proof", "state"),
    [
        (False, UnitProof.PROVED, UsageTypeState.UNRECOGNIZED),
        (True, UnitProof.CONTRADICTED, UsageTypeState.CONTRADICTED),
        (True, UnitProof.UNPROVED, UsageTypeState.UNPROVED),
        (True, UnitProof.TOLD, UsageTypeState.READ),
        (True, "", UsageTypeState.READ),
    ],
)
def test_the_state_of_a_line_is_what_needs_somebody_first(
    is_recognized: bool,
    unit_proof: str,
    state: UsageTypeState,
) -> None:
    assert state_of(is_recognized=is_recognized, unit_proof=unit_proof) is state


def test_a_cache_write_is_compared_with_every_lifetime() -> None:
    assert listed_classes("cache_write_30m") == {"cache_write", "cache_write_5m", "cache_write_1h"}
    assert listed_classes("input") == {"input"}
    assert listed_classes("input_speech") == frozenset()
