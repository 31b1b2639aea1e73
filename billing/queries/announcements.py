"""Announced price cuts, each held against the bill, with the lines and days that stand behind the figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from accounts.domain.pages import Page
from billing.domain.announcements import (
    AnnouncementEntry,
    AnnouncementNotFound,
    AnnouncementOrigin,
    AnnouncementValue,
    Line,
    NotReceived,
    Scope,
)
from billing.domain.dimensions import Provider
from billing.domain.exchange_rates import USD
from billing.domain.money import ZERO, add_up
from billing.domain.periods import DAY, DateRange
from billing.domain.price_cuts import LineOutcome, LineUse, Outcome, Volume, Windows, hold_against, windows_of
from billing.models import Announcement, BilledSeries, FoundationModel
from billing.queries.price_events import BillLine, read_bill_lines
from billing.sql import execute

# A line that was not used in the stretch before has the rate it last had, up to so long ago.
LONGEST_MEMORY = timedelta(days=400)
COLUMNS = len(Line._fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledBounds:
    """The first UTC day of a provider's bill, and the first that is not on it yet; None without a bill."""

    first_day: date | None
    until: date | None
    is_estimated: bool

    @property
    def last_day(self) -> date | None:
        return self.until - DAY if self.until else None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredCut:
    """An announced cut held against the bill of one currency; `currencies_left_out` have lines that are not in it."""

    entry: AnnouncementEntry
    outcome: Outcome
    windows: Windows
    billed: BilledBounds
    currency: str
    currencies_left_out: tuple[str, ...]

    @property
    def days_since(self) -> int:
        return len(self.windows.since)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRow:
    """A line of the bill on one day since the cut, beside the rate before and what the cut came to on that day."""

    bill: BillLine
    reason: NotReceived | None
    is_eligible: bool
    rate_before: Decimal | None
    received: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownScope:
    """What an announcement can be about: the catalog's names and those of the bill."""

    model_ids: tuple[str, ...]
    publishers: tuple[str, ...]
    aws_regions: tuple[str, ...]
    billed_model_ids: tuple[str, ...]


def list_announcements(*, after: str | None = None, limit: int = 100) -> Page[AnnouncementValue]:
    """Return a page of announcements, the latest registered first, withdrawn ones included."""
    rows = Announcement.objects.order_by("-id")
    if after:
        rows = rows.filter(id__lt=int(after))
    found = list(rows[: limit + 1])
    following = str(found[limit - 1].pk) if len(found) > limit else None
    return Page(rows=tuple(map(announcement_value, found[:limit])), next=following)


def list_all_announcements() -> tuple[AnnouncementValue, ...]:
    """Return every announcement, that of the latest first day first: people announce few."""
    return tuple(map(announcement_value, Announcement.objects.order_by("-first_day", "-id")))


def get_announcement(announcement_id: int) -> AnnouncementValue:
    """Return one announcement. Raises AnnouncementNotFound."""
    row = Announcement.objects.filter(id=announcement_id).first()
    if row is None:
        raise AnnouncementNotFound
    return announcement_value(row)


def measure(entry: AnnouncementEntry) -> MeasuredCut:
    """Hold an announced cut, registered or about to be, against the bill as it is now."""
    billed = find_billed_bounds(entry.scope.provider)
    windows = windows_of(
        entry.first_day,
        ends=entry.ends,
        first_billed=billed.first_day or entry.first_day,
        billed_until=billed.until or entry.first_day,
    )
    uses = _read_uses(entry.scope.provider, windows) if billed.until else {}
    # Amounts of two currencies never add: the one that most is billed in is measured, and the others are named.
    currency = max(uses, key=lambda code: (_spend(uses[code]), code), default=USD)
    return MeasuredCut(
        entry=entry,
        outcome=hold_against(entry.scope, entry.percent, uses.get(currency, ()), windows),
        windows=windows,
        billed=billed,
        currency=currency,
        currencies_left_out=tuple(sorted(uses.keys() - {currency})),
    )


