"""Routes."""

from __future__ import annotations

from django.urls import include, path

from billing.web import (
    allocation_rules,
    announcements,
    business_metrics,
    closed_months,
    connections,
    exchange_rates,
    imports,
    invoices,
    price_entry,
    prices,
    reconciliation,
    shared_costs,
    statements,
    unallocated,
    watching,
)
from billing.web.explore.exports import explore_export
from billing.web.explore.page import explore_page
from billing.web.focus import focus_export
from billing.web.price_events import price_event_detail, price_event_list
from billing.web.rate_files import exchange_rate_upload
from billing.web.saved_views import (
    saved_view_create,
    saved_view_delete,
    saved_view_detail,
    saved_view_edit,
    saved_view_list,
    saved_view_replace,
)
from billing.web.usage_types import usage_type_list

app_name = "billing"

inside = [
    path("reconciliation/", reconciliation.reconciliation, name="reconciliation"),
    path("reconciliation/day/", reconciliation.reconciliation_day, name="reconciliation_day"),
    path("reconciliation/export/", reconciliation.reconciliation_export, name="reconciliation_export"),
    path("reconciliation/tolerance/", reconciliation.reconciliation_tolerance, name="reconciliation_tolerance"),
    path(
        "reconciliation/exceptions/<int:discrepancy_id>/",
        reconciliation.discrepancy_detail,
        name="discrepancy_detail",
    ),
    path("invoices/new/", invoices.invoice_create, name="invoice_create"),
    path("invoices/<int:invoice_id>/remove/", invoices.invoice_remove, name="invoice_remove"),
    path("explore/", explore_page, name="explore"),
    path("explore/export/", explore_export, name="explore_export"),
    path("saved-views/", saved_view_list, name="saved_view_list"),
    path("saved-views/new/", saved_view_create, name="saved_view_create"),
    path("saved-views/<int:view_id>/", saved_view_detail, name="saved_view_detail"),
    path("saved-views/<int:view_id>/edit/", saved_view_edit, name="saved_view_edit"),
    path("saved-views/<int:view_id>/question/", saved_view_replace, name="saved_view_replace"),
    path("saved-views/<int:view_id>/delete/", saved_view_delete, name="saved_view_delete"),
    path("imports/", imports.cost_import_list, name="cost_import_list"),
    path("imports/new/", imports.cost_import_create, name="cost_import_create"),
    path("imports/focus/", focus_export, name="focus_export"),
    path("imports/exports/new/", imports.cost_export_create, name="cost_export_create"),
    path("imports/exports/<int:export_id>/end/", imports.cost_export_end, name="cost_export_end"),
    path("imports/<int:import_id>/", imports.cost_import_detail, name="cost_import_detail"),
    path("imports/<int:import_id>/remove/", imports.cost_import_remove, name="cost_import_remove"),
    path("connections/", connections.connection_list, name="connection_list"),
    path("connections/new/", connections.connection_create, name="connection_create"),
    path("connections/progress/", connections.collection_progress, name="collection_progress"),
    path("connections/<int:connection_id>/", connections.connection_detail, name="connection_detail"),
    path("connections/<int:connection_id>/edit/", connections.connection_edit, name="connection_edit"),
    path("connections/<int:connection_id>/template/", connections.connection_template, name="connection_template"),
    path("connections/<int:connection_id>/terraform/", connections.connection_terraform, name="connection_terraform"),
    path("connections/<int:connection_id>/role/", connections.connection_role, name="connection_role"),
    path("connections/<int:connection_id>/verify/", connections.connection_verify, name="connection_verify"),
    path("connections/<int:connection_id>/limit/", watching.connection_limit, name="connection_limit"),
    path("connections/<int:connection_id>/pause/", connections.connection_pause, name="connection_pause"),
    path("connections/<int:connection_id>/resume/", connections.connection_resume, name="connection_resume"),
    path(
        "connections/<int:connection_id>/disconnect/", connections.connection_disconnect, name="connection_disconnect"
    ),
    path("usage-types/", usage_type_list, name="usage_type_list"),
    path("prices/", prices.price_list, name="price_list"),
    path("prices/new/", price_entry.price_create, name="price_create"),
    path("prices/preview/", price_entry.price_preview, name="price_preview"),
    path("prices/rating/", prices.price_rating, name="price_rating"),
    path("prices/own/<int:override_id>/withdraw/", price_entry.price_withdraw, name="price_withdraw"),
    path("prices/models/<str:model_id>/", prices.price_detail, name="price_detail"),
    path("price-events/", price_event_list, name="price_event_list"),
    path("price-events/<int:event_id>/", price_event_detail, name="price_event_detail"),
    path("announcements/new/", announcements.announcement_create, name="announcement_create"),
    path("announcements/preview/", announcements.announcement_preview, name="announcement_preview"),
    path("announcements/<int:announcement_id>/", announcements.announcement_detail, name="announcement_detail"),
    path("announcements/<int:announcement_id>/export/", announcements.announcement_export, name="announcement_export"),
    path(
        "announcements/<int:announcement_id>/withdraw/",
        announcements.announcement_withdraw,
        name="announcement_withdraw",
    ),
    path("allocation-rules/", allocation_rules.allocation_rule_list, name="allocation_rule_list"),
    path("allocation-rules/new/", allocation_rules.allocation_rule_create, name="allocation_rule_create"),
    path("allocation-rules/preview/", allocation_rules.allocation_rule_preview, name="allocation_rule_preview"),
    path("allocation-rules/<int:rule_id>/edit/", allocation_rules.allocation_rule_edit, name="allocation_rule_edit"),
    path("allocation-rules/<int:rule_id>/move/", allocation_rules.allocation_rule_move, name="allocation_rule_move"),
    path("allocation-rules/<int:rule_id>/end/", allocation_rules.allocation_rule_end, name="allocation_rule_end"),
    path("allocation-conflicts/", allocation_rules.allocation_conflict_list, name="allocation_conflict_list"),
    path("unallocated/", unallocated.unallocated, name="unallocated"),
    path("unallocated/owner/", unallocated.unallocated_owner, name="unallocated_owner"),
    path("statements/", statements.statement, name="statement"),
    path("shared-costs/", shared_costs.shared_cost_list, name="shared_cost_list"),
    path("shared-costs/new/", shared_costs.shared_cost_create, name="shared_cost_create"),
    path("shared-costs/preview/", shared_costs.shared_cost_preview, name="shared_cost_preview"),
    path("shared-costs/<int:split_id>/end/", shared_costs.shared_cost_end, name="shared_cost_end"),
    path("business-metrics/", business_metrics.business_metric_list, name="business_metric_list"),
    path("business-metrics/enter/", business_metrics.business_metric_enter, name="business_metric_enter"),
    path("exchange-rates/", exchange_rates.exchange_rate_list, name="exchange_rate_list"),
    path("exchange-rates/new/", exchange_rates.exchange_rate_create, name="exchange_rate_create"),
    path("exchange-rates/upload/", exchange_rate_upload, name="exchange_rate_upload"),
    path("closed-months/", closed_months.closed_month_list, name="closed_month_list"),
    path("closed-months/<str:month>/close/", closed_months.closed_month_close, name="closed_month_close"),
    path("closed-months/<str:month>/reopen/", closed_months.closed_month_reopen, name="closed_month_reopen"),
    path("exchange-rates/preview/", exchange_rates.exchange_rate_preview, name="exchange_rate_preview"),
    path("exchange-rates/<int:rate_id>/remove/", exchange_rates.exchange_rate_remove, name="exchange_rate_remove"),
]

urlpatterns = [path("o/<slug:org_slug>/", include(inside))]
