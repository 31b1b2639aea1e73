"""Routes of the pages."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from forecasting.web import dashboard

app_name = "forecasting"

inside: list[URLPattern] = [
    path("", dashboard.dashboard, name="dashboard"),
]

urlpatterns: list[URLPattern | URLResolver] = [path("o/<slug:org_slug>/", include(inside))]
