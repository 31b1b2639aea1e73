"""`Announcement`: somebody said that prices go down, for what, by how much and from when."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from accounts.tenancy.managers import TenantManager
from accounts.tenancy.models import TenantModel
from billing.domain.announcements import AnnouncementOrigin
from billing.domain.dimensions import Provider


def texts() -> ArrayField[list[str], list[str]]:
    """A list of codes; empty is all of them."""
    return ArrayField(models.CharField(max_length=128), default=list, blank=True)


class Announcement(TenantModel):
    """An announced price cut. Registered by a person or taken from a price list; withdrawn, never deleted."""

    origin = models.CharField(max_length=16, choices=[(one.value, one.value) for one in AnnouncementOrigin])
    title = models.CharField(max_length=120)
    provider = models.CharField(max_length=24, choices=[(one.value, one.value) for one in Provider])
    publishers = texts()
    model_ids = texts()
    routing_class = models.CharField(max_length=16, blank=True)
    tiers = texts()
    aws_regions = texts()
    token_classes = texts()
    context_band = models.CharField(max_length=16, blank=True)
    # Of the price, in percent: 25 is a quarter off.
    percent = models.DecimalField(max_digits=7, decimal_places=4)
    # UTC days, as bills have them; `ends` is the first day on which it no longer holds.
    first_day = models.DateField()
    ends = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=500, blank=True)
    # What a price list said, so that it is said once; empty for what a person registered.
    listed_as = models.CharField(max_length=64, blank=True)
    registered_by = models.CharField(max_length=254)
    registered_at = models.DateTimeField()
    withdrawn_by = models.CharField(max_length=254, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[TenantManager[Announcement]] = TenantManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["organization", "listed_as"], condition=~Q(listed_as=""), name="announcement_listed_once"
            ),
            models.CheckConstraint(
                condition=Q(percent__gt=0) & Q(percent__lte=100), name="announcement_percent_is_a_cut"
            ),
            models.CheckConstraint(
                condition=Q(ends__isnull=True) | Q(ends__gt=F("first_day")), name="announcement_has_a_length"
            ),
        ]

    def __str__(self) -> str:
        return self.title
