"""Shape of a key, its public prefix, how it is hashed and compared."""

from __future__ import annotations

import hmac
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
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


def check_issue(
    *, scopes: Collection[Permission], issuer: Collection[Permission], expires_at: datetime | None, now: datetime
) -> None:
    """Check what a new key may do and until when. Raises NoScopes, ScopesBeyondIssuer, ExpiryInPast."""
    if not scopes:
        raise NoScopes(field="scopes")
    beyond = sorted(set(scopes) - set(issuer))
    if beyond:
        raise ScopesBeyondIssuer(field="scopes", scopes=", ".join(beyond))
    if expires_at is not None and expires_at <= now:
        raise ExpiryInPast(field="expires_at")
