"""Asks Cost Explorer what it tells of usage types beside their names, and reads the lines of the bill again with it."""

from __future__ import annotations

from collections.abc import Mapping

from accounts.tenancy.context import tenant_transaction
from billing.adapters.aws.cost_explorer import list_attribute_groups
from billing.adapters.aws.errors import Denied, NotReady, Refused
from billing.domain.connections import Charge
from billing.domain.product_attributes import FEATURE, MODEL, NOTHING_TOLD, Told, asked_days, is_due, read_told
from billing.models import AwsConnection, BilledSeries
from billing.operations.billed_series import read_lines_anew
from billing.operations.windows import Claim, Keeper

NOT_HERE = (Denied, NotReady, Refused)


def read_attributes(claim: Claim, charge: Charge, keeper: Keeper) -> Mapping[str, Told] | None:
    """Ask for the attributes of a bill's usage types; None when it is not the time, or the account has none.

    An account without them, or whose data begin later, is asked again in a week: usage types are enough to go by.
    """
    days = asked_days(claim.started_at)
    if days is None or claim.span.end <= claim.started_at or not _take_turn(claim):
        return None
    try:
        models = list_attribute_groups(claim.role, days.start, days.end, MODEL, charge=charge)
        keeper.keep()
        features = list_attribute_groups(claim.role, days.start, days.end, FEATURE, charge=charge)
    except NOT_HERE:
        return None
    return read_told(models, features)


def store_attributes(connection_id: int, told: Mapping[str, Told] | None) -> int:
    """Keep what was told of a bill's lines beside them, and read them again; returns how many say something new.

    Runs inside the transaction that stores the bill. What is no longer told stays: the past was named by it.
    """
    rows = []
    for row in BilledSeries.objects.filter(connection_id=connection_id, usage_type__in=list(told or ())).order_by("id"):
        one = (told or {}).get(row.usage_type, NOTHING_TOLD)
        before = (row.model_told, row.feature_told)
        row.model_told, row.feature_told = one.model or row.model_told, one.feature or row.feature_told
        if before != (row.model_told, row.feature_told):
            rows.append(row)
    BilledSeries.objects.bulk_update(rows, ["model_told", "feature_told"])
    return read_lines_anew(rows)


def _take_turn(claim: Claim) -> bool:
    """Say whether a week has passed, and write down that it was asked now, whatever comes of it."""
    with tenant_transaction():
        row = AwsConnection.objects.select_for_update().get(id=claim.connection_id)
        if not is_due(row.attributes_read_at, claim.started_at):
            return False
        row.attributes_read_at = claim.started_at
        row.save(update_fields=["attributes_read_at"])
        return True
