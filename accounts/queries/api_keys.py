"""Key by prefix; keys of an organization."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from accounts.domain.api_keys import ApiKeyState, is_in_force, state_of
from accounts.domain.errors import NotFound
from accounts.domain.pages import Page
from accounts.domain.roles import Permission
from accounts.domain.text import gettext_noop
from accounts.models import ApiKey


class ApiKeyNotFound(NotFound):
    """No such key in this organization."""

    code = "api_key_not_found"
    message = gettext_noop("There is no such API key.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyValue:
    """One key as far as it may be shown: never its secret, which is not kept."""

    id: int
    name: str
    prefix: str
    scopes: frozenset[Permission]
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None

    def is_in_force(self, now: datetime) -> bool:
        """Return whether the key opens anything now."""
        return is_in_force(expires_at=self.expires_at, revoked_at=self.revoked_at, now=now)

    def state(self, now: datetime) -> ApiKeyState:
        """Return whether the key opens anything now and, if not, why not."""
        return state_of(expires_at=self.expires_at, revoked_at=self.revoked_at, now=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredKey:
    """A key as the door needs it."""

    value: ApiKeyValue
    secret_hash: str = field(repr=False)


def find_api_key_by_prefix(prefix: str) -> StoredKey | None:
    """Return the organization's key of this prefix, in force or not, or None."""
    row = ApiKey.objects.filter(prefix=prefix).first()
    return StoredKey(value=_value(row), secret_hash=row.secret_hash) if row else None


def list_api_keys() -> tuple[ApiKeyValue, ...]:
    """Return the organization's keys, newest first, revoked and expired ones too."""
    return tuple(_value(row) for row in ApiKey.objects.order_by("-id"))


def page_api_keys(*, after: str | None = None, limit: int = 100) -> Page[ApiKeyValue]:
    """Return a page of keys, newest first."""
    rows = ApiKey.objects.order_by("-id")
    if after is not None:
        rows = rows.filter(id__lt=int(after))
    found = list(rows[: limit + 1])
    return Page(
        rows=tuple(_value(row) for row in found[:limit]),
        next=str(found[limit - 1].pk) if len(found) > limit else None,
    )


def get_api_key(api_key_id: int) -> ApiKeyValue:
    """Return one key. Raises ApiKeyNotFound."""
    row = ApiKey.objects.filter(id=api_key_id).first()
    if row is None:
        raise ApiKeyNotFound
    return _value(row)


def _value(row: ApiKey) -> ApiKeyValue:
    return ApiKeyValue(
        id=row.pk,
        name=row.name,
        prefix=row.prefix,
        # A right that was abolished since opens nothing.
        scopes=frozenset(Permission(scope) for scope in row.scopes if scope in set(Permission)),
        created_by=row.created_by,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
    )
