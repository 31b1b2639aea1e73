"""`FoundationModel`; `ModelPrice`, `LearntRate`, `PriceOverride` (effective-dated, no overlaps); `RateCard` (what a row was rated with)."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, RangeOperators
from django.db import models
from django.db.models import F, Q

from accounts.tenancy.managers import TenantManager
from accounts.tenancy.models import TenantModel
from billing.domain.dimensions import ContextBand, PriceOrigin, RoutingClass, Tier, TokenClass
from billing.domain.price_lists import PriceListState
from billing.models.collection import time_range

PRICE_KEY = ["model_id", "aws_region", "routing_class", "tier", "token_class", "context_band"]


class FoundationModel(models.Model):
    """A model that the catalog knows, by its canonical id. Global: written by the sync of the price table only."""

    model_id = models.CharField(max_length=128, primary_key=True)
    display_name = models.CharField(max_length=128)
    publisher = models.CharField(max_length=64)
    aws_model_ids = ArrayField(models.CharField(max_length=128))
    legacy_date = models.DateField(null=True, blank=True)
    extended_access_date = models.DateField(null=True, blank=True)
    end_of_life_date = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=255)
    source_date = models.DateField()

    def __str__(self) -> str:
        return self.model_id


class PriceFields(models.Model):
    """What a price is, listed or overridden: the key, the rate, and the time in which it is in force."""

    model_id = models.CharField(max_length=128)
    # A region or a pattern of regions: `*`, `us-*`.
    aws_region = models.CharField(max_length=32)
    routing_class = models.CharField(max_length=16, choices=[(item.value, item.value) for item in RoutingClass])
    tier = models.CharField(max_length=24, choices=[(item.value, item.value) for item in Tier])
    token_class = models.CharField(max_length=24, choices=[(item.value, item.value) for item in TokenClass])
    context_band = models.CharField(max_length=16, choices=[(item.value, item.value) for item in ContextBand])
    rate_usd_per_million = models.DecimalField(max_digits=24, decimal_places=12)
    currency = models.CharField(max_length=3, default="USD")
    effective_from = models.DateTimeField()
    effective_to = models.DateTimeField(null=True, blank=True)
    source = models.CharField(max_length=255)
    source_date = models.DateField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.model_id} {self.aws_region} {self.token_class} {self.rate_usd_per_million}"


class ModelPrice(PriceFields):
    """A published price. Global: readable to all, written by the syncs of the committed table and of AWS's Price List."""

    origin = models.CharField(
        max_length=16,
        choices=[(item.value, item.value) for item in (PriceOrigin.PRICE_LIST, PriceOrigin.COMMITTED)],
        default=PriceOrigin.COMMITTED.value,
        db_default=PriceOrigin.COMMITTED.value,
    )
    # When the sync wrote the row: what was rated before is rated again.
    listed_at = models.DateTimeField()

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="model_prices_may_not_overlap",
                expressions=[
                    ("origin", RangeOperators.EQUAL),
                    *((column, RangeOperators.EQUAL) for column in PRICE_KEY),
                    (time_range("effective_from", "effective_to"), RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(condition=Q(rate_usd_per_million__gte=0), name="model_price_not_negative"),
            models.CheckConstraint(
                condition=Q(effective_to__isnull=True) | Q(effective_to__gt=F("effective_from")),
                name="model_price_has_a_length",
            ),
        ]


class PriceListReading(models.Model):
    """How the last reading of AWS's Price List went, and what it came to. Global: one row, written by that sync only."""

    state = models.CharField(max_length=16, choices=[(item.value, item.value) for item in PriceListState])
    tried_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)
    detail = models.CharField(max_length=300, blank=True)
    products = models.PositiveIntegerField(default=0)
    prices = models.PositiveIntegerField(default=0)
    # {reason: products}: what of the list gives no price of tokens.
    left_out = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.state} at {self.tried_at}"


