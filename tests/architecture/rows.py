"""One row of every tenant model, for the tests that try the wall on each of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

from django.db import IntegrityError, transaction

from billing.domain.dimensions import Provider, TokenClass
from billing.models import CollectionRun, CostSource, InferenceProfile, ObservedMetric, RateLearning
from forecasting.models import BacktestScore
from tests.factories import (
    accounts,
    allocation,
    billing,
    forecasting,
    imports,
    learnt_rates,
    price_events,
    reconciliation,
)

AT = datetime(2026, 11, 1, tzinfo=UTC)
PLACE = {"aws_account_id": billing.ACCOUNT, "aws_region": "us-east-1"}


def make_usage() -> None:
    billing.make_all_overrides({TokenClass.INPUT: "1"})
    billing.make_usage(billing.make_series(), {AT: 1000})


def make_window() -> object:
    return billing.make_window(billing.make_connection())


def make_run() -> object:
    window = billing.make_window(billing.make_connection())
    return CollectionRun.objects.create(
        window=window, attempt=1, started_at=AT, finished_at=AT + timedelta(seconds=1), outcome="DONE"
    )


def make_billed() -> object:
    return billing.make_billed(billing.make_connection(), {date(2026, 11, 1): "1.5"})


def make_cost_source() -> object:
    return CostSource.objects.create(name="Azure export", provider=Provider.AZURE_OPENAI, created_at=AT)


def make_rate_learning() -> object:
    return RateLearning.objects.create()


def make_assignment() -> object:
    return billing.make_assignment(billing.make_series(), accounts.make_cost_center().pk)


def make_profile() -> object:
    return InferenceProfile.objects.create(
        **PLACE, profile_id="abcdefghijkl", arn="arn:aws:bedrock:…", first_seen_at=AT, last_seen_at=AT
    )


def make_metric() -> object:
    return ObservedMetric.objects.create(
        **PLACE, namespace="AWS/Bedrock", name="Invocations", aws_model_id="amazon.nova-pro-v1:0", first_seen_at=AT
    )


def make_forecast() -> object:
    return forecasting.make_forecast(100, made_at=AT)


def make_score() -> object:
    return BacktestScore.objects.create(
        data_until=AT,
        made_at=AT,
        method="median_of_five",
        is_chosen=True,
        reason=BacktestScore._meta.get_field("reason").flatchoices[0][0],
        trials=1,
        memory_days=1,
        total_error=0.1,
        daily_error=0.1,
        bias=0.0,
    )


ROW_OF: Mapping[str, Callable[[], object]] = {
    "accounts.ApiKey": accounts.make_api_key,
    "accounts.AuditEvent": accounts.make_audit_event,
    "accounts.CostCenter": accounts.make_cost_center,
    "accounts.CostCenterPlacement": accounts.make_placement,
    "accounts.IdempotencyRecord": accounts.make_idempotency_record,
    "accounts.Invitation": accounts.make_invitation,
    "accounts.Membership": accounts.make_membership,
    "billing.AllocationRule": allocation.make_any_rule,
    "billing.AllocationRuleVersion": allocation.make_rule_version,
    "billing.AllocationRun": allocation.make_run,
    "billing.Announcement": price_events.make_announcement,
    "billing.AwsConnection": billing.make_connection,
    "billing.BilledCost": make_billed,
    "billing.BilledCostVersion": reconciliation.make_version,
    "billing.BilledSeries": make_billed,
    "billing.BusinessMetric": allocation.make_metric,
    "billing.CollectionRun": make_run,
    "billing.CollectionWindow": make_window,
    "billing.CostExport": imports.make_export,
    "billing.CostImport": imports.make_import,
    "billing.CostSource": make_cost_source,
    "billing.DailyUsage": make_usage,
    "billing.Discrepancy": reconciliation.make_discrepancy,
    "billing.ExchangeRate": billing.make_exchange_rate,
    "billing.HourlyUsage": make_usage,
    "billing.ImportedPeriod": imports.make_imported_period,
    "billing.InferenceProfile": make_profile,
    "billing.Invoice": reconciliation.make_invoice,
    "billing.LearntRate": learnt_rates.make_learnt_rate,
    "billing.MeteredCall": billing.make_metered_call,
    "billing.ObservedMetric": make_metric,
    "billing.PriceEvent": price_events.make_price_event,
    "billing.PriceOverride": billing.make_override,
    "billing.RateCard": make_usage,
    "billing.RateLearning": make_rate_learning,
    "billing.Reconciliation": reconciliation.make_reconciliation,
    "billing.ReconciliationTolerance": reconciliation.make_tolerance,
    "billing.Restatement": reconciliation.make_restatement,
    "billing.SavedView": billing.make_saved_view,
    "billing.SeriesAssignment": make_assignment,
    "billing.SeriesEvidence": allocation.make_evidence,
    "billing.SharedCostShare": allocation.make_share,
    "billing.SharedCostSplit": allocation.make_one_split,
    "billing.UnallocatedOwner": allocation.make_unallocated_owner,
    "billing.UsageEvent": billing.make_usage_event,
    "billing.UsageEventDay": billing.make_usage_event_day,
    "billing.UsageSeries": billing.make_series,
    "forecasting.AlertEvaluation": forecasting.make_alert_evaluation,
    "forecasting.AlertEvent": forecasting.make_alert_event,
    "forecasting.AlertRule": forecasting.make_alert_rule,
    "forecasting.AlertRuleChannel": forecasting.make_alert_rule_channel,
    "forecasting.BacktestScore": make_score,
    "forecasting.Budget": forecasting.make_budget,
    "forecasting.Delivery": forecasting.make_delivery,
    "forecasting.ForecastPoint": make_forecast,
    "forecasting.ForecastRun": make_forecast,
    "forecasting.NotificationChannel": forecasting.make_channel,
}


def make_one_of_each() -> None:
    """Fill every tenant table of the organization, as far as the rows do not stand in one another's way."""
    for make in ROW_OF.values():
        with suppress(IntegrityError), transaction.atomic():
            make()
