"""Asks Cost Explorer what it tells of usage types beside their names, and reads the lines of the bill again with it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from accounts.tenancy.context import tenant_transaction
from billing.adapters.aws.cost_explorer import list_attribute_groups
from billing.adapters.aws.errors import AwsError, Denied, NotReady, Refused
from billing.domain.connections import Charge
from billing.domain.product_attributes import FEATURE, MODEL, Told, asked_days, is_due, read_told
from billing.models import AwsConnection, BilledSeries
from billing.operations.billed_series import read_lines_anew
from billing.operations.windows import Claim, Keeper

NOT_HERE = (Denied, NotReady, Refused)


def read_attributes(claim: Claim, charge: Charge, keeper: Keeper) -> Mapping[str, Told] | None:
    """Ask for the attributes of a bill's usage types; None when it is not the time.

    An account without them, or whose data begin later, tells nothing and is asked again in a week: usage types are enough
    to go by. What fails for a while is asked again with the next reading, and never keeps the bill from being stored.
    """
    days = asked_days(claim.started_at)
    if days is None or claim.span.end <= claim.started_at or not _is_turn(claim):
        return None
    try:
        models = list_attribute_groups(claim.role, days.start, days.end, MODEL, charge=charge)
        keeper.keep()
        features = list_attribute_groups(claim.role, days.start, days.end, FEATURE, charge=charge)
    except NOT_HERE:
        return {}
    except AwsError:
        return None
    return read_told(models, features)


def store_attributes(connection_id: int, told: Mapping[str, Told] | None, now: datetime) -> int:
    """Keep what was told of a bill's lines beside them, and read them again; returns how many say something new.

    Runs inside the transaction that stores the bill. What is no longer told stays: the past was named by it.
    """
    if told is None:
        return 0
    AwsConnection.objects.filter(id=connection_id).update(attributes_read_at=now)
    rows = []
    for row in BilledSeries.objects.filter(connection_id=connection_id, usage_type__in=list(told)).order_by("id"):
        one = told[row.usage_type]
        before = (row.model_told, row.feature_told)
        row.model_told, row.feature_told = one.model or row.model_told, one.feature or row.feature_told
        if before != (row.model_told, row.feature_told):
            rows.append(row)
    BilledSeries.objects.bulk_update(rows, ["model_told", "feature_told"])
    return read_lines_anew(rows)


def _is_turn(claim: Claim) -> bool:
    with tenant_transaction():
        read_at = AwsConnection.objects.values_list("attributes_read_at", flat=True).get(id=claim.connection_id)
    return is_due(read_at, claim.started_at)