class LearntRate(PriceFields, TenantModel):
    """What an organization's bill says that a million tokens cost, from a UTC day on, with the lines that say so."""

    # The evidence: first and last day, how many days, and what they add up to.
    first_day = models.DateField()
    last_day = models.DateField()
    days = models.PositiveIntegerField()
    cost = models.DecimalField(max_digits=38, decimal_places=18)
    tokens = models.DecimalField(max_digits=38, decimal_places=18)
    series_ids = ArrayField(models.BigIntegerField())
    # AWS may still change the last day's figures.
    is_estimated = models.BooleanField()
    # It was the published price, to within what amounts of the bill can tell, when it was last seen.
    is_list_rate = models.BooleanField()
    learnt_at = models.DateTimeField()

    objects: ClassVar[TenantManager[LearntRate]] = TenantManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            ExclusionConstraint(
                name="learnt_rates_may_not_overlap",
                expressions=[
                    ("organization", RangeOperators.EQUAL),
                    *((column, RangeOperators.EQUAL) for column in PRICE_KEY),
                    (time_range("effective_from", "effective_to"), RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(condition=Q(rate_usd_per_million__gt=0), name="learnt_rate_positive"),
            models.CheckConstraint(
                condition=Q(effective_to__isnull=True) | Q(effective_to__gt=F("effective_from")),
                name="learnt_rate_has_a_length",
            ),
        ]


class RateLearning(TenantModel):
    """Whether the bill has changed since rates were last learnt from it: one row for each organization that has a bill."""

    is_due = models.BooleanField(default=True)
    learnt_at = models.DateTimeField(null=True, blank=True)
    # When it was last looked for rates that moved.
    moves_found_at = models.DateTimeField(null=True, blank=True)
    # Days whose cost and quantity could not be believed: a thousandth or a thousandfold of the published price.
    days_refused = models.PositiveIntegerField(default=0)

    objects: ClassVar[TenantManager[RateLearning]] = TenantManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["organization"], name="rate_learning_unique"),
        ]

    def __str__(self) -> str:
        return "due" if self.is_due else f"learnt at {self.learnt_at}"


class PriceOverride(PriceFields, TenantModel):
    """An organization's own price, in force instead of the published one."""

    entered_by = models.CharField(max_length=254)
    entered_at = models.DateTimeField()
    # What was typed, where that was not dollars per million tokens; the rate beside it is what came of it.
    entered_amount = models.DecimalField(max_digits=24, decimal_places=12, null=True, blank=True)
    entered_currency = models.CharField(max_length=3, blank=True)
    entered_unit = models.CharField(max_length=16, blank=True)
    units_per_usd = models.DecimalField(max_digits=20, decimal_places=8, null=True, blank=True)

    objects: ClassVar[TenantManager[PriceOverride]] = TenantManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            ExclusionConstraint(
                name="price_overrides_may_not_overlap",
                expressions=[
                    ("organization", RangeOperators.EQUAL),
                    *((column, RangeOperators.EQUAL) for column in PRICE_KEY),
                    (time_range("effective_from", "effective_to"), RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(condition=Q(rate_usd_per_million__gte=0), name="price_override_not_negative"),
            models.CheckConstraint(
                condition=Q(effective_to__isnull=True) | Q(effective_to__gt=F("effective_from")),
                name="price_override_has_a_length",
            ),
        ]


class RateCard(TenantModel):
    """The rates that hourly facts were rated with: immutable, found again by what it says (`fingerprint`)."""

    # A card is added and read, never changed: facts name it.
    application_rights = "SELECT, INSERT"

    fingerprint = models.CharField(max_length=64)
    model_id = models.CharField(max_length=128)
    aws_region = models.CharField(max_length=32)
    routing_class = models.CharField(max_length=16)
    tier = models.CharField(max_length=24)
    valid_from = models.DateTimeField(null=True, blank=True)
    valid_to = models.DateTimeField(null=True, blank=True)
    # {token class: {"rate": "3.30" or null, "origin": …, "source": …, "is_assumed": …}}: what people are shown.
    rates = models.JSONField()
    # The same as columns, for the statements that add the assumed part up.
    is_assumed_input = models.BooleanField()
    is_assumed_output = models.BooleanField()
    is_assumed_cache_read = models.BooleanField()
    is_assumed_cache_write = models.BooleanField()
    is_assumed_cache_write_5m = models.BooleanField()
    is_assumed_cache_write_1h = models.BooleanField()

    objects: ClassVar[TenantManager[RateCard]] = TenantManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["organization", "fingerprint"], name="rate_card_unique"),
        ]
