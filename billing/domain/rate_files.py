"""Files of exchange rates: the European Central Bank's history, and a plain list of months; what saving one would do."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import ClassVar

from accounts.domain.errors import Invalid
from accounts.domain.text import gettext_noop
from billing.domain.exchange_rates import USD, ExchangeRate
from billing.domain.periods import Month

EUR = "EUR"
PLACES = Decimal("0.00000001")
MAX_BYTES = 8 * 1024 * 1024
PLAIN_HEADER = ("month", "currency", "rate")
NOT_QUOTED = ("", "N/A", "-")
MAX_RATE = Decimal(10) ** 10
CURRENCY_LENGTH = 3


class RateFileUnreadable(Invalid):
    """The file has neither of the two layouts."""

    code: ClassVar[str] = "rate_file_unreadable"
    message: ClassVar[str] = gettext_noop(
        "The file has to begin with Date and currencies, as the ECB's eurofxref-hist.csv, or with month, currency, rate."
    )


class RateFileRowWrong(Invalid):
    """One row of the file is wrong, and so nothing of it is taken."""

    code: ClassVar[str] = "rate_file_row_wrong"
    message: ClassVar[str] = gettext_noop("Line %(line)d cannot be read: it should look like 2026-10,JPY,152.57.")


class Layout(StrEnum):
    """ECB: one row a day, currencies in columns, per euro. PLAIN: one row a month and currency, per US dollar."""

    ECB = "ECB"
    PLAIN = "PLAIN"


class RateChange(StrEnum):
    """What saving would do to a rate; CLOSED: nothing, because its month is closed."""

    NEW = "NEW"
    CHANGED = "CHANGED"
    SAME = "SAME"
    CLOSED = "CLOSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class RateFile:
    """The rates of a file, oldest month first."""

    layout: Layout
    rates: tuple[ExchangeRate, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRate:
    """A rate of a file beside what is entered."""

    rate: ExchangeRate
    before: Decimal | None
    change: RateChange


def read_rate_file(text: str) -> RateFile:
    """Read a file of either layout. Raises RateFileUnreadable and RateFileRowWrong.

    The rate of a month is the average of its days' cross rates to the US dollar, as far as they are in the file.
    """
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    header = [cell.strip() for cell in rows[0]] if rows else []
    if tuple(cell.lower() for cell in header[:3]) == PLAIN_HEADER:
        return RateFile(layout=Layout.PLAIN, rates=_sorted(_plain(rows)))
    if header[:1] == ["Date"] and USD in header:
        return RateFile(layout=Layout.ECB, rates=_sorted(_ecb(header, rows)))
    raise RateFileUnreadable(field="file")


def chosen_rates(file: RateFile, *, currencies: Collection[str], months: Collection[Month]) -> tuple[ExchangeRate, ...]:
    """Of the ECB's decades only the months and currencies in use; of a plain list everything."""
    if file.layout is Layout.PLAIN:
        return file.rates
    return tuple(rate for rate in file.rates if rate.currency in currencies and rate.month in months)


def plan_rates(
    rates: Iterable[ExchangeRate], entered: Iterable[ExchangeRate], *, closed_until: date | None
) -> tuple[PlannedRate, ...]:
    """Say of each rate what saving it would do."""
    known = {(rate.month, rate.currency): rate.units_per_usd for rate in entered}
    planned = []
    for rate in rates:
        before = known.get((rate.month, rate.currency))
        planned.append(PlannedRate(rate=rate, before=before, change=_change(rate, before, closed_until)))
    return tuple(planned)


def _change(rate: ExchangeRate, before: Decimal | None, closed_until: date | None) -> RateChange:
    if before == rate.units_per_usd:
        return RateChange.SAME
    if closed_until is not None and rate.month.start < closed_until:
        return RateChange.CLOSED
    return RateChange.NEW if before is None else RateChange.CHANGED


def _plain(rows: Sequence[Sequence[str]]) -> Iterator[ExchangeRate]:
    for line, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        try:
            month, currency, rate = (cell.strip() for cell in row[:3])
            yield _rate(month, currency, Decimal(rate))
        except (ValueError, InvalidOperation) as error:
            raise RateFileRowWrong(field="file", line=line) from error


def _rate(month: str, currency: str, units: Decimal) -> ExchangeRate:
    if not 0 < units < MAX_RATE or len(currency) != CURRENCY_LENGTH or not currency.isalpha():
        raise ValueError(currency)
    return ExchangeRate(month=Month.parse(month), currency=currency.upper(), units_per_usd=_rounded(units))


def _ecb(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[ExchangeRate]:
    days: dict[tuple[Month, str], list[Decimal]] = defaultdict(list)
    for line, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        try:
            month = Month.of(date.fromisoformat(row[0].strip()))
            quoted = {
                name: Decimal(cell.strip())
                for name, cell in zip(header[1:], row[1:], strict=False)
                if name and cell.strip() not in NOT_QUOTED
            }
        except (ValueError, InvalidOperation) as error:
            raise RateFileRowWrong(field="file", line=line) from error
        dollars = quoted.pop(USD, None)
        if dollars:
            for currency, per_euro in (*quoted.items(), (EUR, Decimal(1))):
                days[month, currency].append(per_euro / dollars)
    for (month, currency), found in days.items():
        average = _rounded(sum(found, Decimal(0)) / len(found))
        if average > 0:
            yield ExchangeRate(month=month, currency=currency, units_per_usd=average)


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(PLACES).normalize()


def _sorted(rates: Iterable[ExchangeRate]) -> tuple[ExchangeRate, ...]:
    return tuple(sorted(rates, key=lambda rate: (rate.month, rate.currency)))
