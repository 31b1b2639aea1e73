"""`AwsConnection`: a role in the customer's account that we may assume."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from accounts.tenancy.managers import TenantManager
from accounts.tenancy.models import TenantModel
from billing.domain.collection import HOURLY, ConnectionKind
from billing.domain.connections import DEFAULT_LIMIT_USD, ConnectionState


class AwsConnection(TenantModel):
    """One AWS account, entered by one role with one external id. No secret of the customer is in this row."""

    name = models.CharField(max_length=120, blank=True)
    kind = models.CharField(max_length=16, choices=[(kind.value, kind.value) for kind in ConnectionKind])
    # Empty until the customer has made the role and told us its name.
    role_arn = models.CharField(max_length=640, blank=True)
    aws_account_id = models.CharField(max_length=12, blank=True)
    external_id = models.CharField(max_length=1224)
    tag_key = models.CharField(max_length=128, default="team")
    # What the customer named, empty for "find them"; and what is read: the regions with Bedrock traffic.
    aws_regions_asked = ArrayField(models.CharField(max_length=32), default=list, blank=True)
    aws_regions = ArrayField(models.CharField(max_length=32), default=list, blank=True)
    linked_account_ids = ArrayField(models.CharField(max_length=12), default=list, blank=True)
    endpoint_url = models.CharField(max_length=255, blank=True)
    # Who we are to AWS: what the trust policy of the role has to name.
    principal_arn = models.CharField(max_length=255, blank=True)

    state = models.CharField(
        max_length=16,
        choices=[(state.value, state.value) for state in ConnectionState],
        default=ConnectionState.PENDING.value,
    )
    # Set only after we have assumed the role with this connection's own external id, and proved that it cannot be
    # assumed without: a claim that was never verified reserves nothing.
    holds_role = models.BooleanField(default=False)
    permissions_found = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    permissions_missing = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    # The most that watching would cost, as estimated when the role was tried, and what the customer lets it cost.
    polling_usd_per_month = models.DecimalField(max_digits=12, decimal_places=4, null=True, blank=True)
    watching_limit_usd = models.DecimalField(
        max_digits=8, decimal_places=2, default=DEFAULT_LIMIT_USD, db_default=DEFAULT_LIMIT_USD
    )
    # How often the present is read within that limit, and what the month comes to: what was last planned.
    reads_every_hours = models.PositiveSmallIntegerField(default=HOURLY, db_default=HOURLY)
    expected_usd_this_month = models.DecimalField(max_digits=12, decimal_places=4, null=True, blank=True)
    # The services and accounts of the bill, remembered between the look-ups that AWS charges for.
    bill_services = ArrayField(models.CharField(max_length=255), default=list, blank=True)
    bill_looked_up_at = models.DateTimeField(null=True, blank=True)
    # When the product attributes of the bill's usage types were last asked for.
    attributes_read_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=64, blank=True)
    last_error_detail = models.CharField(max_length=500, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    attempt = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True)

    created_at = models.DateTimeField()
    connected_at = models.DateTimeField(null=True, blank=True)
    scanned_at = models.DateTimeField(null=True, blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True)
    owner_told_at = models.DateTimeField(null=True, blank=True)
    disconnected_at = models.DateTimeField(null=True, blank=True)
    deletion_asked_at = models.DateTimeField(null=True, blank=True)
    data_deleted_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[TenantManager[AwsConnection]] = TenantManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            # A unique index is checked over all rows, beyond the wall: the one place where organizations meet, and only
            # over roles that were proved to belong to them.
            models.UniqueConstraint(
                fields=["role_arn"], condition=models.Q(holds_role=True), name="aws_connection_role_held_once"
            ),
            # Two roles into one account would count its tokens twice.
            models.UniqueConstraint(
                fields=["organization", "aws_account_id"],
                condition=models.Q(holds_role=True),
                name="aws_connection_account_once",
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=[kind.value for kind in ConnectionKind]), name="aws_connection_kind_known"
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=[state.value for state in ConnectionState]),
                name="aws_connection_state_known",
            ),
            models.CheckConstraint(
                condition=models.Q(aws_account_id__regex=r"^([0-9]{12})?$"), name="aws_connection_account_is_12_digits"
            ),
        ]
        indexes = [models.Index(fields=["organization", "state"], name="aws_connection_state")]

    def __str__(self) -> str:
        return f"{self.aws_account_id} {self.kind}"