def list_announcement_evidence(
    cut: MeasuredCut, *, days: DateRange | None = None, after: str | None = None, limit: int | None = None
) -> Page[EvidenceRow]:
    """Return the bill's lines by day since the cut, newest first, each with what the cut came to."""
    lines = {one.line: one for one in cut.outcome.lines}
    page = read_bill_lines(
        provider=cut.entry.scope.provider,
        currency=cut.currency,
        days=days or cut.windows.since,
        after=after,
        limit=limit,
    )
    return Page(rows=tuple(_evidence(row, lines.get(row.line)) for row in page.rows), next=page.next)


def find_billed_bounds(provider: Provider) -> BilledBounds:
    """Return from when until when a provider's bill is stored."""
    ((first, last, is_estimated),) = execute("billed_bounds", provider=provider.value)
    return BilledBounds(first_day=first, until=last + DAY if last else None, is_estimated=is_estimated)


def list_known_scope() -> KnownScope:
    """Return the models, publishers and regions that an announcement can name."""
    listed = list(FoundationModel.objects.values_list("model_id", "publisher"))
    billed = list(BilledSeries.objects.values_list("model_id", "publisher", "aws_region").distinct())
    return KnownScope(
        model_ids=_told({model for model, _ in listed} | {model for model, _, _ in billed}),
        publishers=_told({publisher for _, publisher in listed} | {publisher for _, publisher, _ in billed}),
        aws_regions=_told({region for _, _, region in billed}),
        billed_model_ids=_told({model for model, _, _ in billed}),
    )


def announcement_value(row: Announcement) -> AnnouncementValue:
    """Return what a row is to those who read it."""
    scope = Scope(
        provider=Provider(row.provider),
        publishers=tuple(row.publishers),
        model_ids=tuple(row.model_ids),
        routing_class=row.routing_class,
        tiers=tuple(row.tiers),
        aws_regions=tuple(row.aws_regions),
        token_classes=tuple(row.token_classes),
        context_band=row.context_band,
    )
    entry = AnnouncementEntry(
        title=row.title,
        scope=scope,
        percent=row.percent,
        first_day=row.first_day,
        ends=row.ends,
        source=row.source,
    )
    return AnnouncementValue(
        id=row.pk,
        origin=AnnouncementOrigin(row.origin),
        entry=entry,
        registered_by=row.registered_by,
        registered_at=row.registered_at,
        withdrawn_by=row.withdrawn_by,
        withdrawn_at=row.withdrawn_at,
    )


def _read_uses(provider: Provider, windows: Windows) -> dict[str, list[LineUse]]:
    rows = execute(
        "announced_lines",
        provider=provider.value,
        eve_first_day=min(windows.before.start, windows.since.start - LONGEST_MEMORY),
        before_start=windows.before.start,
        before_end=windows.before.end,
        since_start=windows.since.start,
        since_end=windows.since.end,
        after_start=windows.after.start,
        lately_start=windows.lately.start,
        lately_end=windows.lately.end,
    )
    uses: dict[str, list[LineUse]] = {}
    for row in rows:
        line, currency, figures = Line(*row[:COLUMNS]), row[COLUMNS], row[COLUMNS + 1 :]
        before, eve, since, after, lately = (Volume(*figures[at : at + 2]) for at in range(0, len(figures), 2))
        use = LineUse(line=line, before=before, eve=eve, since=since, after=after, lately=lately)
        uses.setdefault(currency, []).append(use)
    return uses


def _spend(uses: Sequence[LineUse]) -> Decimal:
    return add_up(use.before.cost + use.since.cost for use in uses)


def _evidence(row: BillLine, outcome: LineOutcome | None) -> EvidenceRow:
    if outcome is None:
        return EvidenceRow(bill=row, reason=None, is_eligible=False, rate_before=None, received=ZERO)
    rate = outcome.rate_before
    received = ZERO
    if outcome.is_eligible and rate is not None:
        received = row.cost_at(rate) - row.cost
    return EvidenceRow(
        bill=row,
        reason=outcome.reason,
        is_eligible=outcome.is_eligible,
        rate_before=rate,
        received=received,
    )


def _told(values: set[str]) -> tuple[str, ...]:
    return tuple(sorted(values - {""}, key=str.casefold))
