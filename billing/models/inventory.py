"""What was ever seen in an account: inference profiles and metrics, remembered after AWS has forgotten them."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from accounts.tenancy.managers import TenantManager
from accounts.tenancy.models import TenantModel


class InferenceProfile(TenantModel):
    """An application inference profile: CloudWatch knows it by `profile_id` only, and it may be deleted any day."""

    aws_account_id = models.CharField(max_length=12)
    aws_region = models.CharField(max_length=32)
    profile_id = models.CharField(max_length=128)
    name = models.CharField(max_length=128, blank=True)
    arn = models.CharField(max_length=512)
    # The ids that the profile's models go by, as AWS lists them: several when it copies a cross-region profile.
    model_arns = ArrayField(models.CharField(max_length=512), default=list)
    tags = models.JSONField(default=dict)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[TenantManager[InferenceProfile]] = TenantManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["organization", "aws_account_id", "aws_region", "profile_id"], name="inference_profile_unique"
            ),
        ]

    def __str__(self) -> str:
        return self.profile_id


class ObservedMetric(TenantModel):
    """A metric that once held data. ListMetrics forgets what was silent for two weeks; its past can still be read."""

    aws_account_id = models.CharField(max_length=12)
    aws_region = models.CharField(max_length=32)
    namespace = models.CharField(max_length=64)
    name = models.CharField(max_length=64)
    aws_model_id = models.CharField(max_length=512)
    # The tier that was asked for and the one that served, as AWS calls them; both empty where all traffic is counted.
    service_tier = models.CharField(max_length=64, blank=True)
    resolved_service_tier = models.CharField(max_length=64, blank=True)
    first_seen_at = models.DateTimeField()
    # The last hour that was ever read with a value in it: what is silent is asked for once a day.
    last_data_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[TenantManager[ObservedMetric]] = TenantManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=[
                    "organization",
                    "aws_account_id",
                    "aws_region",
                    "namespace",
                    "name",
                    "aws_model_id",
                    "service_tier",
                    "resolved_service_tier",
                ],
                name="observed_metric_unique",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.namespace} {self.name}"
