"""One function per model of the ground floor: everything needed and nothing more; inside a tenant transaction."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count

from accounts.domain.audit import ActorKind
from accounts.domain.roles import Permission, Role
from accounts.models import (
    ApiKey,
    AuditEvent,
    CostCenter,
    CostCenterPlacement,
    IdempotencyRecord,
    Invitation,
    Membership,
    Organization,
    User,
)

_serial = count(1)


def make_organization(*, slug: str | None = None, **fields: object) -> Organization:
    slug = slug or f"organization-{next(_serial)}"
    return Organization.objects.create(slug=slug, name=str(fields.pop("name", slug.title())), **fields)


def make_user(*, email: str | None = None, **fields: object) -> User:
    return User.objects.create_user(email or f"user-{next(_serial)}@example.test", "correct horse battery", **fields)


def make_membership(*, user: User | None = None, role: Role = Role.VIEWER) -> Membership:
    return Membership.objects.create(user=user or make_user(), role=role)


def make_invitation(*, email: str | None = None, role: Role = Role.VIEWER, **fields: object) -> Invitation:
    number = next(_serial)
    created_at = fields.pop("created_at", datetime(2026, 11, 10, tzinfo=UTC))
    assert isinstance(created_at, datetime)
    defaults: dict[str, object] = {
        "invited_by": "Ada",
        "secret_salt": f"salt{number}",
        "secret_hash": f"{number:064d}",
        "created_at": created_at,
        "expires_at": created_at + timedelta(days=7),
    }
    return Invitation.objects.create(
        email=email or f"invited-{number}@example.test", role=role, **{**defaults, **fields}
    )


def make_cost_center(*, code: str | None = None, parent: CostCenter | None = None, **fields: object) -> CostCenter:
    """A center below a parent from the beginning."""
    code = code or f"center-{next(_serial)}"
    center = CostCenter.objects.create(code=code, name=str(fields.pop("name", code.title())), **fields)
    CostCenterPlacement.objects.create(cost_center=center, parent=parent)
    return center


def make_placement() -> CostCenterPlacement:
    return CostCenterPlacement.objects.get(cost_center=make_cost_center())


def make_api_key(*, scopes: list[Permission] | None = None, **fields: object) -> ApiKey:
    defaults: dict[str, object] = {
        "name": "A key",
        "prefix": f"key{next(_serial)}",
        "secret_hash": "0" * 64,
        "scopes": [scope.value for scope in scopes or [Permission.VIEW_SPEND]],
        "created_by": "ada@example.test",
    }
    return ApiKey.objects.create(**{**defaults, **fields})


def make_idempotency_record(*, api_key: ApiKey | None = None) -> IdempotencyRecord:
    return IdempotencyRecord.objects.create(
        api_key=api_key or make_api_key(),
        key=f"write-{next(_serial)}",
        request_hash="0" * 64,
        created_at=datetime(2026, 11, 10, tzinfo=UTC),
    )


def make_audit_event() -> AuditEvent:
    return AuditEvent.objects.create(
        actor_kind=ActorKind.SYSTEM, actor_label="Yosan", verb="organization.created", target="organization:1"
    )
