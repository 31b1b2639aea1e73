"""When a repeated write gets the first one's answer."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.domain.idempotency import (
    CLAIM_LEASE,
    REMEMBERED_FOR,
    IdempotencyKeyMalformed,
    check_key,
    hash_request,
    is_abandoned,
    is_forgotten,
)
from tests.cast import NOW


@pytest.mark.parametrize("key", ["", "a b", "naïve", "x" * 256, "a\n"])
def test_what_cannot_be_a_header_is_no_key(key: str) -> None:
    with pytest.raises(IdempotencyKeyMalformed) as refusal:
        check_key(key)

    assert refusal.value.field == "Idempotency-Key"


@pytest.mark.parametrize("key", ["1", "7d9f1c1e-0a3b-4a7f-9d0e-0d2b3c4d5e6f", "x" * 255])
def test_any_printable_text_is_a_key(key: str) -> None:
    check_key(key)


def test_two_requests_are_the_same_in_method_address_and_body() -> None:
    first = hash_request(method="POST", path="/a/", body=b"{}")

    assert hash_request(method="POST", path="/a/", body=b"{}") == first
    assert hash_request(method="PUT", path="/a/", body=b"{}") != first
    assert hash_request(method="POST", path="/b/", body=b"{}") != first
    assert hash_request(method="POST", path="/a/", body=b"{ }") != first


def test_an_answer_is_forgotten_and_a_claim_abandoned_when_their_time_is_over() -> None:
    second = timedelta(seconds=1)

    assert is_forgotten(created_at=NOW, now=NOW + REMEMBERED_FOR)
    assert not is_forgotten(created_at=NOW, now=NOW + REMEMBERED_FOR - second)
    assert is_abandoned(created_at=NOW, now=NOW + CLAIM_LEASE)
    assert not is_abandoned(created_at=NOW, now=NOW + CLAIM_LEASE - second)
