"""Claiming a key, storing the answer, giving it again."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from accounts.domain.idempotency import (
    CLAIM_LEASE,
    REMEMBERED_FOR,
    Claim,
    IdempotencyKeyMalformed,
    IdempotencyKeyReused,
    IdempotentRequestUnderWay,
    StoredAnswer,
)
from accounts.models import ApiKey, IdempotencyRecord
from accounts.operations.idempotency import claim_idempotency_key, release_claim, store_answer
from tests.cast import NOW, Cast, inside
from tests.factories.accounts import make_api_key

ONE, OTHER = "1" * 64, "2" * 64


def claim(key: ApiKey, *, request_hash: str = ONE, now: datetime = NOW) -> Claim | StoredAnswer:
    return claim_idempotency_key(api_key_id=key.pk, key="write-1", request_hash=request_hash, now=now)


def claimed(key: ApiKey) -> Claim:
    got = claim(key)
    assert isinstance(got, Claim)
    return got


def test_the_second_request_gets_the_first_answer(cast: Cast) -> None:
    with inside(cast.acme):
        key = make_api_key()
        store_answer(claimed(key), status=201, body={"id": 42})

        assert claim(key) == StoredAnswer(status=201, body={"id": 42})


def test_a_second_request_waits_for_the_first_ones_answer(cast: Cast) -> None:
    with inside(cast.acme):
        key = make_api_key()
        claimed(key)

        with pytest.raises(IdempotentRequestUnderWay):
            claim(key)


def test_a_key_belongs_to_one_request(cast: Cast) -> None:
    with inside(cast.acme):
        key = make_api_key()
        store_answer(claimed(key), status=201, body=None)

        with pytest.raises(IdempotencyKeyReused):
            claim(key, request_hash=OTHER)


def test_a_claim_that_was_given_up_can_be_had_again(cast: Cast) -> None:
    with inside(cast.acme):
        key = make_api_key()
        release_claim(claimed(key))

        assert isinstance(claim(key, request_hash=OTHER), Claim)


def test_a_claim_whose_process_died_is_taken_over_and_the_dead_one_cannot_store(cast: Cast) -> None:
    with inside(cast.acme):
        key = make_api_key()
        dead = claimed(key)
        heir = claim(key, now=NOW + CLAIM_LEASE)

        assert isinstance(heir, Claim)
        release_claim(dead)
        with pytest.raises(IdempotentRequestUnderWay):
            store_answer(dead, status=201, body=None)
        store_answer(heir, status=200, body=None)


def test_an_answer_is_forgotten_after_a_day(cast: Cast) -> None:
    with inside(cast.acme):
        key = make_api_key()
        store_answer(claimed(key), status=201, body=None)

        assert isinstance(claim(key, now=NOW + REMEMBERED_FOR - timedelta(seconds=1)), StoredAnswer)
        assert isinstance(claim(key, request_hash=OTHER, now=NOW + REMEMBERED_FOR), Claim)
        assert IdempotencyRecord.objects.count() == 1


def test_two_api_keys_do_not_share_their_keys(cast: Cast) -> None:
    with inside(cast.acme):
        store_answer(claimed(make_api_key()), status=201, body=None)

        assert isinstance(claim(make_api_key(), request_hash=OTHER), Claim)


def test_what_is_no_key_is_refused(cast: Cast) -> None:
    with inside(cast.acme), pytest.raises(IdempotencyKeyMalformed):
        claim_idempotency_key(api_key_id=make_api_key().pk, key="x" * 10_000, request_hash=ONE, now=NOW)
