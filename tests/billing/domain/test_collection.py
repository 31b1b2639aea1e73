"""Which windows are due at which time, when a failed one is tried again, and how the bill is asked for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.collection import (
    CLOUDWATCH_RETENTION,
    DAILY,
    FIRST_RETRY,
    LONGEST_RETRY,
    RESTATEMENT,
    ConnectionKind,
    CostGrouping,
    Extent,
    FetchFailure,
    KnownWindow,
    Source,
    WindowSpan,
    WindowState,
    data_until,
    due_windows,
    extent_of,
    is_ai_service,
    next_attempt,
    plan_cost_queries,
    planned_windows,
)
from billing.domain.periods import DAY, HOUR

CONNECTED = datetime(2026, 11, 20, 14, 7, tzinfo=UTC)
REGION = "us-east-1"


def at(day: int, hour: int = 0, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def span(source: Source, start: datetime, end: datetime) -> WindowSpan:
    region = "" if source is Source.COST_EXPLORER else REGION
    return WindowSpan(source=source, aws_region=region, start=start, end=end)


def cloudwatch_day(day: int) -> WindowSpan:
    return span(Source.CLOUDWATCH, at(day), at(day) + DAY)


NOVEMBER_BILL = span(Source.COST_EXPLORER, at(1), at(1, month=12))


def done(spans: Iterable[WindowSpan], read_at: datetime) -> list[KnownWindow]:
    return [
        KnownWindow(
            span=item,
            state=WindowState.DONE,
            read_at=read_at,
            filled_until=max(item.start, extent_of(item, filled_until=None, now=read_at).end),
        )
        for item in spans
    ]


def due(
    now: datetime,
    windows: Iterable[KnownWindow] = (),
    kind: ConnectionKind = ConnectionKind.PAYER,
    every_hours: int = 1,
) -> list[WindowSpan]:
    return list(
        due_windows(
            kind=kind,
            aws_regions=[REGION],
            connected_at=CONNECTED,
            windows=windows,
            now=now,
            every_hours=every_hours,
        )
    )


def test_a_new_connection_is_read_inventory_first_and_then_backwards() -> None:
    spans = due(CONNECTED)
    assert spans[0].source is Source.INVENTORY
    assert spans[1] == cloudwatch_day(20)
    assert set(spans[2:4]) == {span(Source.CLOUDWATCH, at(1), at(20)), NOVEMBER_BILL}
    starts = [item.start for item in spans[1:]]
    assert starts == sorted(starts, reverse=True)


def test_the_past_is_asked_for_in_calendar_months_up_to_what_aws_keeps() -> None:
    months = [item for item in due(CONNECTED) if item.source is Source.CLOUDWATCH and item.end <= at(20)]
    assert months[0] == span(Source.CLOUDWATCH, at(1), at(20))
    assert months[1] == span(Source.CLOUDWATCH, at(1, month=10), at(1, month=11))
    assert months[-1].start == datetime(2025, 8, 23, tzinfo=UTC)
    assert CONNECTED - months[-1].start < CLOUDWATCH_RETENTION
    assert len([item for item in due(CONNECTED) if item.source is Source.COST_EXPLORER]) == 14


def test_a_member_account_has_no_bill_of_its_own() -> None:
    assert {item.source for item in due(CONNECTED, kind=ConnectionKind.MEMBER)} == {Source.INVENTORY, Source.CLOUDWATCH}


def test_nothing_is_due_right_after_everything_was_read() -> None:
    spans = due(CONNECTED)
    assert due(CONNECTED + timedelta(minutes=10), done(spans, CONNECTED)) == []


@pytest.mark.parametrize("state", [WindowState.DUE, WindowState.STARTED, WindowState.FAILED])
def test_a_window_that_is_under_way_or_refused_is_not_named_again(state: WindowState) -> None:
    windows = [KnownWindow(span=item, state=state, read_at=None, filled_until=None) for item in due(CONNECTED)]
    assert due(CONNECTED + 30 * DAY, windows) != []
    assert not {window.span for window in windows} & set(due(CONNECTED + HOUR, windows))


@pytest.mark.parametrize(
    ("read_at", "now", "expected"),
    [
        (at(20, 14, 7), at(20, 15, 4), False),  # the hour has closed four minutes ago
        (at(20, 14, 7), at(20, 15, 5), True),
        (at(20, 15, 5), at(20, 15, 59), False),
        (at(20, 23, 59), at(21, 0, 5), True),  # its last hour
        (at(21, 0, 6), at(21, 3, 4), False),
        (at(21, 0, 6), at(21, 3, 5), True),  # and once more, whole, when late hours have come
        (at(21, 3, 6), at(30, 0, 0), False),  # late days are asked for with the days after it
    ],
)
def test_a_day_of_metrics_is_read_hourly_and_again_for_late_data(
    read_at: datetime, now: datetime, expected: bool
) -> None:
    assert (cloudwatch_day(20) in due(now, done([cloudwatch_day(20)], read_at))) is expected


@pytest.mark.parametrize(
    ("every_hours", "read_at", "now", "expected"),
    [
        (6, at(20, 12, 5), at(20, 18, 4), False),
        (6, at(20, 12, 5), at(20, 18, 5), True),
        (6, at(20, 18, 5), at(21, 0, 5), True),
        (12, at(20, 14), at(20, 23, 59), False),
        (DAILY, at(20, 14), at(21, 3, 4), False),
        (DAILY, at(20, 14), at(21, 3, 5), True),
    ],
)
def test_a_short_limit_makes_readings_rarer_and_never_ends_the_daily_one(
    every_hours: int, read_at: datetime, now: datetime, expected: bool
) -> None:
    windows = done([cloudwatch_day(20)], read_at)
    assert (cloudwatch_day(20) in due(now, windows, every_hours=every_hours)) is expected


def test_a_day_is_not_due_before_its_first_hour_has_closed() -> None:
    assert cloudwatch_day(21) not in due(at(21, 1, 4))
    assert cloudwatch_day(21) in due(at(21, 1, 5))


@pytest.mark.parametrize(
    ("read_at", "now", "expected"),
    [
        (at(20, 14), at(20, 23, 59), False),
        (at(20, 14), at(21, 5, 59), False),
        (at(20, 14), at(21, 6), True),
        (at(30, 6), at(1, 5, 59, month=12), False),
        (at(30, 6), at(1, 6, month=12), True),  # its last day
        (at(1, 6, month=12), at(30, 6, month=12), False),  # restated by the readings of December
    ],
)
def test_a_month_of_the_bill_is_read_daily_until_its_last_day_is_there(
    read_at: datetime, now: datetime, expected: bool
) -> None:
    assert (NOVEMBER_BILL in due(now, done([NOVEMBER_BILL], read_at))) is expected


def test_a_month_of_the_bill_waits_for_its_first_day_to_be_billed() -> None:
    december = span(Source.COST_EXPLORER, at(1, month=12), at(1, month=12) + 31 * DAY)
    assert december not in due(at(2, 5, 59, month=12))
    assert december in due(at(2, 6, month=12))


def test_the_inventory_is_of_today() -> None:
    today = span(Source.INVENTORY, at(21), at(22))
    assert [item for item in due(at(21, 9)) if item.source is Source.INVENTORY] == [today]
    assert today not in due(at(21, 9), done([today], at(21, 0, 1)))


@given(st.integers(0, 24 * 60 * 70))
def test_windows_of_one_source_never_overlap_whenever_it_is_asked(minutes: int) -> None:
    now = CONNECTED + timedelta(minutes=minutes)
    spans = list(planned_windows(ConnectionKind.PAYER, [REGION], CONNECTED, now))
    for source in Source:
        ordered = sorted((item for item in spans if item.source is source), key=lambda item: item.start)
        for earlier, later in pairwise(ordered):
            assert earlier.end == later.start


@pytest.mark.parametrize(
    ("item", "filled_until", "now", "expected"),
    [
        # The first reading of a connection asks for everything.
        (cloudwatch_day(20), None, at(20, 14, 7), Extent(start=at(20), end=at(20, 14))),
        (cloudwatch_day(20), None, at(20, 14, 4), Extent(start=at(20), end=at(20, 13))),
        # An hour later: the new hour and the late ones, of what speaks.
        (
            cloudwatch_day(20),
            at(20, 14),
            at(20, 15, 7),
            Extent(start=at(20, 11), end=at(20, 15), is_whole=False, is_recent=True),
        ),
        (
            cloudwatch_day(20),
            None,
            at(20, 1, 7),
            Extent(start=at(20), end=at(20, 1), is_whole=False, is_recent=True),
        ),
        # Who was away for longer cannot ask AWS for what spoke since then.
        (cloudwatch_day(20), at(20, 8), at(20, 15, 7), Extent(start=at(20, 5), end=at(20, 15), is_whole=False)),
        # The last reading of a day: everything, and the late days before it.
        (cloudwatch_day(20), at(21), at(21, 3, 5), Extent(start=at(18), end=at(21))),
        (cloudwatch_day(20), at(21), at(25), Extent(start=at(20), end=at(21))),  # long over: only itself
        (NOVEMBER_BILL, None, at(20, 14), Extent(start=at(20) - RESTATEMENT, end=at(20))),
        (NOVEMBER_BILL, at(30), at(1, 6, month=12), Extent(start=at(1, month=12) - RESTATEMENT, end=at(1, month=12))),
        (NOVEMBER_BILL, None, at(3, month=12), Extent(start=at(1), end=at(1, month=12))),
        (span(Source.INVENTORY, at(20), at(21)), None, at(20, 14), Extent(start=at(20), end=at(20, 14))),
    ],
)
def test_a_reading_asks_for_closed_hours_and_days_and_for_what_comes_late(
    item: WindowSpan, filled_until: datetime | None, now: datetime, expected: Extent
) -> None:
    assert extent_of(item, filled_until=filled_until, now=now) == expected


def test_hours_that_left_cloudwatch_are_not_asked_for_and_so_not_replaced() -> None:
    item = cloudwatch_day(20)
    late = at(20, 14, 30) + CLOUDWATCH_RETENTION
    assert extent_of(item, filled_until=at(21), now=late).start == at(20, 15)
    assert extent_of(NOVEMBER_BILL, filled_until=None, now=at(20) + 1000 * DAY).start == at(1)


def known(item: WindowSpan, filled_until: datetime | None) -> KnownWindow:
    return KnownWindow(span=item, state=WindowState.DONE, read_at=filled_until, filled_until=filled_until)


@pytest.mark.parametrize(
    ("windows", "expected"),
    [
        ([], None),
        ([known(cloudwatch_day(20), None)], None),
        ([known(span(Source.CLOUDWATCH, at(1), at(20)), at(20)), known(cloudwatch_day(20), None)], at(20)),
        ([known(cloudwatch_day(21), at(21, 5)), known(cloudwatch_day(20), at(21))], at(21, 5)),
        ([known(cloudwatch_day(20), at(20, 5)), known(cloudwatch_day(21), at(21, 5))], at(20, 5)),
        ([known(cloudwatch_day(20), at(21)), known(cloudwatch_day(21), None)], at(21)),
        ([known(cloudwatch_day(20), at(21))], at(21)),
        ([known(span(Source.CLOUDWATCH, at(1), at(20)), None), known(cloudwatch_day(20), at(20, 9))], at(20, 9)),
    ],
)
def test_data_reach_as_far_as_they_have_no_gap(windows: list[KnownWindow], expected: datetime | None) -> None:
    assert data_until(windows, CONNECTED) == expected


@pytest.mark.parametrize("failure", list(FIRST_RETRY))
@pytest.mark.parametrize("attempt", [0, 1, 2, 5, 1000])
def test_a_failed_reading_waits_longer_each_time_up_to_a_limit(failure: FetchFailure, attempt: int) -> None:
    at_most, at_least = next_attempt(attempt, failure, CONNECTED, 0), next_attempt(attempt, failure, CONNECTED, 0.999)
    assert at_most is not None
    assert at_least is not None
    assert CONNECTED < at_least < at_most <= CONNECTED + LONGEST_RETRY[failure]
    assert (at_most - CONNECTED) / 2 <= at_least - CONNECTED
    assert at_most == CONNECTED + min(FIRST_RETRY[failure] * 2 ** min(max(attempt - 1, 0), 20), LONGEST_RETRY[failure])


def test_a_denied_reading_is_not_tried_again_by_itself() -> None:
    assert next_attempt(1, FetchFailure.DENIED, CONNECTED, 0) is None


@pytest.mark.parametrize(
    ("service", "is_read"),
    [
        ("Amazon Bedrock", True),
        ("Amazon Bedrock Service", True),
        ("Claude Opus 5 (Amazon Bedrock Edition)", True),
        ("Amazon Bedrock AgentCore", True),
        ("Claude Platform on AWS", True),
        ("Amazon Simple Storage Service", False),
        ("Tax", False),
    ],
)
def test_the_services_that_bill_for_ai_are_found_by_their_names(service: str, is_read: bool) -> None:
    """No list of services stays true: most of Claude lies under others (grafana/cloudcost-exporter#933)."""
    assert is_ai_service(service) == is_read


def test_a_bill_with_few_accounts_is_asked_for_account_by_account() -> None:
    (query,) = plan_cost_queries(["Amazon Bedrock", "Claude Opus 5 (Amazon Bedrock Edition)"], ["111111111111"])
    assert query.group_by == (CostGrouping.SERVICE, CostGrouping.USAGE_TYPE)
    assert query.filters == {
        CostGrouping.LINKED_ACCOUNT: ("111111111111",),
        CostGrouping.SERVICE: ("Amazon Bedrock", "Claude Opus 5 (Amazon Bedrock Edition)"),
    }


def test_a_bill_with_many_accounts_is_asked_for_service_by_service() -> None:
    queries = plan_cost_queries(["B", "A", "A"], [f"{number:012d}" for number in range(3)])
    assert [query.filters for query in queries] == [{CostGrouping.SERVICE: ("A",)}, {CostGrouping.SERVICE: ("B",)}]
    assert {query.group_by for query in queries} == {(CostGrouping.LINKED_ACCOUNT, CostGrouping.USAGE_TYPE)}


@given(st.sets(st.integers(0, 400), max_size=250), st.sets(st.integers(0, 300), max_size=6))
def test_every_line_of_a_bill_is_asked_for_exactly_once(services: set[int], accounts: set[int]) -> None:
    names, ids = [f"S{number}" for number in services], [f"{number:012d}" for number in accounts]
    queries = plan_cost_queries(names, ids)
    for service in names:
        for account in ids or [""]:
            asking = [
                query
                for query in queries
                if service in query.filters[CostGrouping.SERVICE]
                and account in query.filters.get(CostGrouping.LINKED_ACCOUNT, (account,))
            ]
            assert len(asking) == 1
    assert all(len(values) <= 100 for query in queries for values in query.filters.values())
    assert bool(queries) == bool(services)
