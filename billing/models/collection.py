"""`CollectionWindow` (what was asked of whom, its state, lease, next attempt) and `CollectionRun` (how a reading went)."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Func, Q

from accounts.tenancy.managers import TenantManager
from accounts.tenancy.models import TenantModel
from billing.domain.collection import Source, WindowState
from billing.domain.connections import Purpose


def time_range(start: str, end: str) -> Func:
    """Return two columns as one half-open range of time, for an exclusion constraint; an empty end is open."""
    return Func(F(start), F(end), RangeBoundary(), function="TSTZRANGE", output_field=DateTimeRangeField())


class CollectionWindow(TenantModel):
    """One stretch of time of one source and region of one connection.

    `attempt` only ever grows: who stores must hold the attempt with which it claimed the window. `failures` counts the
    attempts since the last success, for the delay until the next one.
    """

    connection = models.ForeignKey("billing.AwsConnection", on_delete=models.CASCADE, related_name="windows")
    source = models.CharField(max_length=16, choices=[(source.value, source.value) for source in Source])
    aws_region = models.CharField(max_length=32, blank=True)
    window_start = models.DateTimeField()
    window_end = models.DateTimeField()
    filled_until = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=8, choices=[(state.value, state.value) for state in WindowState])
    attempt = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    # Handed to a worker's queue until then; keeps the planner from handing it out twice.
    offered_until = models.DateTimeField(null=True, blank=True)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=64, blank=True)
    # When the reading that is stored began, and when it was stored.
    read_at = models.DateTimeField(null=True, blank=True)
    stored_at = models.DateTimeField(null=True, blank=True)
    rows = models.PositiveIntegerField(default=0)
    # From when the prices and names are that the rows were rated with; whether one has changed since.
    rated_at = models.DateTimeField(null=True, blank=True)
    is_rating_due = models.BooleanField(default=False)

    objects: ClassVar[TenantManager[CollectionWindow]] = TenantManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            ExclusionConstraint(
                name="collection_windows_may_not_overlap",
                expressions=[
                    ("connection", RangeOperators.EQUAL),
                    ("source", RangeOperators.EQUAL),
                    ("aws_region", RangeOperators.EQUAL),
                    (time_range("window_start", "window_end"), RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(
                condition=Q(window_end__gt=F("window_start")), name="collection_window_has_a_length"
            ),
            models.CheckConstraint(
                condition=Q(filled_until__isnull=True)
                | Q(filled_until__gte=F("window_start"), filled_until__lte=F("window_end")),
                name="collection_window_filled_within",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in WindowState]), name="collection_window_state_known"
            ),
            models.CheckConstraint(
                condition=Q(source__in=[source.value for source in Source]), name="collection_window_source_known"
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization", "next_attempt_at"],
                condition=Q(state__in=[WindowState.DUE.value, WindowState.STARTED.value]),
                name="collection_window_open",
            ),
            models.Index(
                fields=["organization", "window_start"],
                condition=Q(is_rating_due=True),
                name="collection_window_rating_due",
            ),
            # A connection has a window for each region and day of its life, and every page asks for the newest of them.
            models.Index(
                fields=["organization", "connection", "source", "aws_region", "-window_start"],
                name="collection_window_newest",
            ),
            models.Index(
                fields=["organization", "window_start"],
                condition=Q(filled_until__isnull=True) | Q(filled_until__lt=F("window_end")),
                name="collection_window_unfilled",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.aws_region} {self.window_start:%Y-%m-%d}"


class CollectionRun(TenantModel):
    """One reading of a window: when, what came of it, what was left aside, and what AWS charges the customer for it."""

    window = models.ForeignKey(CollectionWindow, on_delete=models.CASCADE, related_name="runs")
    attempt = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    outcome = models.CharField(max_length=32)
    detail = models.CharField(max_length=500, blank=True)
    rows = models.PositiveIntegerField(default=0)
    rejected_count = models.PositiveIntegerField(default=0)
    # The first hundred of each, as the page shows them.
    rejected = models.JSONField(default=list)
    unrated_count = models.PositiveIntegerField(default=0)
    unrated = models.JSONField(default=list)
    # What was stored, but not as it was told, or told and left out, with the reason; nothing here was lost.
    notes = models.JSONField(default=list)
    # Whether everything was asked for, and not only what says how much is spent.
    is_whole = models.BooleanField(default=True, db_default=True)
    purpose = models.CharField(
        max_length=8,
        choices=[(purpose.value, purpose.value) for purpose in Purpose],
        default=Purpose.PRESENT.value,
        db_default=Purpose.PRESENT.value,
    )
    api_calls = models.PositiveIntegerField(default=0)
    # What costs: metrics asked for by GetMetricData, and requests to Cost Explorer, each page one.
    metrics_requested = models.PositiveIntegerField(default=0)
    cost_explorer_requests = models.PositiveIntegerField(default=0)
    aws_charge_usd = models.DecimalField(max_digits=12, decimal_places=6, default=0)

    objects: ClassVar[TenantManager[CollectionRun]] = TenantManager()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["window", "attempt"], name="collection_run_once_per_attempt"),
        ]
        indexes = [
            # With what the month's readings cost, so that their sum is read out of the index alone.
            models.Index(
                fields=["organization", "finished_at"],
                include=["window", "aws_charge_usd"],
                name="collection_run_charges",
            )
        ]
