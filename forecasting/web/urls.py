"""Routes of the pages."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from forecasting.web import alerts, budgets, channels, cost_centers, dashboard, deliveries, organizations, search

app_name = "forecasting"

inside: list[URLPattern] = [
    path("", dashboard.dashboard, name="dashboard"),
    path("search/", search.search_page, name="search"),
    path("cost-centers/", cost_centers.cost_center_list, name="cost_center_list"),
    path("cost-centers/<int:cost_center_id>/", cost_centers.cost_center_detail, name="cost_center_detail"),
    path("cost-centers/<int:cost_center_id>/move/", cost_centers.cost_center_move, name="cost_center_move"),
    path("organization/close/", organizations.organization_close, name="organization_close"),
    path("budgets/", budgets.budget_list, name="budget_list"),
    path("budgets/new/", budgets.budget_create, name="budget_create"),
    path("budgets/effect/", budgets.budget_effect, name="budget_effect"),
    path("budgets/<int:budget_id>/", budgets.budget_detail, name="budget_detail"),
    path("budgets/<int:budget_id>/edit/", budgets.budget_edit, name="budget_edit"),
    path("budgets/<int:budget_id>/close/", budgets.budget_close, name="budget_close"),
    path("alerts/", alerts.alert_list, name="alert_list"),
    path("alerts/<int:alert_id>/", alerts.alert_detail, name="alert_detail"),
    path("channels/", channels.channel_list, name="channel_list"),
    path("channels/new/", channels.channel_create, name="channel_create"),
    path("channels/<int:channel_id>/", channels.channel_detail, name="channel_detail"),
    path("channels/<int:channel_id>/edit/", channels.channel_edit, name="channel_edit"),
    path("channels/<int:channel_id>/test/", channels.channel_test, name="channel_test"),
    path("channels/<int:channel_id>/disable/", channels.channel_disable, name="channel_disable"),
    path("channels/<int:channel_id>/enable/", channels.channel_enable, name="channel_enable"),
    path("channels/<int:channel_id>/secret/", channels.channel_secret, name="channel_secret"),
    path(
        "channels/<int:channel_id>/deliveries/<int:delivery_id>/replay/",
        deliveries.delivery_replay,
        name="delivery_replay",
    ),
]

urlpatterns: list[URLPattern | URLResolver] = [path("o/<slug:org_slug>/", include(inside))]
