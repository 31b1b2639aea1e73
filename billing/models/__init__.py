"""Names the models for Django; no logic."""

from billing.models.allocation import (
    AllocationRule,
    AllocationRuleVersion,
    AllocationRun,
    BusinessMetric,
    SeriesEvidence,
    SharedCostShare,
    SharedCostSplit,
    UnallocatedOwner,
)
from billing.models.announcements import Announcement
from billing.models.catalog import (
    FoundationModel,
    LearntRate,
    ModelPrice,
    PriceListReading,
    PriceOverride,
    RateCard,
    RateLearning,
)
from billing.models.collection import CollectionRun, CollectionWindow
from billing.models.connections import AwsConnection
from billing.models.costs import BilledCost, BilledSeries, CostSource
from billing.models.exchange_rates import ExchangeRate
from billing.models.imports import CostExport, CostImport, ImportedPeriod
from billing.models.inventory import InferenceProfile, ObservedMetric
from billing.models.invoices import Invoice
from billing.models.price_events import PriceEvent
from billing.models.reconciliation import Discrepancy, Reconciliation, ReconciliationTolerance
from billing.models.restatements import BilledCostVersion, Restatement
from billing.models.saved_views import SavedView
from billing.models.usage import DailyUsage, HourlyUsage, SeriesAssignment, UsageSeries
from billing.models.usage_events import UsageEvent, UsageEventDay
from billing.models.watching import MeteredCall

__all__ = [
    "AllocationRule",
    "AllocationRuleVersion",
    "AllocationRun",
    "Announcement",
    "AwsConnection",
    "BilledCost",
    "BilledCostVersion",
    "BilledSeries",
    "BusinessMetric",
    "CollectionRun",
    "CollectionWindow",
    "CostExport",
    "CostImport",
    "CostSource",
    "DailyUsage",
    "Discrepancy",
    "ExchangeRate",
    "FoundationModel",
    "HourlyUsage",
    "ImportedPeriod",
    "InferenceProfile",
    "Invoice",
    "LearntRate",
    "MeteredCall",
    "ModelPrice",
    "ObservedMetric",
    "PriceEvent",
    "PriceListReading",
    "PriceOverride",
    "RateCard",
    "RateLearning",
    "Reconciliation",
    "ReconciliationTolerance",
    "Restatement",
    "SavedView",
    "SeriesAssignment",
    "SeriesEvidence",
    "SharedCostShare",
    "SharedCostSplit",
    "UnallocatedOwner",
    "UsageEvent",
    "UsageEventDay",
    "UsageSeries",
]
