"""Issuing a key, revoking it, noting its use."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.domain.api_keys import ScopesBeyondIssuer, is_secret, parse_api_key
from accounts.domain.names import NameTooLong
from accounts.domain.roles import Permission, Role, permissions_of
from accounts.models import ApiKey, AuditEvent
from accounts.operations.api_keys import IssuedApiKey, issue_api_key, note_api_key_use, revoke_api_key
from accounts.queries.api_keys import ApiKeyNotFound, find_api_key_by_prefix, get_api_key, list_api_keys
from tests.cast import NOW, Cast, inside
from tests.factories.accounts import make_api_key


def issue(cast: Cast, **changed: object) -> IssuedApiKey:
    given: dict[str, object] = {
        "actor": cast.ada_acts,
        "issuer": permissions_of(Role.OWNER),
        "name": "Chargeback",
        "scopes": [Permission.VIEW_SPEND],
        "expires_at": None,
        "now": NOW,
    }
    return issue_api_key(**{**given, **changed})  # type: ignore[arg-type] # some are wrong on purpose


def test_the_secret_is_shown_once_and_only_its_hash_is_kept(cast: Cast) -> None:
    with inside(cast.acme):
        issued = issue(cast)
        text = parse_api_key(issued.text)
        row = ApiKey.objects.get()
        stored = [*row.__dict__.values(), *(str(vars(event)) for event in AuditEvent.objects.all())]

        assert text.organization_id == cast.acme.pk
        assert is_secret(text.secret, secret_hash=row.secret_hash)
        assert not any(text.secret in str(value) for value in stored)
        assert text.secret not in repr(issued)
        assert text.secret not in repr(find_api_key_by_prefix(issued.prefix))


def test_the_log_says_what_the_key_may_do(cast: Cast) -> None:
    with inside(cast.acme):
        expires_at = NOW + timedelta(days=30)
        issued = issue(cast, expires_at=expires_at)
        event = AuditEvent.objects.get()

        assert (event.verb, event.target) == ("api_key.issued", f"api_key:{issued.id}")
        assert event.after == {
            "name": "Chargeback",
            "prefix": issued.prefix,
            "scopes": ["VIEW_SPEND"],
            "expires_at": expires_at.isoformat(),
        }


def test_no_key_gets_a_right_that_its_issuer_lacks(cast: Cast) -> None:
    with inside(cast.acme):
        with pytest.raises(ScopesBeyondIssuer):
            issue(cast, issuer=permissions_of(Role.FINANCE), scopes=[Permission.EDIT_MEMBERS])

        assert not ApiKey.objects.exists()


def test_a_name_of_ten_thousand_characters_is_refused(cast: Cast) -> None:
    with inside(cast.acme), pytest.raises(NameTooLong):
        issue(cast, name="x" * 10_000)


def test_two_keys_are_never_alike(cast: Cast) -> None:
    with inside(cast.acme):
        assert issue(cast).text != issue(cast).text


def test_a_revoked_key_stays_revoked_from_the_first_time_on(cast: Cast) -> None:
    with inside(cast.acme):
        issued = issue(cast)
        first = revoke_api_key(actor=cast.ada_acts, api_key_id=issued.id, now=NOW)
        second = revoke_api_key(actor=cast.ada_acts, api_key_id=issued.id, now=NOW + timedelta(days=1))

        assert first is not None
        assert second is None
        assert get_api_key(issued.id).revoked_at == NOW
        assert not get_api_key(issued.id).is_in_force(NOW)


def test_a_key_of_another_organization_is_not_found(cast: Cast) -> None:
    with inside(cast.globex):
        foreign = make_api_key(prefix="foreign")
    with inside(cast.acme):
        assert find_api_key_by_prefix("foreign") is None
        assert list_api_keys() == ()
        with pytest.raises(ApiKeyNotFound):
            get_api_key(foreign.pk)
        with pytest.raises(ApiKeyNotFound):
            revoke_api_key(actor=cast.ada_acts, api_key_id=foreign.pk, now=NOW)


def test_use_is_noted_once_a_minute_at_most(cast: Cast) -> None:
    with inside(cast.acme):
        key = make_api_key()
        for seconds, noted in ((0, 0), (59, 0), (60, 60), (90, 60)):
            note_api_key_use(api_key_id=key.pk, now=NOW + timedelta(seconds=seconds))

            assert get_api_key(key.pk).last_used_at == NOW + timedelta(seconds=noted)


def test_a_right_that_was_abolished_opens_nothing(cast: Cast) -> None:
    with inside(cast.acme):
        key = make_api_key()
        ApiKey.objects.filter(id=key.pk).update(scopes=["VIEW_SPEND", "FLY"])

        assert get_api_key(key.pk).scopes == {Permission.VIEW_SPEND}
