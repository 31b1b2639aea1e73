"""Routes of the API."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver

app_name = "forecasting_api"
urlpatterns: list[URLPattern | URLResolver] = []
