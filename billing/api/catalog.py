"""Foundation models over REST, read-only."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from rest_framework import serializers
from rest_framework.response import Response

from accounts.access.api import OrganizationApiRequest, OrganizationApiView
from accounts.access.declarations import PageParameters
from accounts.domain.pages import Page
from accounts.domain.roles import Permission
from billing.domain.catalog import FoundationModel
from billing.queries.catalog import list_foundation_models

Row = TypeVar("Row")
Key = tuple[str, ...]


class ModelOutput(serializers.Serializer[Any]):
    """A foundation model that we know."""

    model = serializers.CharField(help_text="The canonical id, as spend and usage name it.")
    name = serializers.CharField()
    publisher = serializers.CharField()
    aws_model_ids = serializers.ListField(
        child=serializers.CharField(), help_text="What AWS calls it, without the prefix of a routing."
    )
    legacy_date = serializers.DateField(allow_null=True)
    extended_access_date = serializers.DateField(allow_null=True)
    end_of_life_date = serializers.DateField(allow_null=True)
    source = serializers.CharField()  # type: ignore[assignment] # DRF takes declared fields off the class
    source_date = serializers.DateField()
    example = {
        "model": "claude-sonnet-4-5",
        "name": "Claude Sonnet 4.5",
        "publisher": "Anthropic",
        "aws_model_ids": ["anthropic.claude-sonnet-4-5-20250929-v1:0"],
        "legacy_date": None,
        "extended_access_date": None,
        "end_of_life_date": None,
        "source": "AWS documentation",
        "source_date": "2026-11-23",
    }


class ModelList(OrganizationApiView):
    """The foundation models that we know, by id."""

    permissions = {"GET": Permission.VIEW_SPEND}
    Parameters = PageParameters
    Output = ModelOutput

    def get(self, request: OrganizationApiRequest) -> Response:  # noqa: ARG002 - every handler gets its request
        """List models."""
        asked = self.read_parameters()
        page = page_of(list_foundation_models(), lambda model: (model.model_id,), asked["after"], asked["limit"])
        return self.page(page, _serialize_model)


def _serialize_model(model: FoundationModel) -> dict[str, object]:
    return {
        "model": model.model_id,
        "name": model.display_name,
        "publisher": model.publisher,
        "aws_model_ids": model.aws_model_ids,
        "legacy_date": model.legacy_date,
        "extended_access_date": model.extended_access_date,
        "end_of_life_date": model.end_of_life_date,
        "source": model.source,
        "source_date": model.source_date,
    }


def page_of(rows: Iterable[Row], key: Callable[[Row], Key], after: str | None, limit: int) -> Page[Row]:
    """Cut a list that is short enough to be read as a whole into pages by its unique key."""
    begin = tuple(json.loads(after)) if after else ()
    left = sorted((row for row in rows if key(row) > begin), key=key)
    following = json.dumps(key(left[limit - 1])) if len(left) > limit else None
    return Page(rows=tuple(left[:limit]), next=following)
