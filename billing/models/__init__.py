"""Names the models for Django; no logic."""

from billing.models.catalog import FoundationModel, LearntRate, ModelPrice, PriceOverride, RateCard, RateLearning
from billing.models.collection import CollectionRun, CollectionWindow
from billing.models.connections import AwsConnection
from billing.models.costs import BilledCost, BilledSeries, CostSource
from billing.models.exchange_rates import ExchangeRate
from billing.models.inventory import InferenceProfile, ObservedMetric
from billing.models.saved_views import SavedView
from billing.models.usage import DailyUsage, HourlyUsage, SeriesAssignment, UsageSeries

__all__ = [
    "AwsConnection",
    "BilledCost",
    "BilledSeries",
    "CollectionRun",
    "CollectionWindow",
    "CostSource",
    "DailyUsage",
    "ExchangeRate",
    "FoundationModel",
    "HourlyUsage",
    "InferenceProfile",
    "LearntRate",
    "ModelPrice",
    "ObservedMetric",
    "PriceOverride",
    "RateCard",
    "RateLearning",
    "SavedView",
    "SeriesAssignment",
    "UsageSeries",
]
