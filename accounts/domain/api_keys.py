"""Shape of a key, its public prefix, how it is hashed and compared."""

from __future__ import annotations

import hmac
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from uuid import UUID

from accounts.domain.errors import Invalid
from accounts.domain.roles import Permission
from accounts.domain.text import gettext_noop

PREFIX_LENGTH = 8
# 40 signs of 62 are 238 bits: beyond guessing, so one round of SHA-256 is enough to store the secret.
SECRET_LENGTH = 40
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
KEY_TEXT = re.compile(
    rf"yosan_(?P<organization>[0-9a-f]{{32}})_(?P<prefix>[0-9A-Za-z]{{{PREFIX_LENGTH}}})"
    rf"_(?P<secret>[0-9A-Za-z]{{{SECRET_LENGTH}}})"
)


class MalformedApiKey(Invalid):
    """The text cannot be one of our keys."""

    code = "api_key_malformed"
    message = gettext_noop("This is not an API key of Yosan.")


class NoScopes(Invalid):
    """A key without a right could do nothing; empty never means everything."""

    code = "api_key_without_scopes"
    message = gettext_noop("Choose at least one right for the key.")


class ScopesBeyondIssuer(Invalid):
    """Nobody hands out what he does not hold."""

    code = "api_key_scopes_beyond_issuer"
    message = gettext_noop("You cannot give a key rights that you do not have: %(scopes)s.")


class ExpiryInPast(Invalid):
    """The key would be dead on arrival."""

    code = "api_key_expiry_in_past"
    message = gettext_noop("The expiry date must lie in the future.")


class ExpiryBeyondIssuer(Invalid):
    """A key that issued one which outlives it would never really expire."""

    code = "api_key_expiry_beyond_issuer"
    message = gettext_noop("A key cannot issue one that lives longer than itself, until %(limit)s.")


class ApiKeyState(StrEnum):
    """What a key opens: something, or nothing any more."""

    IN_FORCE = "IN_FORCE"
    EXPIRED = "EXPIRED"
    REVOKED = "REVOKED"


# How rights are put together where they are chosen; to close the organization is for people only.
SCOPE_GROUPS: tuple[tuple[str, tuple[Permission, ...]], ...] = (
    (gettext_noop("See"), (Permission.VIEW_SPEND, Permission.VIEW_MEMBERS, Permission.VIEW_AUDIT_LOG)),
    (
        gettext_noop("Plan and control"),
        (
            Permission.EDIT_BUDGETS,
            Permission.EDIT_ALERTS,
            Permission.EDIT_CHANNELS,
            Permission.EDIT_SHARED_VIEWS,
        ),
    ),
    (
        gettext_noop("Say what things cost and who pays"),
        (
            Permission.EDIT_COST_CENTERS,
            Permission.EDIT_PRICES,
            Permission.EDIT_EXCHANGE_RATES,
            Permission.EDIT_COST_IMPORTS,
            Permission.EDIT_RECONCILIATION,
            Permission.CLOSE_MONTHS,
        ),
    ),
    (
        gettext_noop("Administer"),
        (
            Permission.EDIT_CONNECTIONS,
            Permission.SEND_USAGE,
            Permission.EDIT_MEMBERS,
            Permission.EDIT_API_KEYS,
            Permission.EDIT_ORGANIZATION,
        ),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyText:
    """What a client sends. The organization's id stands in it so that the door can name the organization first."""

    organization_id: UUID
    prefix: str
    secret: str = field(repr=False)

    def __str__(self) -> str:
        return f"yosan_{self.organization_id.hex}_{self.prefix}_{self.secret}"


def parse_api_key(text: str) -> ApiKeyText:
    """Return the parts of a key's text. Raises MalformedApiKey, which does not repeat the text."""
    match = KEY_TEXT.fullmatch(text)
    if match is None:
        raise MalformedApiKey
    return ApiKeyText(organization_id=UUID(match["organization"]), prefix=match["prefix"], secret=match["secret"])


def hash_secret(secret: str) -> str:
    """Return what is stored in place of the secret."""
    return sha256(secret.encode()).hexdigest()


def is_secret(secret: str, *, secret_hash: str) -> bool:
    """Return whether a secret has this hash, in the same time whatever the answer."""
    return hmac.compare_digest(hash_secret(secret), secret_hash)


def is_in_force(*, expires_at: datetime | None, revoked_at: datetime | None, now: datetime) -> bool:
    """Return whether a key opens anything now; the expiry itself is already too late."""
    return revoked_at is None and (expires_at is None or now < expires_at)


def state_of(*, expires_at: datetime | None, revoked_at: datetime | None, now: datetime) -> ApiKeyState:
    """Return what a key opens now; one that was revoked stays so after its expiry."""
    if revoked_at is not None:
        return ApiKeyState.REVOKED
    if not is_in_force(expires_at=expires_at, revoked_at=revoked_at, now=now):
        return ApiKeyState.EXPIRED
    return ApiKeyState.IN_FORCE


def check_issue(
    *,
    scopes: Collection[Permission],
    issuer: Collection[Permission],
    expires_at: datetime | None,
    issuer_expires_at: datetime | None = None,
    now: datetime,
) -> None:
    """Check what a new key may do and until when: nobody hands out more, or for longer, than he holds.

    Raises NoScopes, ScopesBeyondIssuer, ExpiryInPast, ExpiryBeyondIssuer.
    """
    if not scopes:
        raise NoScopes(field="scopes")
    beyond = sorted(set(scopes) - set(issuer))
    if beyond:
        raise ScopesBeyondIssuer(field="scopes", scopes=", ".join(beyond))
    if expires_at is not None and expires_at <= now:
        raise ExpiryInPast(field="expires_at")
    if issuer_expires_at is not None and (expires_at is None or expires_at > issuer_expires_at):
        raise ExpiryBeyondIssuer(field="expires_at", limit=issuer_expires_at.isoformat())
