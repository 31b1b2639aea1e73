"""What a key looks like, how its secret is compared, what a new one may do."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from accounts.domain.api_keys import (
    ApiKeyText,
    ExpiryInPast,
    MalformedApiKey,
    NoScopes,
    ScopesBeyondIssuer,
    check_issue,
    hash_secret,
    is_in_force,
    is_secret,
    parse_api_key,
)
from accounts.domain.roles import Permission
from tests.cast import NOW

ORGANIZATION = UUID("0199f3a0-0000-7000-8000-000000000001")
TEXT = ApiKeyText(organization_id=ORGANIZATION, prefix="Ab12Cd34", secret="x" * 40)


def test_a_key_is_read_back_as_it_was_written() -> None:
    assert parse_api_key(str(TEXT)) == TEXT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yosan_",
        "yosan_" + "0" * 32 + "_Ab12Cd34_" + "x" * 39,
        "yosan_" + "0" * 32 + "_Ab12Cd34_" + "x" * 41,
        "yosan_" + "g" * 32 + "_Ab12Cd34_" + "x" * 40,
        " " + str(TEXT),
        str(TEXT) + "\n",
        str(TEXT).upper(),
        "x" * 10_000,
    ],
)
def test_what_is_no_key_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(MalformedApiKey) as refusal:
        parse_api_key(text)

    assert not text or text not in str(refusal.value)


def test_the_secret_does_not_show_when_a_key_is_printed_for_debugging() -> None:
    assert "x" * 40 not in repr(TEXT)


def test_only_the_right_secret_matches_its_hash() -> None:
    stored = hash_secret("right")

    assert is_secret("right", secret_hash=stored)
    assert not is_secret("wrong", secret_hash=stored)
    assert "right" not in stored


def test_a_key_ends_at_its_expiry_and_at_its_revocation() -> None:
    assert is_in_force(expires_at=None, revoked_at=None, now=NOW)
    assert is_in_force(expires_at=NOW + timedelta(seconds=1), revoked_at=None, now=NOW)
    assert not is_in_force(expires_at=NOW, revoked_at=None, now=NOW)
    assert not is_in_force(expires_at=None, revoked_at=NOW, now=NOW)


def test_nobody_hands_out_what_he_does_not_hold() -> None:
    with pytest.raises(ScopesBeyondIssuer) as refusal:
        check_issue(
            scopes=[Permission.VIEW_SPEND, Permission.EDIT_MEMBERS],
            issuer=[Permission.VIEW_SPEND],
            expires_at=None,
            now=NOW,
        )

    assert refusal.value.field == "scopes"
    assert "EDIT_MEMBERS" in str(refusal.value)
    assert "VIEW_SPEND" not in str(refusal.value)


def test_a_key_without_rights_is_refused() -> None:
    with pytest.raises(NoScopes):
        check_issue(scopes=[], issuer=list(Permission), expires_at=None, now=NOW)


def test_a_key_that_is_dead_on_arrival_is_refused() -> None:
    with pytest.raises(ExpiryInPast):
        check_issue(scopes=[Permission.VIEW_SPEND], issuer=list(Permission), expires_at=NOW, now=NOW)
