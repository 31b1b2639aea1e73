"""The dictionary of bill lines: find or make, read out of each what it says, prove its unit, and read again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from django.db.models import Q, Sum

from accounts.tenancy.context import tenant_transaction
from billing.domain.dimensions import ChargeCategory, CostHeading, Provider
from billing.domain.exchange_rates import USD
from billing.domain.parsing.bill_lines import BilledKey, LineReading, read_bill_line
from billing.domain.parsing.usage_types import HEADINGS_WITH_MODEL, READING
from billing.domain.periods import DateRange
from billing.domain.product_attributes import Told
from billing.domain.records import BilledRecord
from billing.domain.usage_types import UnitProof, listed_classes, prove_unit
from billing.models import BilledCost, BilledSeries, ModelPrice
from billing.operations.learnt_rates import mark_learning_due
from billing.queries.catalog import get_model_catalog

# How many lines are read again in one go of the timetable.
READ_AGAIN = 5_000
# What is read again may change these; the unit is proved apart.
READ_COLUMNS = (
    "aws_region",
    "model_id",
    "publisher",
    "token_class",
    "tier",
    "routing_class",
    "context_band",
    "heading",
    "reading",
)
PROVED_COLUMNS = ("tokens_per_unit", "unit_proof")
ZERO = Decimal(0)


def find_or_add_billed_series(
    records: Iterable[BilledRecord], connection_id: int, now: datetime
) -> dict[BilledKey, int]:
    """Return the id of each line of a payer's bill; what is new is made, and says what it was read as."""
    return find_or_add_bill_lines({billed_key(record) for record in records}, {"connection_id": connection_id}, {}, now)


def find_or_add_bill_lines(
    keys: Iterable[BilledKey],
    bill: Mapping[str, int],
    tags_of: Mapping[str, Mapping[str, str]],
    now: datetime,
    read_as: Mapping[BilledKey, Mapping[str, Any]] = MappingProxyType({}),
) -> dict[BilledKey, int]:
    """Return the id of each line of a bill: that of a connection, or what comes from one source of files.

    `bill` names the one (`connection_id` or `cost_source_id`); `tags_of` are the tags behind each digest in the keys,
    `read_as` the columns that a file says otherwise than its usage types alone.
    Whoever stores the costs lets `prove_units` follow.
    """
    known = _known(bill)
    missing = sorted(set(keys) - known.keys())
    if not missing:
        return known
    catalog = get_model_catalog()
    made = [
        BilledSeries(
            **bill,
            **key._asdict(),
            **{**_columns(read_bill_line(key, catalog)), **read_as.get(key, {})},
            tags=dict(tags_of.get(key.tags_digest, {})),
            first_seen_at=now,
        )
        for key in missing
    ]
    # Another window of the same bill may make the same line at the same time: whoever comes second takes it.
    BilledSeries.objects.bulk_create(made, ignore_conflicts=True)
    return _known(bill)


def prove_units(bill: Mapping[str, int], days: DateRange) -> int:
    """Find out by what a bill's days cost how many tokens a unit of each line is; returns how many lines changed.

    A line that is proved stays so. Runs inside the transaction that stored the days; doing it twice changes nothing.
    """
    rows = list(
        BilledSeries.objects.filter(**bill, **COUNTING_TOKENS).exclude(unit_proof=UnitProof.PROVED).order_by("id")
    )
    return _prove(rows, {"date__gte": days.start, "date__lt": days.end})


def read_billed_series_again() -> int:
    """Read the lines again that an older reader has read, or that were not understood; returns how many say something new.

    Doing it twice changes nothing more. A model that the catalog has learnt names the past as well.
    """
    with tenant_transaction():
        is_strange = Q(heading=CostHeading.UNRECOGNIZED) | Q(heading__in=HEADINGS_WITH_MODEL, model_id="")
        due = BilledSeries.objects.filter(~Q(reading=READING) | is_strange, provider=Provider.AWS_BEDROCK)
        rows = list(due.select_for_update(skip_locked=True).order_by("reading", "id")[:READ_AGAIN])
        if not rows:
            return 0
        return read_lines_anew(rows)


