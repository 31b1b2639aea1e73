"""Reads the files of one import: what format, which lines are AI and what they are, what is left out, what is wrong."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Self, TypeVar

from billing.adapters.cost_files import CostFiles, Place, Surveyed, Tick
from billing.domain.catalog import ModelCatalog
from billing.domain.dimensions import Provider
from billing.domain.imports import (
    RAW_LENGTH,
    SHOWN,
    BilledPeriod,
    CostFormat,
    ImportNote,
    complete_until,
    is_final,
    merged_periods,
)
from billing.domain.money import EXACT, plain
from billing.domain.parsing.bill_lines import BilledKey, read_bill_line
from billing.domain.parsing.cost_files import digest_of, read_tags, reader_of, recognize
from billing.domain.parsing.lines import READING, Evidence, OfferingReading
from billing.domain.usage_types import UnitProof
from billing.operations.imported_periods import Note, ToldPeriod
from billing.sql import Row

LEFT_OUT_SHOWN = 20
ZERO = Decimal(0)

Key = TypeVar("Key")


@dataclass(slots=True)
class CostReading:
    """What was found in the files, before anything of it is stored."""

    format: CostFormat
    rows: int = 0
    rows_kept: int = 0
    rows_rejected: int = 0
    rejected: list[dict[str, str]] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    amounts: list[dict[str, str]] = field(default_factory=list)
    left_out: list[dict[str, str]] = field(default_factory=list)
    periods: tuple[BilledPeriod, ...] = ()


class NothingToRead(Exception):
    """Not one row of the files could be read."""


class CostReader:
    """One import's files while they are read: looked through once, then added up by what is stored of them."""

    def __init__(self, paths: Sequence[Path], folder: Path, catalog: ModelCatalog, tick: Tick) -> None:
        self._files = CostFiles(paths, folder=folder, tick=tick)
        self._catalog = catalog
        self._kept: list[tuple[Surveyed, OfferingReading]] = []
        self._lines: tuple[Surveyed, ...] = ()
        self._ai: set[int] = set()

    def __enter__(self) -> Self:
        self._files.__enter__()
        return self

    def __exit__(self, *why: object) -> None:
        self._files.__exit__(*why)

    def look_through(self) -> CostReading:
        """Find out what the files hold. Raises UnknownCostFormat, ColumnsMissing, NothingToRead and the adapter's errors."""
        layout = recognize(self._files.columns())
        self._lines, faults = self._files.survey(layout)
        if not self._lines:
            raise NothingToRead
        self._read_offerings(layout.format)
        rejected = sum(faults.values()) + self._files.rejected_lines
        wrong = self._files.faulty_rows(SHOWN) if rejected else ()
        periods = {BilledPeriod(line.period_start, line.period_end) for line in self._lines}
        return CostReading(
            format=layout.format,
            rows=sum(line.rows for line in self._lines) + rejected,
            rows_kept=sum(line.rows for line in self._lines if line.key in self._ai),
            rows_rejected=rejected,
            rejected=[{"reason": row.reason, "raw": row.raw[:RAW_LENGTH]} for row in wrong],
            notes=self._notes(),
            amounts=_amounts(self._lines, self._ai),
            left_out=_left_out([line for line in self._lines if line.key not in self._ai]),
            periods=merged_periods(periods),
        )

    def keys(self) -> tuple[dict[int, BilledKey], dict[BilledKey, dict[str, Any]], dict[str, dict[str, str]]]:
        """Add the kept lines up; returns each place's line of the bill, what lines are read as, and tags by digest."""
        number = {line.key: position for position, (line, _) in enumerate(self._kept)}
        keys: dict[int, BilledKey] = {}
        read_as: dict[BilledKey, dict[str, Any]] = {}
        tags_of: dict[str, dict[str, str]] = {}
        digests: dict[tuple[str, str], str] = {}
        for place in self._files.group(number):
            line, reading = self._kept[place.line]
            told = (place.tags, place.more_tags)
            if told not in digests:
                tags = read_tags(*told)
                digests[told] = digest_of(tags)
                tags_of[digests[told]] = tags
            key = _key(place, line, reading, digests[told])
            keys[place.number] = key
            if key not in read_as:
                read_as[key] = self._read_as(key, line, reading)
        return keys, read_as, tags_of

    def tell(self, period: BilledPeriod, now: datetime) -> ToldPeriod:
        """Return what the files tell of a period besides its lines."""
        lines = [line for line in self._lines if period.start <= line.period_start < period.end]
        last_day = max((period.day_within(line.last_day) for line in lines), default=period.start)
        return ToldPeriod(
            period=period,
            complete_until=complete_until(period, last_day=last_day, now=now),
            amounts=_amounts(lines, self._ai),
            invoices=_invoices(lines, self._ai),
        )

    def rows(self, series_of: Mapping[int, int], period: BilledPeriod, now: datetime) -> Iterator[Row]:
        """Yield the facts of a period as the table has them."""
        has_invoice = any(line.invoice for line in self._lines if period.start <= line.period_start < period.end)
        is_estimated = not is_final(period, has_invoice=has_invoice, now=now)
        for day, series_id, billed, net, amortized, quantity in self._files.facts(
            series_of, start=period.start, end=period.end
        ):
            yield day, series_id, billed, net, amortized, quantity, is_estimated

    def _read_offerings(self, cost_format: CostFormat) -> None:
        """Read each offering once, whatever number of invoices it is on."""
        read = reader_of(cost_format)
        evidence: dict[int, Evidence] = defaultdict(lambda: Evidence(ZERO, ZERO))
        first: dict[int, Surveyed] = {}
        for line in self._lines:
            before = evidence[line.key]
            evidence[line.key] = Evidence(
                EXACT.add(before.list_cost, line.list_cost), EXACT.add(before.quantity, line.quantity)
            )
            first.setdefault(line.key, line)
        for key, line in first.items():
            reading = read(line.offering, evidence[key], self._catalog)
            if reading.is_ai:
                self._ai.add(key)
                proved = line._replace(list_cost=evidence[key].list_cost, quantity=evidence[key].quantity)
                self._kept.append((proved, reading))

    def _read_as(self, key: BilledKey, line: Surveyed, reading: OfferingReading) -> dict[str, Any]:
        """What a line's columns say otherwise than its usage type alone."""
        if reading.provider is Provider.AWS_BEDROCK:
            usage_type = read_bill_line(key, self._catalog)
            more = {"tier": reading.tier}
            if reading.model_id and not usage_type.model_id:
                more |= {"model_id": reading.model_id, "publisher": reading.publisher}
            return more
        proof = UnitProof.PROVED if Evidence(line.list_cost, line.quantity).list_price else UnitProof.TOLD
        unproven = UnitProof.UNPROVED if reading.counts_tokens else ""
        return {
            "aws_region": key.region_told,
            "model_id": reading.model_id,
            "publisher": reading.publisher,
            "token_class": reading.token_class,
            "tier": reading.tier,
            "routing_class": reading.routing_class,
            "context_band": reading.context_band,
            "heading": reading.heading,
            "tokens_per_unit": reading.tokens_per_unit,
            "unit_proof": proof if reading.tokens_per_unit else unproven,
            "reading": READING,
        }

    def _notes(self) -> list[Note]:
        moved = sum(line.moved for line in self._lines if line.key in self._ai)
        kinds = sorted({line.offering.charge_category for line, read in self._kept if not read.is_category_known})
        unproven = sorted(
            {
                line.offering.meter
                for line, read in self._kept
                if read.counts_tokens and not read.tokens_per_unit and read.provider is not Provider.AWS_BEDROCK
            }
        )
        notes: list[Note] = []
        if moved:
            notes.append({"code": ImportNote.MOVED_INTO_PERIOD, "rows": moved})
        if kinds:
            notes.append({"code": ImportNote.CATEGORY_UNKNOWN, "names": kinds[:LEFT_OUT_SHOWN]})
        if unproven:
            notes.append({"code": ImportNote.UNIT_UNPROVEN, "names": unproven[:LEFT_OUT_SHOWN], "count": len(unproven)})
        return notes


