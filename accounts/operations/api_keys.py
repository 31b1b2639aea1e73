"""Issue an API key (secret shown once), revoke it, note its use."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Q

from accounts.domain.api_keys import ALPHABET, PREFIX_LENGTH, SECRET_LENGTH, ApiKeyText, check_issue, hash_secret
from accounts.domain.audit import Actor
from accounts.domain.names import clean_name
from accounts.domain.roles import Permission
from accounts.models import ApiKey
from accounts.operations.audit import record_event
from accounts.queries.api_keys import ApiKeyNotFound
from accounts.tenancy.context import current_organization_id

# The page says when a key was last used to the minute; noting every call would make every read a write.
NOTED_AT_MOST_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedApiKey:
    """A new key. `text` is the only copy of the secret that there will ever be: show it, then let it go."""

    id: int
    name: str
    prefix: str
    text: str = field(repr=False)


def issue_api_key(
    *,
    actor: Actor,
    issuer: Collection[Permission],
    name: str,
    scopes: Collection[Permission],
    expires_at: datetime | None,
    issuer_expires_at: datetime | None = None,
    now: datetime,
) -> IssuedApiKey:
    """Issue a key with rights that the issuer holds; one that a key issues does not outlive it.

    Raises NameMissing, NameTooLong, NoScopes, ScopesBeyondIssuer, ExpiryInPast, ExpiryBeyondIssuer.
    """
    name = clean_name(name)
    check_issue(scopes=scopes, issuer=issuer, expires_at=expires_at, issuer_expires_at=issuer_expires_at, now=now)
    text = ApiKeyText(
        organization_id=current_organization_id(), prefix=_random(PREFIX_LENGTH), secret=_random(SECRET_LENGTH)
    )
    row = ApiKey.objects.create(
        name=name,
        prefix=text.prefix,
        secret_hash=hash_secret(text.secret),
        scopes=sorted(set(scopes)),
        created_by=actor.label,
        expires_at=expires_at,
    )
    record_event(
        actor=actor,
        verb="api_key.issued",
        target=f"api_key:{row.pk}",
        after={
            "name": name,
            "prefix": text.prefix,
            "scopes": list(row.scopes),
            "expires_at": expires_at.isoformat() if expires_at else None,
        },
    )
    return IssuedApiKey(id=row.pk, name=name, prefix=text.prefix, text=str(text))


def revoke_api_key(*, actor: Actor, api_key_id: int, now: datetime) -> int | None:
    """Shut a key for ever; return the audit line's id, None when it is revoked already. Raises ApiKeyNotFound."""
    row = ApiKey.objects.select_for_update().filter(id=api_key_id).first()
    if row is None:
        raise ApiKeyNotFound
    if row.revoked_at is not None:
        return None
    row.revoked_at = now
    row.save(update_fields=["revoked_at"])
    return record_event(
        actor=actor,
        verb="api_key.revoked",
        target=f"api_key:{row.pk}",
        before={"name": row.name, "prefix": row.prefix},
    )


def note_api_key_use(*, api_key_id: int, now: datetime) -> None:
    """Remember that a key was used, once a minute at most."""
    ApiKey.objects.filter(
        Q(last_used_at__isnull=True) | Q(last_used_at__lte=now - NOTED_AT_MOST_EVERY), id=api_key_id
    ).update(last_used_at=now)


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))
