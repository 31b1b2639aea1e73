"""When a repeated API write gets the first one's answer, and how long that is remembered."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from accounts.domain.audit import Json
from accounts.domain.errors import CallerError, Conflict, Invalid
from accounts.domain.text import gettext_noop

# A client that comes back later than this means a new write.
REMEMBERED_FOR = timedelta(hours=24)
# A write that takes longer has died with its process; web workers are stopped long before.
CLAIM_LEASE = timedelta(minutes=5)
KEY = re.compile(r"[\x21-\x7e]{1,255}")


class IdempotencyKeyMalformed(Invalid):
    """The header holds something that is no key."""

    code = "idempotency_key_malformed"
    message = gettext_noop("Idempotency-Key must be 1 to 255 printable ASCII characters without spaces.")


class IdempotencyKeyReused(CallerError):
    """The key belongs to another request (422): either the client counts wrongly, or it edited a retry."""

    code = "idempotency_key_reused"
    message = gettext_noop("This Idempotency-Key was used for another request. Use a new key for a new request.")


class IdempotentRequestUnderWay(Conflict):
    """The first request of this key has no answer yet."""

    code = "idempotent_request_under_way"
    message = gettext_noop("The first request with this Idempotency-Key is still being worked on. Try again shortly.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The right to do the write of one key; lost when somebody else takes it over after the lease."""

    record_id: int
    claimed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAnswer:
    """What the first request was answered."""

    status: int
    body: Json


def check_key(key: str) -> None:
    """Check the header's text. Raises IdempotencyKeyMalformed."""
    if KEY.fullmatch(key) is None:
        raise IdempotencyKeyMalformed(field="Idempotency-Key")


def hash_request(*, method: str, path: str, body: bytes) -> str:
    """Return what makes two requests the same one."""
    return sha256(b"\n".join((method.encode(), path.encode(), body))).hexdigest()


def is_forgotten(*, created_at: datetime, now: datetime) -> bool:
    """Return whether an answer is too old to be given again."""
    return created_at + REMEMBERED_FOR <= now


def is_abandoned(*, created_at: datetime, now: datetime) -> bool:
    """Return whether a claim without an answer may be taken over."""
    return created_at + CLAIM_LEASE <= now