def _key(place: Place, line: Surveyed, reading: OfferingReading, digest: str) -> BilledKey:
    return BilledKey(
        aws_account_id=place.account,
        service=line.offering.service,
        usage_type=line.offering.meter,
        unit=line.offering.unit,
        currency=line.offering.currency,
        charge_category=reading.charge_category,
        provider=reading.provider,
        region_told=place.region,
        resource_id=place.resource,
        principal_arn=place.principal,
        tags_digest=digest,
    )


def _amounts(lines: Sequence[Surveyed], ai: set[int]) -> list[dict[str, str]]:
    whole: dict[str, Decimal] = defaultdict(Decimal)
    kept: dict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        _add(whole, line.offering.currency, line.billed)
        _add(kept, line.offering.currency, line.billed if line.key in ai else ZERO)
    return [
        {
            "currency": currency,
            "billed": plain(whole[currency]),
            "billed_ai": plain(kept[currency]),
            "left_out": plain(EXACT.subtract(whole[currency], kept[currency])),
        }
        for currency in sorted(whole)
    ]


def _left_out(lines: Sequence[Surveyed]) -> list[dict[str, str]]:
    """What was no AI, by provider and service, largest first: so that nothing vanishes without a word."""
    sums: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    rows: dict[tuple[str, str, str], int] = defaultdict(int)
    for line in lines:
        key = (line.offering.provider, line.offering.service, line.offering.currency)
        _add(sums, key, line.billed)
        rows[key] += line.rows
    largest = sorted(sums, key=lambda key: (-abs(sums[key]), key))[:LEFT_OUT_SHOWN]
    return [
        {
            "provider": provider,
            "service": service,
            "currency": currency,
            "billed": plain(sums[provider, service, currency]),
            "rows": str(rows[provider, service, currency]),
        }
        for provider, service, currency in largest
    ]


def _invoices(lines: Sequence[Surveyed], ai: set[int]) -> list[dict[str, str]]:
    whole: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    kept: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for line in lines:
        key = (line.invoice, line.issuer, line.offering.currency)
        _add(whole, key, line.billed)
        _add(kept, key, line.billed if line.key in ai else ZERO)
    return [
        {
            "invoice_id": invoice,
            "issuer": issuer,
            "currency": currency,
            "billed": plain(whole[invoice, issuer, currency]),
            "billed_ai": plain(kept[invoice, issuer, currency]),
        }
        for invoice, issuer, currency in sorted(whole)
        if invoice
    ]


def _add(sums: dict[Key, Decimal], key: Key, amount: Decimal) -> None:
    """Add up without losing a digit, however many there are."""
    sums[key] = EXACT.add(sums[key], amount)
