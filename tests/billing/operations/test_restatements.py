"""A bill that is told otherwise after it was whole keeps what it said; one that still grows keeps nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from accounts.tenancy.context import tenant_transaction
from billing.domain.collection import Source, WindowState
from billing.domain.dimensions import Basis, ChargeCategory, TokenClass
from billing.domain.periods import DateRange
from billing.domain.reconciliation import Reason
from billing.domain.records import BilledRecord
from billing.models import BilledCostVersion, PriceOverride
from billing.operations.costs import replace_bill
from billing.operations.rating import rerate_window
from billing.operations.reconciliation import reconcile_due_days
from billing.operations.restatements import forget_old_versions
from billing.queries.reconciliation import get_reconciliation
from billing.queries.restatements import list_restatements
from billing.sql import ensure_months
from tests.factories import billing
from tests.factories.reconciliation import make_restatement, make_version

pytestmark = pytest.mark.django_db

DAY = date(2026, 11, 3)
WHOLE_AT = datetime(2026, 11, 6, 6, tzinfo=UTC)
MONTH = DateRange(date(2026, 11, 1), date(2026, 12, 1))
GUARDRAIL = "USE1-Guardrail-ContentPolicyUnitsConsumed"


def line(cost: str, *, usage_type: str = GUARDRAIL, day: date = DAY) -> BilledRecord:
    return BilledRecord(
        aws_account_id=billing.ACCOUNT,
        service="Amazon Bedrock",
        usage_type=usage_type,
        date=day,
        unblended=Decimal(cost),
        net_unblended=Decimal(cost),
        amortized=Decimal(cost),
        quantity=Decimal(1),
        unit="TextUnits",
        currency="USD",
        estimated=True,
        charge_category=ChargeCategory.USAGE,
    )


@pytest.mark.usefixtures("acme")
def test_a_day_that_was_whole_keeps_what_it_said_and_says_what_changed() -> None:
    with tenant_transaction():
        connection = billing.make_connection()
        window = billing.make_window(
            connection, source=Source.COST_EXPLORER, end=datetime(2026, 12, 1, tzinfo=UTC), state=WindowState.DONE
        )
        ensure_months("billing_billedcost", [DAY])

        def read(cost: str, at: datetime, *, before: datetime, more: tuple[BilledRecord, ...] = ()) -> None:
            window.read_at = window.stored_at = before
            window.save()
            replace_bill(connection.pk, MONTH, [line(cost), *more], at)
            window.read_at = window.stored_at = at
            window.save()

        # It grows on the day after, and is whole on the third: nothing of that is a restatement.
        read("4", WHOLE_AT - timedelta(days=2), before=WHOLE_AT - timedelta(days=3))
        read("10", WHOLE_AT, before=WHOLE_AT - timedelta(days=1))
        assert list_restatements(MONTH.start, MONTH.end) == ()
        # The same again: the same rows. Then a price is put right, and later a line added and the price put back.
        read("10", WHOLE_AT + timedelta(hours=1), before=WHOLE_AT)
        assert not BilledCostVersion.objects.exists()
        read("9.25", WHOLE_AT + timedelta(days=1), before=WHOLE_AT + timedelta(hours=1))
        late = line("3", usage_type="USE1-Guardrail-TopicPolicyUnitsConsumed")
        read("10", WHOLE_AT + timedelta(days=2), before=WHOLE_AT + timedelta(days=1), more=(late,))
        told = list_restatements(MONTH.start, MONTH.end, basis=Basis.BILLED)
        assert [(one.version, one.before, one.after) for one in told] == [
            (2, Decimal(10), Decimal("9.25")),
            (3, Decimal("9.25"), Decimal(13)),
        ]
        assert [(change.before, change.after) for change in told[1].changes] == [
            (Decimal(0), Decimal(3)),
            (Decimal("9.25"), Decimal(10)),
        ]
        assert get_reconciliation(DAY, DAY + timedelta(days=1)).whole.billed == Decimal(13)


@pytest.mark.usefixtures("acme")
def test_versions_of_days_that_nobody_asks_about_are_forgotten() -> None:
    with tenant_transaction():
        make_version()
        make_restatement()
    assert forget_old_versions(now=datetime(2027, 11, 1, tzinfo=UTC)) == 0
    assert forget_old_versions(now=datetime(2029, 12, 1, tzinfo=UTC)) == 2


@pytest.mark.usefixtures("acme")
def test_a_closed_day_that_is_rated_again_keeps_what_it_said() -> None:
    """project-koku/koku#3383: to do it again is the same, and what changed is told once."""
    hour = datetime(2026, 11, 3, 10, tzinfo=UTC)
    with tenant_transaction():
        billing.make_all_overrides({TokenClass.INPUT: "2"})
        billing.make_usage(billing.make_series(), {hour: 1_000_000})
        connection = billing.make_connection()
        window = billing.make_window(
            connection, start=datetime(2026, 11, 3, tzinfo=UTC), state=WindowState.DONE, rows=1
        )
        billing.make_window(connection, source=Source.COST_EXPLORER, end=WHOLE_AT, state=WindowState.DONE)
    reconcile_due_days(now=WHOLE_AT + timedelta(hours=1))
    with tenant_transaction():
        PriceOverride.objects.update(rate_usd_per_million=Decimal(3))
    rerate_window(window_id=window.pk, now=WHOLE_AT + timedelta(days=1))
    rerate_window(window_id=window.pk, now=WHOLE_AT + timedelta(days=2))
    with tenant_transaction():
        (told,) = list_restatements(MONTH.start, MONTH.end)
        assert (told.basis, told.before, told.after) == (Basis.RATED, Decimal(2), Decimal(3))
        whole = get_reconciliation(DAY, DAY + timedelta(days=1)).whole
        assert whole.explained == {Reason.USAGE_WITHOUT_BILL: Decimal(-3)}
