"""Routes."""

from django.urls import URLPattern, include, path

app_name = "billing"

inside: list[URLPattern] = []

urlpatterns = [path("o/<slug:org_slug>/", include(inside))]
