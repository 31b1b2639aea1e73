"""Names the models for Django; no logic."""

from accounts.models.api_keys import ApiKey
from accounts.models.audit import AuditEvent
from accounts.models.cost_centers import CostCenter, CostCenterPlacement
from accounts.models.idempotency import IdempotencyRecord
from accounts.models.invitations import Invitation
from accounts.models.memberships import Membership
from accounts.models.organizations import Organization
from accounts.models.users import User

__all__ = [
    "ApiKey",
    "AuditEvent",
    "CostCenter",
    "CostCenterPlacement",
    "IdempotencyRecord",
    "Invitation",
    "Membership",
    "Organization",
    "User",
]
