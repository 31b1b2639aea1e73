"""Saved views over REST: questions of the Explore page, by the names that its addresses have."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.response import Response

from accounts.access.api import OrganizationApiRequest, OrganizationApiView
from accounts.access.declarations import PageParameters
from accounts.access.sentences import sentence
from accounts.domain.names import NAME_LIMIT, NameMissing, NameTooLong, NameUnprintable
from accounts.domain.roles import Permission
from billing.domain.dimensions import Basis, Dimension
from billing.domain.explore import EXCLUDE, CurrencyChoice, Exploration, Measure, Unit, as_all_texts, read_exploration
from billing.domain.saved_views import SavedViewNameTaken, SavedViewNotFound, SavedViewValue, SharingForbidden
from billing.domain.stretches import Against, Period
from billing.operations.saved_views import change_view, delete_view, save_view
from billing.queries.saved_views import get_saved_view, list_saved_views

LIST_LENGTH = 60_000
QUESTION_EXAMPLE = {
    "basis": "billed",
    "measure": "cost",
    "period": "last_month",
    "compare": "before",
    "group_by": "cost_center,service",
    "sort": "-change",
    "currency": "reporting",
    "unit": "thousand",
    "columns": "before,change,change_percent,share",
    "exclude_cost_center": "~none",
}
NAME_ERRORS = (NameMissing, NameTooLong, NameUnprintable, SavedViewNameTaken, SharingForbidden)


class QuestionField(serializers.Serializer[Any]):
    """A question as an address of the Explore page writes it; what is left out is as usual. Lists have commas."""

    basis = serializers.ChoiceField(choices=[word.value for word in Basis], required=False)
    measure = serializers.ChoiceField(choices=[word.value for word in Measure], required=False)
    period = serializers.CharField(
        required=False,
        max_length=32,
        help_text="A month, `2026-10`, or one of " + ", ".join(f"`{word.value}`" for word in Period) + ".",
    )
    compare = serializers.ChoiceField(choices=[word.value for word in Against], required=False)
    group_by = serializers.CharField(
        required=False, allow_blank=True, max_length=64, help_text="At most two dimensions."
    )
    sort = serializers.CharField(required=False, max_length=32, help_text="A column, with `-` the largest first.")
    currency = serializers.ChoiceField(choices=[word.value for word in CurrencyChoice], required=False)
    unit = serializers.ChoiceField(choices=[word.value for word in Unit], required=False)
    columns = serializers.CharField(required=False, allow_blank=True, max_length=64)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Add the names that are words of Python, and a filter and its opposite for each dimension."""
        fields = super().get_fields()
        for name, text in (("from", "The first day of `period=custom`."), ("to", "The last day of it, included.")):
            fields[name] = serializers.RegexField(r"\A\d{4}-\d{2}-\d{2}\Z", required=False, help_text=text)
        for dimension in Dimension:
            for prefix in ("", EXCLUDE):
                fields[f"{prefix}{dimension.value}"] = serializers.CharField(required=False, max_length=LIST_LENGTH)
        return fields

    def validate(self, attrs: dict[str, str]) -> dict[str, str]:
        """Refuse what the page could not answer in full."""
        problems = read_exploration(attrs).problems
        if problems:
            raise serializers.ValidationError(
                {problem.field or "question": ErrorDetail(sentence(problem), code=problem.code) for problem in problems}
            )
        return attrs


class SavedViewInput(serializers.Serializer[Any]):
    """A view as it is to be."""

    name = serializers.CharField(max_length=NAME_LIMIT)
    is_shared = serializers.BooleanField(
        default=False, help_text="Seen by everybody in the organization; needs the right EDIT_SHARED_VIEWS."
    )
    question = QuestionField()
    example = {"name": "Month end", "is_shared": True, "question": QUESTION_EXAMPLE}


class SavedViewOutput(serializers.Serializer[Any]):
    """A saved view."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    is_shared = serializers.BooleanField()
    saved_by = serializers.CharField(help_text="The member or API key that saved it first.")
    saved_at = serializers.DateTimeField()
    question = QuestionField(help_text="The whole question, also where it is as usual.")
    example = {
        "id": 7,
        "name": "Month end",
        "is_shared": True,
        "saved_by": "Ada",
        "saved_at": "2026-11-10T09:00:00Z",
        "question": QUESTION_EXAMPLE,
    }


class SavedViewList(OrganizationApiView):
    """The saved views: the shared ones and those that this key saved, oldest first."""

    permissions = {"GET": Permission.VIEW_SPEND, "POST": Permission.VIEW_SPEND}
    Parameters = PageParameters
    Input = SavedViewInput
    Output = SavedViewOutput
    errors = {"POST": NAME_ERRORS}

    def get(self, request: OrganizationApiRequest) -> Response:
        """List saved views."""
        asked = self.read_parameters()
        return self.page(list_saved_views(request.actor, after=asked["after"], limit=asked["limit"]), _serialize)

    def post(self, request: OrganizationApiRequest) -> Response:
        """Save a question under a name."""
        given = self.read_input()
        view = save_view(
            actor=request.actor,
            permissions=request.permissions,
            name=given["name"],
            is_shared=given["is_shared"],
            exploration=_read(given["question"]),
            now=request.now,
        )
        return Response(_serialize(view), status=201)


class SavedViewDetail(OrganizationApiView):
    """One saved view."""

    permissions = {
        "GET": Permission.VIEW_SPEND,
        "PATCH": Permission.VIEW_SPEND,
        "DELETE": Permission.VIEW_SPEND,
    }
    Input = SavedViewInput
    Output = SavedViewOutput
    errors = {
        "GET": (SavedViewNotFound,),
        "PATCH": (SavedViewNotFound, *NAME_ERRORS),
        "DELETE": (SavedViewNotFound, SharingForbidden),
    }

    def get(self, request: OrganizationApiRequest, view_id: int) -> Response:
        """Return one saved view."""
        return Response(_serialize(get_saved_view(view_id, request.actor)))

    def patch(self, request: OrganizationApiRequest, view_id: int) -> Response:
        """Rename a view, share it or take it back; `question` replaces the whole question."""
        given = self.read_input()
        view = change_view(
            actor=request.actor,
            permissions=request.permissions,
            view_id=view_id,
            name=given.get("name"),
            is_shared=given.get("is_shared"),
            exploration=_read(given["question"]) if "question" in given else None,
            now=request.now,
        )
        return Response(_serialize(view))

    def delete(self, request: OrganizationApiRequest, view_id: int) -> Response:
        """Delete a saved view."""
        delete_view(actor=request.actor, permissions=request.permissions, view_id=view_id)
        return Response(status=204)


def _read(question: dict[str, str]) -> Exploration:
    return read_exploration(question).exploration


def _serialize(view: SavedViewValue) -> dict[str, object]:
    return {
        "id": view.id,
        "name": view.name,
        "is_shared": view.is_shared,
        "saved_by": view.owner_label,
        "saved_at": view.saved_at,
        "question": as_all_texts(view.exploration),
    }
