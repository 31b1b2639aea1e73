"""Claim a key, store the answer, replay it."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction

from accounts.domain.audit import Json
from accounts.domain.idempotency import (
    REMEMBERED_FOR,
    Claim,
    IdempotencyKeyReused,
    IdempotentRequestUnderWay,
    StoredAnswer,
    check_key,
    is_abandoned,
    is_forgotten,
)
from accounts.models import IdempotencyRecord
from accounts.tenancy.context import tenant_transaction


def claim_idempotency_key(*, api_key_id: int, key: str, request_hash: str, now: datetime) -> Claim | StoredAnswer:
    """Claim the write that a key stands for, or return the answer that it got before.

    Commit the claim before the write begins: of two requests at the same moment one gets the claim. Raises
    IdempotencyKeyMalformed, IdempotencyKeyReused, IdempotentRequestUnderWay.
    """
    check_key(key)
    IdempotencyRecord.objects.filter(api_key_id=api_key_id, created_at__lte=now - REMEMBERED_FOR).delete()
    try:
        # A savepoint, so that the transaction survives when another request was first.
        with transaction.atomic():
            row = IdempotencyRecord.objects.create(
                api_key_id=api_key_id, key=key, request_hash=request_hash, created_at=now
            )
    except IntegrityError:
        row = IdempotencyRecord.objects.select_for_update().get(api_key_id=api_key_id, key=key)
        return _repeat(row, request_hash=request_hash, now=now)
    return Claim(record_id=row.pk, claimed_at=now)


def store_answer(claim: Claim, *, status: int, body: Json) -> None:
    """Store what the write was answered, in the transaction of the write itself.

    Raises IdempotentRequestUnderWay when the claim was taken over since: then this write must not happen either.
    """
    stored = IdempotencyRecord.objects.filter(
        id=claim.record_id, created_at=claim.claimed_at, response_status__isnull=True
    ).update(response_status=status, response_body=body)
    if not stored:
        raise IdempotentRequestUnderWay


def release_claim(claim: Claim) -> None:
    """Give a claim up, so that the client may try again with the same key."""
    IdempotencyRecord.objects.filter(
        id=claim.record_id, created_at=claim.claimed_at, response_status__isnull=True
    ).delete()


def forget_answers(*, now: datetime) -> int:
    """Delete the answers of the organization in scope that are too old to be given again; return how many."""
    with tenant_transaction():
        deleted, _ = IdempotencyRecord.objects.filter(created_at__lte=now - REMEMBERED_FOR).delete()
    return deleted


def _repeat(row: IdempotencyRecord, *, request_hash: str, now: datetime) -> Claim | StoredAnswer:
    if row.request_hash != request_hash:
        raise IdempotencyKeyReused(field="Idempotency-Key")
    if row.response_status is not None:
        assert not is_forgotten(created_at=row.created_at, now=now)
        return StoredAnswer(status=row.response_status, body=row.response_body)
    if not is_abandoned(created_at=row.created_at, now=now):
        raise IdempotentRequestUnderWay
    row.created_at = now
    row.save(update_fields=["created_at"])
    return Claim(record_id=row.pk, claimed_at=now)
