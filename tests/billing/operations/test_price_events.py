"""Rates that move on a stored bill, and an announced cut held against it: found once, withdrawn visibly, to the cent."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from accounts.domain.audit import SYSTEM
from accounts.models import AuditEvent
from billing.domain.announcements import (
    AnnouncementEntry,
    AnnouncementOrigin,
    AnnouncementTimes,
    AnnouncementWithdrawn,
    NotReceived,
    PercentDoubtful,
    PercentMalformed,
    Scope,
    ScopeUnknown,
)
from billing.domain.dimensions import PriceOrigin, Provider
from billing.domain.price_cuts import Standing
from billing.models import Announcement, AwsConnection, BilledSeries, ModelPrice, PriceEvent
from billing.operations.announcements import register_announcement, withdraw_announcement
from billing.operations.learnt_rates import learn_rates
from billing.operations.price_events import Found, find_due_price_events, find_price_events
from billing.queries.announcements import list_announcement_evidence, measure
from billing.queries.price_events import get_price_event, list_price_event_evidence, list_price_events
from tests.cast import Cast, inside
from tests.factories.billing import make_connection
from tests.factories.price_events import make_billed_line, put_billed_days

FIRST = date(2026, 10, 15)
NOW = datetime(2026, 11, 10, 9, tzinfo=UTC)
MILLION = 1_000_000
SCOPE = Scope(model_ids=("claude-sonnet-4-5",), routing_class="GLOBAL")
QUARTER = AnnouncementEntry(title="A quarter off", scope=SCOPE, percent=Decimal(25), first_day=FIRST)


def days(before: str, after: str, tokens: int = MILLION) -> dict[date, tuple[int, str]]:
    """Ten days at one rate, then ten at another."""
    return {
        FIRST + timedelta(days=number): (tokens, before if number < 0 else after) for number in range(-10, 10)
    }  # fmt: skip


def bill_of(connection: AwsConnection) -> BilledSeries:
    """$60 of $100 in ten days are in scope; then a quarter off."""
    line = make_billed_line(connection, days("3", "2.25", 2 * MILLION))
    make_billed_line(connection, days("3", "3"), routing_class="REGIONAL")
    make_billed_line(connection, days("1", "1"), model_id="claude-haiku-4-5")
    return line


def learn_and_find(now: datetime) -> Found | None:
    learn_rates(now=now)
    return find_due_price_events(now=now)


def stored() -> list[tuple[object, ...]]:
    return list(PriceEvent.objects.order_by("id").values_list())


def test_a_moved_rate_is_found_once_and_what_a_restated_bill_takes_back_is_withdrawn(cast: Cast) -> None:
    with inside(cast.acme):
        line = bill_of(make_connection())
        assert learn_and_find(NOW)
        (event,) = list_price_events()
        assert (event.move.first_day, event.move.change_percent) == (FIRST, Decimal(-25))
        assert (event.move.rate_before, event.move.rate_after) == (Decimal(3), Decimal("2.25"))
        assert event.move.key == ("claude-sonnet-4-5", "us-east-1", "GLOBAL", "STANDARD", "input", "STANDARD")

        # Nothing is due, and finding again finds the same rows.
        assert learn_and_find(NOW) is None
        before = stored()
        find_price_events(now=NOW + timedelta(hours=1))
        assert stored() == before

        # Two weeks on either side are the evidence, newest first.
        page = list_price_event_evidence(get_price_event(event.id), limit=12)
        rest = list_price_event_evidence(get_price_event(event.id), after=page.next)
        assert [row.rate for row in (*page.rows, *rest.rows)] == [Decimal("2.25")] * 10 + [Decimal(3)] * 10
        assert rest.next is None

        # Restated to the old rate: the event stays, and says when it was withdrawn; restated again it is in force.
        put_billed_days(line, days("3", "3", 2 * MILLION))
        later = NOW + timedelta(days=1)
        learn_and_find(later)
        assert [(one.id, one.withdrawn_at) for one in list_price_events()] == [(event.id, later)]
        assert list_price_events(with_withdrawn=False) == ()
        put_billed_days(line, days("3", "2.25", 2 * MILLION))
        later += timedelta(hours=1)
        learn_and_find(later)
        assert [(one.id, one.withdrawn_at) for one in list_price_events()] == [(event.id, None)]


def test_a_price_list_that_cuts_is_an_event_and_an_announcement_of_models_on_the_bill(cast: Cast) -> None:
    def list_price(model_id: str, rate: str, starts: date, ends: date | None) -> None:
        for token_class, factor in (("input", 1), ("output", 5)):
            ModelPrice.objects.create(
                origin=PriceOrigin.PRICE_LIST.value,
                model_id=model_id,
                aws_region="*",
                routing_class="GLOBAL",
                tier="STANDARD",
                token_class=token_class,
                context_band="STANDARD",
                rate_usd_per_million=Decimal(rate) * factor,
                effective_from=datetime.combine(starts, datetime.min.time(), UTC),
                effective_to=None if ends is None else datetime.combine(ends, datetime.min.time(), UTC),
                source="AWS Price List",
                source_date=starts,
                listed_at=NOW,
            )

    with inside(cast.acme):
        bill_of(make_connection())
        for model_id in ("claude-sonnet-4-5", "a-model-not-used"):
            list_price(model_id, "3", date(2026, 1, 1), FIRST)
            list_price(model_id, "2.4", FIRST, None)
        for _ in range(2):
            find_price_events(now=NOW)
        assert [(one.move.kind.value, one.move.key.token_class) for one in list_price_events()] == [
            ("announced", "input"),
            ("announced", "output"),
        ]
        row = Announcement.objects.get()
        assert (row.origin, row.percent, row.first_day) == (AnnouncementOrigin.PRICE_LIST.value, Decimal(20), FIRST)
        assert (row.model_ids, row.token_classes, row.aws_regions) == (["claude-sonnet-4-5"], ["input", "output"], [])

        # A corrected list takes it back; the row stays.
        ModelPrice.objects.filter(effective_to__isnull=True).delete()
        find_price_events(now=NOW)
        assert Announcement.objects.get().withdrawn_at == NOW
        assert {one.withdrawn_at for one in list_price_events()} == {NOW}


def test_an_announcement_is_measured_and_its_rows_add_up_to_its_value(cast: Cast) -> None:
    with inside(cast.globex):
        bill_of(make_connection(aws_account_id="999999999999"))
    with inside(cast.acme):
        connection = make_connection()
        bill_of(connection)
        make_billed_line(connection, days("2", "2"), currency="EUR", tier="FLEX")
        cut = measure(QUARTER)
        outcome = cut.outcome
        assert outcome.standing is Standing.MEASURED
        assert (outcome.eligible_share, outcome.realised_percent) == (Decimal("0.6"), Decimal(15))
        assert (outcome.value_to_date, outcome.announced_to_date) == (Decimal(15), Decimal(25))
        assert {part.reason: (part.points, part.money) for part in outcome.not_received} == {
            NotReceived.OTHER_MODEL: (Decimal("2.5"), Decimal("2.5")),
            NotReceived.ROUTING: (Decimal("7.5"), Decimal("7.5")),
        }
        # 40 M tokens in the bill's 20 days at $0.75 less, for 365.
        assert outcome.value_per_year == Decimal("547.5")
        assert (cut.currency, cut.currencies_left_out) == ("USD", ("EUR",))

        page = list_announcement_evidence(cut, limit=20)
        rest = list_announcement_evidence(cut, after=page.next)
        rows = (*page.rows, *rest.rows)
        assert len(rows) == 30
        assert sum(row.received for row in rows) == outcome.value_to_date
        assert sum(row.bill.cost for row in rows) == Decimal(85)


@pytest.mark.parametrize(
    ("provider", "first_day", "standing"),
    [
        (Provider.AZURE_OPENAI, FIRST, Standing.NO_BILL),
        (Provider.AWS_BEDROCK, date(2026, 9, 1), Standing.NO_SPEND_BEFORE),
        (Provider.AWS_BEDROCK, date(2026, 12, 1), Standing.NOT_YET_BILLED),
    ],
)
def test_an_announcement_that_cannot_be_measured_says_why(
    cast: Cast, provider: Provider, first_day: date, standing: Standing
) -> None:
    with inside(cast.acme):
        bill_of(make_connection())
        scope = Scope(provider=provider, model_ids=SCOPE.model_ids, routing_class="GLOBAL")
        entry = AnnouncementEntry(title="", scope=scope, percent=Decimal(25), first_day=first_day)
        outcome = measure(entry).outcome
        assert outcome.standing is standing
        assert outcome.value_to_date == 0
        if standing is Standing.NOT_YET_BILLED:
            # What is in scope by today's use is told before the first bill of it comes.
            assert [part.reason for part in outcome.not_received] == [
                NotReceived.OTHER_MODEL,
                NotReceived.ROUTING,
                NotReceived.NOT_YET_BILLED,
            ]


def test_finance_registers_and_withdraws_and_both_stand_in_the_audit_log(cast: Cast) -> None:
    with inside(cast.acme):
        bill_of(make_connection())
        made = register_announcement(actor=SYSTEM, entry=QUARTER, is_confirmed=False, now=NOW)
        assert made.entry == QUARTER
        gone = withdraw_announcement(actor=SYSTEM, announcement_id=made.id, now=NOW)
        assert gone.withdrawn_at == NOW
        with pytest.raises(AnnouncementWithdrawn):
            withdraw_announcement(actor=SYSTEM, announcement_id=made.id, now=NOW)
        verbs = (
            AuditEvent.objects.filter(target=f"announcement:{made.id}").order_by("id").values_list("verb", flat=True)
        )
        assert list(verbs) == ["announcement.registered", "announcement.withdrawn"]


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"percent": Decimal(0)}, PercentMalformed),
        ({"percent": Decimal("100.01")}, PercentMalformed),
        ({"percent": Decimal("25.00001")}, PercentMalformed),
        ({"percent": Decimal("0.25")}, PercentDoubtful),
        ({"ends": FIRST}, AnnouncementTimes),
        ({"first_day": date(2014, 12, 31)}, AnnouncementTimes),
        ({"scope": Scope(model_ids=("gpt-99",))}, ScopeUnknown),
        ({"scope": Scope(publishers=("Nobody",))}, ScopeUnknown),
    ],
)
def test_what_cannot_be_meant_is_refused(cast: Cast, changed: dict[str, object], error: type[Exception]) -> None:
    given = {"title": "", "scope": SCOPE, "percent": Decimal(25), "first_day": FIRST, **changed}
    entry = AnnouncementEntry(**given)  # type: ignore[arg-type] # a table's values
    with inside(cast.acme):
        make_billed_line(make_connection(), {})
        with pytest.raises(error):
            register_announcement(actor=SYSTEM, entry=entry, is_confirmed=False, now=NOW)
