"""What usage types are told to people as, and whether cost and quantity prove how many tokens a unit of them is."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from billing.domain.dimensions import BilledTokenClass, Routing, TokenClass
from billing.domain.money import EXACT
from billing.domain.parsing.usage_types import TOKENS_PER_UNIT, UsageType

UNRECOGNIZED = "unrecognised"
MILLION = Decimal(1_000_000)
# A line counts thousands or millions of tokens; no other unit of tokens has been seen on a bill.
READINGS = tuple(TOKENS_PER_UNIT.values())
# How far a rate may lie from the list: no private discount or surcharge is larger, and the readings are 1,000 apart.
BELIEVED = Decimal("0.5")
# A list tells cache writes by lifetime or not at all; any of them is near enough to tell thousands from millions.
CACHE_WRITES = frozenset({TokenClass.CACHE_WRITE, TokenClass.CACHE_WRITE_5M, TokenClass.CACHE_WRITE_1H})
ROUTING_WORD = {Routing.IN_REGION: "regional", Routing.GEO: "geo", Routing.GLOBAL: "global"}
EXPLAINED = (
    "usage_type",
    "region_prefix",
    "aws_region",
    "model",
    "token_class",
    "tier",
    "routing",
    "context_band",
    "unit",
    "family",
)


class UnitProof(StrEnum):
    """How it is known how many tokens a unit of a line is."""

    PROVED = "PROVED"  # cost divided by quantity is near the list rate in exactly one reading
    TOLD = "TOLD"  # no list rate to compare with, but the bill itself names the unit
    CONTRADICTED = "CONTRADICTED"  # near the list rate in neither reading: a person must look
    UNPROVED = "UNPROVED"  # nothing to compare with


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvedUnit:
    """How many tokens a unit is, None unless that is certain, and what says so."""

    tokens_per_unit: int | None
    proof: UnitProof


def prove_unit(*, cost: Decimal, quantity: Decimal, unit_told: str, list_rates: Collection[Decimal]) -> ProvedUnit:
    """Find out whether a line counts thousands or millions of tokens.

    `list_rates` are the published rates per million of the line's model and class, whatever their tier, routing and
    region: these differ by a few times at most, the two readings by a thousand. What the spelling of the usage type
    promises is no argument, so that a wrong promise cannot make a rate a thousand times too high or too low.
    """
    rates = {rate for rate in list_rates if rate > 0}
    if not rates or cost <= 0 or quantity <= 0:
        told = TOKENS_PER_UNIT.get(unit_told)
        return ProvedUnit(tokens_per_unit=told, proof=UnitProof.TOLD if told else UnitProof.UNPROVED)
    fitting = [reading for reading in READINGS if _fits(cost, quantity, reading, rates)]
    if len(fitting) == 1:
        return ProvedUnit(tokens_per_unit=fitting[0], proof=UnitProof.PROVED)
    return ProvedUnit(tokens_per_unit=None, proof=UnitProof.UNPROVED if fitting else UnitProof.CONTRADICTED)


def listed_classes(token_class: str) -> frozenset[str]:
    """The classes of a price list that a billed class may be compared with."""
    if token_class in CACHE_WRITES or token_class == BilledTokenClass.CACHE_WRITE_30M:
        return CACHE_WRITES
    return frozenset({token_class} & {*TokenClass})


def explain(read: UsageType) -> dict[str, str]:
    """What a usage type was read as, in plain words for a table or another program."""
    is_missing = not read.model_id and not read.is_recognized
    values = (
        read.usage_type,
        read.region_prefix,
        read.aws_region,
        UNRECOGNIZED if is_missing else read.model_id,
        read.token_class or "",
        (read.tier or "").lower(),
        ROUTING_WORD[read.routing] if read.routing else "",
        (read.context_band or "").lower(),
        read.unit,
        read.family,
    )
    return dict(zip(EXPLAINED, values, strict=True))


def _fits(cost: Decimal, quantity: Decimal, reading: int, rates: Collection[Decimal]) -> bool:
    # cost * million / (quantity * reading), without dividing: exact, and never by zero.
    paid = EXACT.multiply(cost, MILLION)
    tokens = EXACT.multiply(quantity, Decimal(reading))
    return any(
        abs(EXACT.subtract(paid, EXACT.multiply(rate, tokens)))
        <= EXACT.multiply(EXACT.multiply(rate, BELIEVED), tokens)
        for rate in rates
    )


class BillRemark(StrEnum):
    """What a reading of the bill notes for the operator; nothing of the cost is lost by it."""

    USAGE_TYPE_UNRECOGNIZED = "USAGE_TYPE_UNRECOGNIZED"
    UNIT_CONTRADICTED = "UNIT_CONTRADICTED"


class UsageTypeState(StrEnum):
    """How well a usage type was read, what needs somebody first."""

    UNRECOGNIZED = "UNRECOGNIZED"
    CONTRADICTED = "CONTRADICTED"
    UNPROVED = "UNPROVED"
    READ = "READ"


def state_of(*, is_recognized: bool, unit_proof: str) -> UsageTypeState:
    """Say how well a line was read; one that does not count tokens needs no proof of its unit."""
    if not is_recognized:
        return UsageTypeState.UNRECOGNIZED
    if unit_proof == UnitProof.CONTRADICTED:
        return UsageTypeState.CONTRADICTED
    return UsageTypeState.UNPROVED if unit_proof == UnitProof.UNPROVED else UsageTypeState.READ
