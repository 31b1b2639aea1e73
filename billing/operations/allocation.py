"""Writes who pays for each series: what is told of it is remembered, and rules and evidence make its assignments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime

from django.db import connection

from accounts.tenancy.context import current_organization_id
from billing.domain.allocation import WRITTEN_BY_US, Claim, Origin, SeriesFacts, Stretch, allocate
from billing.domain.dimensions import Basis
from billing.models import SeriesAssignment, SeriesEvidence
from billing.queries.allocation import (
    COLUMN_OF,
    AllocationGround,
    Series,
    evidence_of,
    get_ground,
    list_assignments,
    list_evidence,
    list_series,
    stretches_of,
)

# A row of an assignment, for comparing what is with what should be.
Row = tuple[date | None, date | None, int, str, int | None]


def assign_series(*, now: datetime) -> int:
    """Write who pays for every series, by the rules and by what tags and claims say now; returns how many series change.

    A series is paid for from its first hour. When its tag or a claim changes later, the past stays where it was and the
    new payer begins with the UTC day of `now`. What a person assigned is left alone. Doing it twice changes nothing.
    """
    lock_allocation()
    ground = get_ground()
    return sum(allocate_series(ground, basis, list_series(basis), now=now) for basis in Basis)


def lock_allocation() -> None:
    """Wait until nobody else of the organization allocates: two that read different rules would undo one another."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtext('allocation'), hashtext(%s))", [str(current_organization_id())]
        )


def allocate_series(ground: AllocationGround, basis: Basis, series: Sequence[Series], *, now: datetime) -> int:
    """Write who pays for some series of one basis; returns how many of them change. Wants the lock to be held."""
    ids = [facts.id for facts, _ in series]
    evidence, assigned = list_evidence(basis, ids), list_assignments(basis, ids)
    column = COLUMN_OF[basis]
    new: list[SeriesEvidence] = []
    gone: list[int] = []
    made: list[SeriesAssignment] = []
    changed = 0
    for facts, tags in series:
        current = assigned.get(facts.id, [])
        claims = ground.claims(facts, tags)
        rows = evidence.get(facts.id) or _adopted(current, {column: facts.id}, tags)
        rows = [*_told(rows, {column: facts.id}, tags, claims[0] if claims else None, now.date())]
        new += [row for row in rows if row.pk is None]
        is_ours = [row for row in current if row.origin in WRITTEN_BY_US]
        fixed = stretches_of(row for row in current if row.origin not in WRITTEN_BY_US)
        wanted = dict.fromkeys(_wanted(facts, ground, rows, fixed))
        superseded = [row.pk for row in is_ours if _row(row) not in wanted]
        kept = {_row(row) for row in is_ours}
        added = [_assignment({column: facts.id}, row) for row in wanted if row not in kept]
        gone += superseded
        made += added
        changed += bool(superseded or added)
    SeriesEvidence.objects.bulk_create(new)
    if gone:
        SeriesAssignment.objects.filter(id__in=gone).delete()
    SeriesAssignment.objects.bulk_create(made)
    return changed


def _wanted(
    facts: SeriesFacts, ground: AllocationGround, rows: Sequence[SeriesEvidence], fixed: Sequence[Stretch]
) -> Iterator[Row]:
    for one in allocate(facts, ground.versions, evidence_of(rows), fixed):
        if one.cost_center_id is not None and one.origin is not None and one.origin is not Origin.HAND:
            yield one.start, one.end, one.cost_center_id, one.origin.value, one.rule_id


def _told(
    rows: Sequence[SeriesEvidence], series: Mapping[str, int], tags: Mapping[str, str], claim: Claim | None, today: date
) -> Iterator[SeriesEvidence]:
    """Return all that was told of a series up to now; of what changes, what is stored already is changed in place."""
    center, origin = (claim.cost_center_id, claim.origin.value) if claim else (None, "")
    if not rows:
        if tags or claim:
            yield SeriesEvidence(**series, tags=dict(tags), cost_center_id=center, origin=origin)
        return
    yield from rows[:-1]
    current = rows[-1]
    if (current.tags, current.cost_center_id) == (dict(tags), center):
        yield current
    elif _begins_anew(rows, tags, today):
        current.told_to = today
        _save(current)
        yield current
        yield SeriesEvidence(**series, tags=dict(tags), cost_center_id=center, origin=origin, told_from=today)
    else:
        # What began today is replaced, not ended: as if nothing had been.
        current.tags, current.cost_center_id, current.origin = dict(tags), center, origin
        _save(current)
        yield current


def _begins_anew(rows: Sequence[SeriesEvidence], tags: Mapping[str, str], today: date) -> bool:
    """Whether a change begins a new stretch: the past had another payer or other tags. Else it fills in what was open."""
    current = rows[-1]
    if current.told_from is not None and current.told_from >= today:
        return False
    is_retagged = bool(current.tags) and current.tags != tags
    return is_retagged or any(row.cost_center_id is not None for row in rows)


def _adopted(
    assigned: Sequence[SeriesAssignment], series: Mapping[str, int], tags: Mapping[str, str]
) -> list[SeriesEvidence]:
    """Return what was assigned by tag or claim before evidence was kept, as evidence: the past stays where it was."""
    rows: list[SeriesEvidence] = []
    for row in assigned:
        if row.origin not in (Origin.TAG, Origin.ACCOUNT):
            continue
        if rows and rows[-1].told_to != row.assigned_from:
            rows.append(SeriesEvidence(**series, told_from=rows[-1].told_to, told_to=row.assigned_from))
        rows.append(
            SeriesEvidence(
                **series,
                told_from=row.assigned_from,
                told_to=row.assigned_to,
                tags=dict(tags),
                cost_center_id=row.cost_center_id,
                origin=row.origin,
            )
        )
    if rows and rows[-1].told_to is not None:
        rows.append(SeriesEvidence(**series, told_from=rows[-1].told_to, tags=dict(tags)))
    return rows


def _save(row: SeriesEvidence) -> None:
    """Store a changed row; one that is not stored yet goes with the new ones."""
    if row.pk is not None:
        row.save(update_fields=["told_to", "tags", "cost_center", "origin"])


def _row(row: SeriesAssignment) -> Row:
    return row.assigned_from, row.assigned_to, row.cost_center_id, row.origin, row.rule_id


def _assignment(series: Mapping[str, int], row: Row) -> SeriesAssignment:
    start, end, center, origin, rule_id = row
    return SeriesAssignment(
        **series, assigned_from=start, assigned_to=end, cost_center_id=center, origin=origin, rule_id=rule_id
    )
