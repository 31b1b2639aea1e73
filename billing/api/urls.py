"""Routes."""

from django.urls import path

from billing.api import (
    catalog,
    connections,
    costs,
    discrepancies,
    exchange_rates,
    freshness,
    invoices,
    prices,
    reconciliation,
    usage,
    usage_types,
    watching,
)
from billing.api.allocation_rules import (
    AllocationConflictList,
    AllocationRuleDetail,
    AllocationRuleList,
    AllocationRulePreview,
)
from billing.api.announcements import (
    AnnouncementDetail,
    AnnouncementEvidence,
    AnnouncementList,
    AnnouncementWithdrawal,
)
from billing.api.closed_months import ClosedMonthList, MonthReopening
from billing.api.focus import FocusLineList
from billing.api.imports import CostImportDetail, CostImportList
from billing.api.learnt_rates import LearntRateList
from billing.api.price_events import PriceEventDetail, PriceEventEvidence, PriceEventList
from billing.api.saved_views import SavedViewDetail, SavedViewList
from billing.api.shared_costs import BusinessMetricList, SharedCostSplitDetail, SharedCostSplitList
from billing.api.unallocated import UnallocatedView
from billing.api.usage_events import UsageEventList

app_name = "billing_api"

urlpatterns = [
    path("reconciliation/", reconciliation.ReconciliationDetail.as_view(), name="reconciliation_detail"),
    path("reconciliation/lines/", reconciliation.ReconciliationLineList.as_view(), name="reconciliation_line_list"),
    path(
        "reconciliation/tolerance/",
        reconciliation.ReconciliationTolerance.as_view(),
        name="reconciliation_tolerance",
    ),
    path(
        "reconciliation/exceptions/",
        discrepancies.ReconciliationExceptionList.as_view(),
        name="reconciliation_exception_list",
    ),
    path(
        "reconciliation/exceptions/<int:discrepancy_id>/",
        discrepancies.ReconciliationExceptionDetail.as_view(),
        name="reconciliation_exception_detail",
    ),
    path("invoices/", invoices.InvoiceList.as_view(), name="invoice_list"),
    path("invoices/<int:invoice_id>/", invoices.InvoiceDetail.as_view(), name="invoice_detail"),
    path("saved-views/", SavedViewList.as_view(), name="saved_view_list"),
    path("saved-views/<int:view_id>/", SavedViewDetail.as_view(), name="saved_view_detail"),
    path("cost-imports/", CostImportList.as_view(), name="cost_import_list"),
    path("cost-imports/<int:import_id>/", CostImportDetail.as_view(), name="cost_import_detail"),
    path("focus-lines/", FocusLineList.as_view(), name="focus_line_list"),
    path("connections/", connections.ConnectionList.as_view(), name="connection_list"),
    path("connections/<int:connection_id>/", connections.ConnectionDetail.as_view(), name="connection_detail"),
    path(
        "connections/<int:connection_id>/template/",
        connections.ConnectionTemplate.as_view(),
        name="connection_template",
    ),
    path(
        "connections/<int:connection_id>/verification/",
        connections.ConnectionVerification.as_view(),
        name="connection_verification",
    ),
    path("connections/<int:connection_id>/sources/", freshness.SourceList.as_view(), name="source_list"),
    path("connections/<int:connection_id>/watching/", watching.ConnectionWatching.as_view(), name="watching_detail"),
    path("connections/<int:connection_id>/pause/", connections.ConnectionPause.as_view(), name="connection_pause"),
    path(
        "connections/<int:connection_id>/disconnection/",
        connections.ConnectionDisconnection.as_view(),
        name="connection_disconnection",
    ),
    path("models/", catalog.ModelList.as_view(), name="model_list"),
    path("prices/", prices.PriceList.as_view(), name="price_list"),
    path("learnt-rates/", LearntRateList.as_view(), name="learnt_rate_list"),
    path("prices/<int:price_id>/", prices.PriceDetail.as_view(), name="price_detail"),
    path("price-events/", PriceEventList.as_view(), name="price_event_list"),
    path("price-events/<int:event_id>/", PriceEventDetail.as_view(), name="price_event_detail"),
    path("price-events/<int:event_id>/evidence/", PriceEventEvidence.as_view(), name="price_event_evidence"),
    path("announcements/", AnnouncementList.as_view(), name="announcement_list"),
    path("announcements/<int:announcement_id>/", AnnouncementDetail.as_view(), name="announcement_detail"),
    path("announcements/<int:announcement_id>/evidence/", AnnouncementEvidence.as_view(), name="announcement_evidence"),
    path(
        "announcements/<int:announcement_id>/withdrawal/",
        AnnouncementWithdrawal.as_view(),
        name="announcement_withdrawal",
    ),
    path("closed-months/", ClosedMonthList.as_view(), name="closed_month_list"),
    path("closed-months/reopening/", MonthReopening.as_view(), name="closed_month_reopening"),
    path("allocation-rules/", AllocationRuleList.as_view(), name="allocation_rule_list"),
    path("allocation-rules/preview/", AllocationRulePreview.as_view(), name="allocation_rule_preview"),
    path("allocation-rules/<int:rule_id>/", AllocationRuleDetail.as_view(), name="allocation_rule_detail"),
    path("allocation-conflicts/", AllocationConflictList.as_view(), name="allocation_conflict_list"),
    path("shared-cost-splits/", SharedCostSplitList.as_view(), name="shared_cost_split_list"),
    path("shared-cost-splits/<int:split_id>/", SharedCostSplitDetail.as_view(), name="shared_cost_split_detail"),
    path("business-metrics/", BusinessMetricList.as_view(), name="business_metric_list"),
    path("unallocated/", UnallocatedView.as_view(), name="unallocated"),
    path("exchange-rates/", exchange_rates.ExchangeRateList.as_view(), name="exchange_rate_list"),
    path("exchange-rates/<int:rate_id>/", exchange_rates.ExchangeRateDetail.as_view(), name="exchange_rate_detail"),
    path("spend/", costs.SpendList.as_view(), name="spend_list"),
    path("usage-types/", usage_types.UsageTypeList.as_view(), name="usage_type_list"),
    path("usage-events/", UsageEventList.as_view(), name="usage_event_list"),
    path("usage/", usage.UsageList.as_view(), name="usage_list"),
]
