"""Saved views: questions of the Explore page that somebody keeps."""

from __future__ import annotations

from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access.forms import posted
from accounts.access.pages import next_cursor, read_after
from accounts.access.sentences import add_error, sentence
from accounts.access.web import OrganizationRequest, organization_view
from accounts.domain.errors import CallerError
from accounts.domain.names import NAME_LIMIT
from accounts.domain.roles import Permission
from billing.domain.explore import Exploration
from billing.domain.saved_views import SavedViewValue
from billing.operations.saved_views import change_view, delete_view, save_view
from billing.queries.dimension_values import DimensionValues, list_dimension_values
from billing.queries.saved_views import get_saved_view, list_saved_views
from billing.web.explore.link import Links, read_request
from billing.web.explore.words import Words, question_words


class ViewForm(forms.Form):
    """What a view is called, and who sees it."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=NAME_LIMIT)
    is_shared = forms.BooleanField(label=gettext_lazy("Share with everybody in the organization"), required=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewRow:
    """A view of the list with its question in words and its address."""

    view: SavedViewValue
    question: str
    link: str
    can_change: bool


@require_safe
@organization_view(Permission.VIEW_SPEND)
def saved_view_list(request: OrganizationRequest) -> HttpResponse:
    """List the views that the reader may see."""
    page = list_saved_views(request.actor, after=read_after(request))
    values = [list_dimension_values(view.exploration.basis) for view in page.rows[:1]]
    rows = [_row(request, view, values[0]) for view in page.rows]
    context = {"rows": rows, "page_next": next_cursor(request, page.next)}
    return render(request, "billing/saved_views/list.html", context)


@require_POST
@organization_view(Permission.VIEW_SPEND)
def saved_view_create(request: OrganizationRequest) -> HttpResponse:
    """Keep the question that the form was sent with; a name that is refused is asked for again."""
    form, asked = ViewForm(request.POST), _sent(request)
    if form.is_valid():
        try:
            view = save_view(
                actor=request.actor,
                permissions=request.permissions,
                exploration=asked,
                now=request.now,
                **form.cleaned_data,
            )
        except CallerError as error:
            add_error(form, error)
        else:
            messages.success(request, _("Saved as %(name)s.") % {"name": view.name})
            return redirect(_link(request, view))
    context = {"form": form, "query": request.POST.get("query", ""), "view": None}
    return render(request, "billing/saved_views/form.html", context, status=422)


@require_safe
@organization_view(Permission.VIEW_SPEND)
def saved_view_detail(request: OrganizationRequest, view_id: int) -> HttpResponse:
    """Open a view on the Explore page."""
    return redirect(_link(request, get_saved_view(view_id, request.actor)))


@require_http_methods(["GET", "HEAD", "POST"])
@organization_view(Permission.VIEW_SPEND)
def saved_view_edit(request: OrganizationRequest, view_id: int) -> HttpResponse:
    """Rename a view, share it or take it back."""
    view = get_saved_view(view_id, request.actor)
    form = ViewForm(posted(request), initial={"name": view.name, "is_shared": view.is_shared})
    if request.method == "POST" and form.is_valid():
        try:
            change_view(
                actor=request.actor,
                permissions=request.permissions,
                view_id=view_id,
                now=request.now,
                **form.cleaned_data,
            )
        except CallerError as error:
            add_error(form, error)
        else:
            messages.success(request, _("Saved as %(name)s.") % {"name": form.cleaned_data["name"]})
            return redirect("billing:saved_view_list", org_slug=request.organization.slug)
    context = {"form": form, "view": view}
    return render(request, "billing/saved_views/form.html", context, status=422 if form.errors else 200)


@require_POST
@organization_view(Permission.VIEW_SPEND)
def saved_view_replace(request: OrganizationRequest, view_id: int) -> HttpResponse:
    """Put the question that is shown in the place of the one that was kept."""
    view = change_view(
        actor=request.actor,
        permissions=request.permissions,
        view_id=view_id,
        exploration=_sent(request),
        now=request.now,
    )
    messages.success(request, _("%(name)s now holds this question.") % {"name": view.name})
    return redirect(_link(request, view))


@require_POST
@organization_view(Permission.VIEW_SPEND)
def saved_view_delete(request: OrganizationRequest, view_id: int) -> HttpResponse:
    """Delete a view; nothing but the name is lost, so nothing is asked."""
    try:
        number = delete_view(actor=request.actor, permissions=request.permissions, view_id=view_id)
    except CallerError as error:
        messages.error(request, sentence(error))
    else:
        messages.success(request, _("Deleted. The audit log has it as line %(number)s.") % {"number": number})
    return redirect("billing:saved_view_list", org_slug=request.organization.slug)


def _sent(request: OrganizationRequest) -> Exploration:
    return read_request(QueryDict(request.POST.get("query", ""))).exploration


def _link(request: OrganizationRequest, view: SavedViewValue) -> str:
    links = Links(request)
    links.view = str(view.id)
    return links.to(view.exploration)


def _row(request: OrganizationRequest, view: SavedViewValue, values: DimensionValues) -> ViewRow:
    words = Words(exploration=view.exploration, currency=request.organization.currency, names=values.names)
    return ViewRow(
        view=view,
        question=question_words(words),
        link=_link(request, view),
        can_change=view.can_change(request.actor, request.permissions),
    )
