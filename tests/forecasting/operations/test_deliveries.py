"""Delivering: claimed once, sent outside any transaction, written down by whoever still holds the lease."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from django.db import connection

from accounts.models import AuditEvent
from accounts.tenancy.context import organization_scope
from forecasting.adapters.channels import DeliveryFailed, Destination, Message
from forecasting.domain.channels import LEASE, MAX_ATTEMPTS, ChannelKind, ChannelState, DeliveryState, Failure
from forecasting.models import Delivery, NotificationChannel
from forecasting.operations.channels import ChannelDisabled, signing_secret
from forecasting.operations.deliveries import DeliveryUnderWay, deliver, replay_delivery
from forecasting.queries.channels import DeliveryNotFound, list_deliveries, list_due_delivery_ids
from tests.cast import NOW, Cast, inside
from tests.factories.forecasting import make_channel, make_delivery, make_webhook

pytestmark = pytest.mark.django_db(databases=["default", "owner"])


@dataclass
class Recorder:
    """A channel that sends nothing, remembers everything, and fails as told."""

    failures: list[DeliveryFailed | None] = field(default_factory=list)
    sent: list[tuple[Message, Destination]] = field(default_factory=list)
    meanwhile: Callable[[], object] = lambda: None

    def send(self, message: Message, destination: Destination, *, now: datetime) -> None:  # noqa: ARG002 - the protocol's signature
        self.sent.append((message, destination))
        self.meanwhile()
        if self.failures and (failure := self.failures.pop(0)):
            raise failure


def try_to_deliver(cast: Cast, row: Delivery, recorder: Recorder, now: datetime = NOW) -> DeliveryState | None:
    with organization_scope(cast.acme.id):
        return deliver(delivery_id=row.pk, now=now, channels=dict.fromkeys(ChannelKind, recorder))


def stored(cast: Cast, row: Delivery) -> Delivery:
    with inside(cast.acme):
        return Delivery.objects.select_related("channel").get(pk=row.pk)


@pytest.fixture
def due(cast: Cast) -> Delivery:
    with inside(cast.acme):
        return make_delivery(next_attempt_at=NOW, created_at=NOW)


def unavailable() -> DeliveryFailed:
    return DeliveryFailed(Failure.UNAVAILABLE, "HTTP 503")


def test_a_message_is_sent_to_the_channels_address_in_its_language(cast: Cast) -> None:
    with inside(cast.acme):
        channel = make_webhook(name="Ledger", language="ja")
        due = make_delivery(channel, next_attempt_at=NOW)
    recorder = Recorder()

    assert try_to_deliver(cast, due, recorder) is DeliveryState.SENT

    ((message, destination),) = recorder.sent
    assert message.id == due.message_id
    assert destination == Destination(
        name="Ledger", address="https://hooks.example.com/y", language="ja", secret=signing_secret(channel.secret_salt)
    )
    row = stored(cast, due)
    assert row.sent_at is not None
    assert (row.attempt, row.next_attempt_at, row.lease_until) == (1, None, None)


def test_a_sent_message_is_not_sent_again(cast: Cast, due: Delivery) -> None:
    recorder = Recorder()
    try_to_deliver(cast, due, recorder)

    assert try_to_deliver(cast, due, recorder, NOW + timedelta(days=1)) is None
    assert len(recorder.sent) == 1


def test_a_message_that_is_not_due_yet_waits(cast: Cast) -> None:
    with inside(cast.acme):
        later = make_delivery(next_attempt_at=NOW + timedelta(seconds=1))

    assert try_to_deliver(cast, later, Recorder()) is None


def test_a_failure_that_may_pass_is_tried_again_later_and_later(cast: Cast, due: Delivery) -> None:
    recorder = Recorder([unavailable(), unavailable()])

    assert try_to_deliver(cast, due, recorder) is DeliveryState.PENDING
    first = stored(cast, due)
    assert first.failure == Failure.UNAVAILABLE
    assert first.failure_detail == "HTTP 503"
    assert first.next_attempt_at is not None
    assert timedelta(seconds=15) <= first.next_attempt_at - NOW <= timedelta(seconds=31)

    assert try_to_deliver(cast, due, recorder, first.next_attempt_at) is DeliveryState.PENDING
    second = stored(cast, due)
    assert second.next_attempt_at is not None
    assert timedelta(seconds=30) <= second.next_attempt_at - first.next_attempt_at <= timedelta(seconds=61)

    assert try_to_deliver(cast, due, recorder, second.next_attempt_at) is DeliveryState.SENT
    assert stored(cast, due).failure == ""
    assert len({message.id for message, _ in recorder.sent}) == 1


def test_a_failure_that_cannot_pass_is_final(cast: Cast, due: Delivery) -> None:
    recorder = Recorder([DeliveryFailed(Failure.REFUSED, "HTTP 410", permanent=True)])

    assert try_to_deliver(cast, due, recorder) is DeliveryState.FAILED
    assert try_to_deliver(cast, due, recorder, NOW + timedelta(days=1)) is None


def test_a_message_is_given_up_after_the_last_attempt(cast: Cast) -> None:
    with inside(cast.acme):
        old = make_delivery(next_attempt_at=NOW, attempt=MAX_ATTEMPTS - 1)

    assert try_to_deliver(cast, old, Recorder([unavailable()])) is DeliveryState.FAILED


def test_nothing_is_sent_to_a_channel_that_was_disabled_meanwhile(cast: Cast) -> None:
    with inside(cast.acme):
        due = make_delivery(make_channel(state=ChannelState.DISABLED), next_attempt_at=NOW)
    recorder = Recorder()

    assert try_to_deliver(cast, due, recorder) is DeliveryState.FAILED
    assert recorder.sent == []
    assert stored(cast, due).failure == Failure.CHANNEL_DISABLED


def test_a_channel_says_since_when_nothing_arrives(cast: Cast, due: Delivery) -> None:
    recorder = Recorder([unavailable(), unavailable()])
    try_to_deliver(cast, due, recorder)
    since = stored(cast, due).channel.failing_since
    assert since is not None

    try_to_deliver(cast, due, recorder, NOW + timedelta(minutes=5))
    assert stored(cast, due).channel.failing_since == since

    try_to_deliver(cast, due, recorder, NOW + timedelta(minutes=10))
    assert stored(cast, due).channel.failing_since is None


def test_the_message_is_sent_outside_any_transaction(cast: Cast, due: Delivery) -> None:
    in_transaction: list[bool] = []
    # The test's own transaction is around everything; ours would be a savepoint inside it.
    recorder = Recorder(meanwhile=lambda: in_transaction.append(len(connection.savepoint_ids) > 0))

    try_to_deliver(cast, due, recorder)

    assert in_transaction == [False]


def test_a_worker_that_died_between_sending_and_writing_down_is_followed_by_another(cast: Cast, due: Delivery) -> None:
    def die() -> None:
        raise KeyboardInterrupt

    dying, next_one = Recorder(meanwhile=die), Recorder()
    with pytest.raises(KeyboardInterrupt):
        try_to_deliver(cast, due, dying)
    assert stored(cast, due).state == DeliveryState.SENDING

    # While the lease lasts nobody knows whether it is dead or slow.
    assert try_to_deliver(cast, due, next_one, NOW + LEASE - timedelta(seconds=1)) is None
    assert try_to_deliver(cast, due, next_one, NOW + LEASE) is DeliveryState.SENT

    # The receiver got it twice, under one id.
    assert dying.sent[0][0].id == next_one.sent[0][0].id
    assert stored(cast, due).attempt == 2


def test_a_worker_that_was_slow_does_not_overwrite_what_its_follower_found(cast: Cast, due: Delivery) -> None:
    follower = Recorder()
    slow = Recorder(
        [DeliveryFailed(Failure.REFUSED, permanent=True)],
        meanwhile=lambda: try_to_deliver(cast, due, follower, NOW + LEASE),
    )

    try_to_deliver(cast, due, slow)

    row = stored(cast, due)
    assert row.state == DeliveryState.SENT
    assert row.failure == ""


def test_a_message_that_kills_every_worker_is_given_up(cast: Cast) -> None:
    with inside(cast.acme):
        poison = make_delivery(state=DeliveryState.SENDING, attempt=MAX_ATTEMPTS, lease_until=NOW, next_attempt_at=None)
    recorder = Recorder()

    assert try_to_deliver(cast, poison, recorder) is DeliveryState.FAILED
    assert recorder.sent == []
    assert stored(cast, poison).failure == Failure.INTERRUPTED


def test_what_is_due_is_what_waits_and_what_was_abandoned(cast: Cast) -> None:
    with inside(cast.acme):
        waiting = make_delivery(next_attempt_at=NOW)
        abandoned = make_delivery(state=DeliveryState.SENDING, lease_until=NOW, next_attempt_at=NOW)
        make_delivery(next_attempt_at=NOW + timedelta(seconds=1))
        make_delivery(state=DeliveryState.SENDING, lease_until=NOW + timedelta(seconds=1))
        make_delivery(state=DeliveryState.SENT)
        make_delivery(state=DeliveryState.FAILED)

        assert set(list_due_delivery_ids(now=NOW)) == {waiting.pk, abandoned.pk}


def test_a_message_of_globex_cannot_be_sent_from_acme(cast: Cast) -> None:
    with inside(cast.globex):
        theirs = make_delivery()
    recorder = Recorder()

    assert try_to_deliver(cast, theirs, recorder) is None
    assert recorder.sent == []


@pytest.mark.parametrize("state", [DeliveryState.SENT, DeliveryState.FAILED])
def test_a_person_can_have_a_message_sent_again_under_its_id(cast: Cast, state: DeliveryState) -> None:
    with inside(cast.acme):
        old = make_delivery(state=state, attempt=MAX_ATTEMPTS, next_attempt_at=None)
        replay_delivery(actor=cast.ada_acts, delivery_id=old.pk, now=NOW)
        assert AuditEvent.objects.filter(verb="delivery.replayed", target=f"delivery:{old.pk}").exists()
    recorder = Recorder()

    assert try_to_deliver(cast, old, recorder) is DeliveryState.SENT
    assert recorder.sent[0][0].id == old.message_id


def test_what_is_on_its_way_is_not_sent_again(cast: Cast, due: Delivery) -> None:
    with inside(cast.acme), pytest.raises(DeliveryUnderWay):
        replay_delivery(actor=cast.ada_acts, delivery_id=due.pk, now=NOW)


def test_nothing_is_sent_again_to_a_disabled_channel(cast: Cast) -> None:
    with inside(cast.acme):
        old = make_delivery(make_channel(state=ChannelState.DISABLED), state=DeliveryState.FAILED)
        with pytest.raises(ChannelDisabled):
            replay_delivery(actor=cast.ada_acts, delivery_id=old.pk, now=NOW)


def test_a_delivery_of_globex_is_not_there_for_acme(cast: Cast) -> None:
    with inside(cast.globex):
        theirs = make_delivery(state=DeliveryState.FAILED)
    with inside(cast.acme), pytest.raises(DeliveryNotFound):
        replay_delivery(actor=cast.ada_acts, delivery_id=theirs.pk, now=NOW)


def test_the_log_is_read_page_by_page(cast: Cast) -> None:
    with inside(cast.acme):
        channel = make_channel()
        ids = [make_delivery(channel).pk for _ in range(5)]
        first = list_deliveries(channel.pk, limit=3)
        second = list_deliveries(channel.pk, limit=3, after=first.next)

    assert [row.id for row in (*first.rows, *second.rows)] == list(reversed(ids))
    assert second.next is None


@pytest.mark.django_db(databases=["default", "owner"], transaction=True)
def test_of_many_workers_one_sends(cast: Cast) -> None:
    with inside(cast.acme):
        due = make_delivery(next_attempt_at=NOW)
    recorder, barrier = Recorder(), threading.Barrier(6)

    def work() -> None:
        barrier.wait()
        try_to_deliver(cast, due, recorder)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)

    assert len(recorder.sent) == 1
    assert stored(cast, due).attempt == 1
    with inside(cast.acme):
        assert NotificationChannel.objects.get().failing_since is None
