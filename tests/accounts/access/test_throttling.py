"""A key may ask so often a minute: every answer says how often still, and one that is too many says when again."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import Any
from unittest import mock

import pytest
import time_machine
from django.core.cache import cache
from redis.exceptions import ConnectionError as RedisIsAway

from tests.accounts.access.probes import PROBES, client_of, issue, problem
from tests.cast import NOW, Cast

pytestmark = [pytest.mark.urls("tests.accounts.access.probes"), pytest.mark.django_db]


def left(response: Any) -> tuple[str, str]:
    return response["RateLimit-Policy"], response["RateLimit"]


def test_a_key_learns_what_it_may_still_ask_and_is_slowed_beyond_it(cast: Cast, settings: Any) -> None:
    settings.API_REQUESTS_A_MINUTE = 2
    client, other = client_of(issue(cast)), client_of(issue(cast))
    with time_machine.travel(NOW, tick=False) as clock:
        clock.shift(timedelta(seconds=15))
        answers = [client.get(PROBES), client.get(PROBES, {"nonsense": 1})]
        slowed = client.get(PROBES)

        assert [left(answer) for answer in answers] == [
            ('"key";q=2;w=60', '"key";r=1;t=45'),
            ('"key";q=2;w=60', '"key";r=0;t=45'),
        ]
        problem(slowed, HTTPStatus.TOO_MANY_REQUESTS, "too_many_requests")
        assert slowed["Retry-After"] == "45"
        assert left(slowed) == ('"key";q=2;w=60', '"key";r=0;t=45')
        assert other.get(PROBES).status_code == HTTPStatus.OK

        clock.shift(timedelta(seconds=45))
        assert client.get(PROBES).status_code == HTTPStatus.OK


def test_a_refused_key_learns_of_no_limit() -> None:
    assert "RateLimit" not in client_of("wrong").get(PROBES)


def test_what_cannot_be_counted_keeps_nobody_out(cast: Cast) -> None:
    client = client_of(issue(cast))
    with mock.patch.object(cache, "add", side_effect=RedisIsAway):
        answer = client.get(PROBES)

    assert answer.status_code == HTTPStatus.OK


def test_no_answer_is_kept_on_the_way(cast: Cast) -> None:
    assert client_of(issue(cast)).get(PROBES)["Cache-Control"] == "no-store"
