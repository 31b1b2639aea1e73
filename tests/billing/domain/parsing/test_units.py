"""How many tokens a unit has: a mistake of a thousand must be impossible, and what is not certain is not counted."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.parsing.units import proven_tokens_per_unit, told_tokens_per_unit


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        (("GPT 5 Nano Inpt Dzone 1M Tokens", "Units"), 1_000_000),
        (("gpt-4o-Inp-glbl Tokens", "1K Tokens"), 1_000),
        (("gpt-4o-Inp-glbl", "1,000 Tokens"), 1_000),
        (("gpt-4o-Inp-glbl", "1 Million"), 1_000_000),
        (("gpt-4o-Inp-glbl", "1,000,000"), 1_000_000),
        (("Gemini 2.5 Flash", "Tokens"), 1),
        (("gpt-35-turbo-16k-Inp Tokens", "Units"), None),
        (("Llama 405B Inp", "requests"), None),
    ],
)
def test_a_name_tells_its_unit_or_does_not(texts: tuple[str, ...], told: int | None) -> None:
    assert told_tokens_per_unit(*texts) == told


AZURE, GOOGLE = (1_000, 1_000_000), (1, 1_000, 1_000_000)


@pytest.mark.parametrize(
    ("told", "possible", "price", "proven"),
    [
        (None, AZURE, "0.0025 USD", 1_000),  # $2.50 a million
        (None, AZURE, "2.5 USD", 1_000_000),  # $2,500 a million cannot be
        (None, AZURE, "0.6 USD", None),  # $600 a million is conceivable, and so is $0.60
        (None, AZURE, "", None),  # nothing is told and nothing proves it
        (1_000_000, AZURE, "", 1_000_000),
        (1_000_000, AZURE, "600 USD", 1_000_000),
        (1_000, AZURE, "2.5 USD", None),  # told a thousand, but that would be $2,500 a million
        (1_000, AZURE, "0.0000025 USD", None),  # told a thousand, but tokens were counted one by one
        (None, GOOGLE, "0.0000003 USD", 1),
        (None, AZURE, "0.375 JPY", 1_000),
        (None, AZURE, "0.0025 XAU", None),  # a currency without a known magnitude proves nothing
        (1_000, AZURE, "0.0025 XAU", 1_000),
    ],
)
def test_a_unit_holds_when_name_and_list_price_agree(
    told: int | None, possible: tuple[int, ...], price: str, proven: int | None
) -> None:
    amount, _, currency = price.partition(" ")
    found = proven_tokens_per_unit(
        told=told,
        possible=possible,
        list_price=Decimal(amount) if amount else None,
        currency=currency,
        token_class="output",
    )
    assert found == proven


def test_cached_tokens_are_held_against_prices_of_cached_tokens() -> None:
    proof = {"told": None, "possible": AZURE, "list_price": Decimal("0.000005"), "currency": "USD"}
    assert proven_tokens_per_unit(**proof, token_class="cache_read") == 1_000  # type: ignore[arg-type]
    assert proven_tokens_per_unit(**proof, token_class="input") is None  # type: ignore[arg-type]


@given(
    rate=st.decimals(min_value="0.02", max_value="700", places=4),
    truth=st.sampled_from(GOOGLE),
    said=st.booleans(),
)
def test_a_mistake_of_a_thousand_is_impossible(rate: Decimal, truth: int, said: bool) -> None:
    """grafana/cloudcost-exporter#933: newer models are priced by the million where others are by the thousand."""
    found = proven_tokens_per_unit(
        told=truth if said else None,
        possible=GOOGLE,
        list_price=rate * truth / 1_000_000,
        currency="USD",
        token_class="input",
    )
    assert found in {truth, None}
    assert found == truth or not said