def read_lines_anew(rows: Sequence[BilledSeries]) -> int:
    """Read stored lines again with what is known of them now; returns how many say something new."""
    catalog = get_model_catalog()
    changed = [row for row in rows if _read_anew(row, _columns(read_bill_line(key_of(row), catalog, _told(row))))]
    if changed:
        BilledSeries.objects.bulk_update(changed, [*READ_COLUMNS, *PROVED_COLUMNS])
        _prove([row for row in changed if row.unit_proof], {})
        mark_learning_due()
    return len(changed)


def billed_key(record: BilledRecord) -> BilledKey:
    """Return the identity of a bill record's line."""
    return BilledKey(
        record.aws_account_id,
        record.service,
        record.usage_type,
        record.unit,
        record.currency,
        record.charge_category.value,
    )


def key_of(row: BilledSeries) -> BilledKey:
    """Return the identity of a stored line."""
    return BilledKey(*(getattr(row, column) for column in BilledKey._fields))


# The lines whose unit is a matter of proof: AWS's, of a charge for tokens.
COUNTING_TOKENS = {
    "provider": Provider.AWS_BEDROCK,
    "charge_category": ChargeCategory.USAGE,
    "unit_proof__in": [proof.value for proof in UnitProof],
}


def _told(row: BilledSeries) -> Told:
    return Told(model=row.model_told, feature=row.feature_told)


def _known(bill: Mapping[str, int]) -> dict[BilledKey, int]:
    rows = BilledSeries.objects.filter(**bill).values_list("id", *BilledKey._fields)
    return {BilledKey(*values): series_id for series_id, *values in rows}


def _columns(read: LineReading) -> dict[str, Any]:
    """What is stored of a reading: how many tokens a unit is only once that is proved."""
    columns = {**asdict(read), "reading": READING, "tokens_per_unit": None}
    return {**columns, "unit_proof": UnitProof.UNPROVED if read.tokens_per_unit else ""}


def _read_anew(row: BilledSeries, columns: Mapping[str, Any]) -> bool:
    """Change what a line was read as; a model that was known is never forgotten."""
    before = [getattr(row, column) for column in READ_COLUMNS]
    if row.model_id and not columns["model_id"]:
        row.reading = READING
    else:
        for column in READ_COLUMNS:
            setattr(row, column, columns[column])
    is_new = before != [getattr(row, column) for column in READ_COLUMNS]
    if is_new and not (row.unit_proof == UnitProof.PROVED and columns["unit_proof"]):
        row.tokens_per_unit, row.unit_proof = None, columns["unit_proof"]
    return is_new


def _prove(rows: Sequence[BilledSeries], when: Mapping[str, Any]) -> int:
    if not rows:
        return 0
    spent = _spent(rows, when)
    listed = _list_rates({row.model_id for row in rows})
    changed = []
    for row in rows:
        cost, quantity = spent.get(row.pk, (ZERO, ZERO))
        rates = [rate for name in listed_classes(row.token_class) for rate in listed[row.model_id, name]]
        unit = prove_unit(
            cost=cost,
            quantity=quantity,
            unit_told=row.unit,
            list_rates=rates if row.currency == USD else (),
        )
        # Days without cost say nothing against what other days have said.
        is_silent = unit.proof is UnitProof.UNPROVED and row.unit_proof == UnitProof.CONTRADICTED
        if not is_silent and (row.tokens_per_unit, row.unit_proof) != (unit.tokens_per_unit, unit.proof):
            row.tokens_per_unit, row.unit_proof = unit.tokens_per_unit, unit.proof
            changed.append(row)
    BilledSeries.objects.bulk_update(changed, PROVED_COLUMNS)
    return len(changed)


def _spent(rows: Sequence[BilledSeries], when: Mapping[str, Any]) -> dict[int, tuple[Decimal, Decimal]]:
    facts = BilledCost.objects.filter(series_id__in=[row.pk for row in rows], **when).values_list("series_id")
    sums = facts.annotate(cost=Sum("cost_unblended"), quantity=Sum("quantity"))
    return {series_id: (cost, quantity) for series_id, cost, quantity in sums}


def _list_rates(model_ids: Collection[str]) -> Mapping[tuple[str, str], set[Decimal]]:
    """The published rates of each model and class; AWS publishes in dollars."""
    rates: dict[tuple[str, str], set[Decimal]] = defaultdict(set)
    listed = ModelPrice.objects.filter(model_id__in=model_ids, currency=USD)
    for model_id, token_class, rate in listed.values_list("model_id", "token_class", "rate_usd_per_million"):
        rates[model_id, token_class].add(rate)
    return rates
