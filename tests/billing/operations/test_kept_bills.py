"""A kept bill and a new one that tell of the same account: nothing counts twice, and nothing that was kept is lost."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from billing.domain.collection import ConnectionKind
from billing.domain.connections import ConnectionState
from billing.domain.dimensions import Basis
from billing.domain.periods import DateRange
from billing.domain.records import BilledRecord
from billing.models import AwsConnection
from billing.operations.costs import replace_bill
from billing.queries.connections import get_connection, list_kept_bills
from billing.queries.costs import SpendQuestion, list_spend
from tests.cast import Cast, inside
from tests.factories.billing import make_billed, make_connection

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 24, tzinfo=UTC)
PAYER, MEMBER = "111111111111", "222222222222"
OCTOBER = DateRange(date(2026, 10, 1), date(2026, 11, 1))
DAYS = [date(2026, 10, day) for day in (1, 2, 3)]


def record(day: date, cost: str, account: str = MEMBER) -> BilledRecord:
    return BilledRecord(
        aws_account_id=account,
        service="Amazon Bedrock",
        usage_type="USE1-output-tokens",
        date=day,
        unblended=Decimal(cost),
        net_unblended=Decimal(cost),
        amortized=Decimal(cost),
        quantity=Decimal(1),
        unit="1K tokens",
        currency="USD",
        estimated=False,
    )


def billed() -> Decimal:
    start, end = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
    rows = list_spend(SpendQuestion(basis=Basis.BILLED, start=start, end=end)).rows
    return sum((row.cost for row in rows), Decimal(0))


def disconnected_payer() -> AwsConnection:
    """A payer that was disconnected, with a dollar of its own and two of its member's on each of three days."""
    payer = make_connection(aws_account_id=PAYER, state=ConnectionState.DISCONNECTED, disconnected_at=NOW)
    make_billed(payer, dict.fromkeys(DAYS, "1"), aws_account_id=PAYER)
    make_billed(payer, dict.fromkeys(DAYS, "2"), aws_account_id=MEMBER)
    return payer


def test_the_days_that_a_former_member_tells_itself_take_the_place_of_those_its_payer_left(cast: Cast) -> None:
    with inside(cast.acme):
        disconnected_payer()
        member = make_connection(aws_account_id=MEMBER)
        assert billed() == 9
        for _ in range(2):
            replace_bill(member.pk, OCTOBER, [record(DAYS[1], "2.1"), record(DAYS[2], "2.2")], NOW)
            # Three days of the payer's own, the member's first day as it was kept, and two days told anew.
            assert billed() == Decimal(3) + Decimal(2) + Decimal("4.3")


def test_a_bill_that_says_nothing_of_a_day_leaves_what_was_kept(cast: Cast) -> None:
    with inside(cast.acme):
        disconnected_payer()
        member = make_connection(aws_account_id=MEMBER)
        replace_bill(member.pk, OCTOBER, [], NOW)
        assert billed() == 9


def test_a_payer_takes_the_place_of_what_its_member_left(cast: Cast) -> None:
    with inside(cast.acme):
        member = make_connection(aws_account_id=MEMBER, state=ConnectionState.DISCONNECTED, disconnected_at=NOW)
        make_billed(member, dict.fromkeys(DAYS, "2"), aws_account_id=MEMBER)
        payer = make_connection(aws_account_id=PAYER, linked_account_ids=[PAYER, MEMBER])
        replace_bill(payer.pk, OCTOBER, [record(day, "2") for day in DAYS], NOW)
        assert billed() == 6


def test_the_bill_of_a_connection_that_is_read_gives_way_to_none(cast: Cast) -> None:
    with inside(cast.acme):
        payer = make_connection(aws_account_id=PAYER)
        make_billed(payer, dict.fromkeys(DAYS, "2"), aws_account_id=MEMBER)
        other = make_connection(aws_account_id=MEMBER)
        replace_bill(other.pk, OCTOBER, [record(DAYS[0], "5")], NOW)
        assert billed() == 11


def test_the_kept_bill_is_named_where_it_meets_the_new_one(cast: Cast) -> None:
    with inside(cast.acme):
        payer = disconnected_payer()
        member = make_connection(aws_account_id=MEMBER)
        stranger = make_connection(aws_account_id="333333333333")
        assert [kept.id for kept in list_kept_bills(get_connection(member.pk))] == [payer.pk]
        assert list_kept_bills(get_connection(stranger.pk)) == ()
        reader = make_connection(aws_account_id="444444444444", kind=ConnectionKind.MEMBER)
        assert list_kept_bills(get_connection(reader.pk)) == ()
