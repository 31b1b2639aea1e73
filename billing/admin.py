"""Staff view of the global catalog: to look at, since the price table is committed and synced."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest

from billing.models import FoundationModel, ModelPrice


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # Django's class is generic in its stubs only
    """Rows that nobody changes by hand."""

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 - Django's signature
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:  # noqa: ARG002 - as above
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - as above
        return False


@admin.register(FoundationModel)
class FoundationModelAdmin(ReadOnlyAdmin):
    """Which models the catalog knows."""

    list_display = ("model_id", "display_name", "publisher", "end_of_life_date")
    list_filter = ("publisher",)
    search_fields = ("model_id", "display_name")
    ordering = ("model_id",)


@admin.register(ModelPrice)
class ModelPriceAdmin(ReadOnlyAdmin):
    """What the published prices are, and since when."""

    list_display = (
        "model_id",
        "aws_region",
        "routing_class",
        "tier",
        "token_class",
        "context_band",
        "rate_usd_per_million",
        "effective_from",
        "effective_to",
    )
    list_filter = ("routing_class", "tier", "token_class", "context_band")
    search_fields = ("model_id",)
    ordering = ("model_id", "aws_region", "token_class", "effective_from")
