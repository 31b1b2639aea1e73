"""The tree of cost centers with what each costs; one center; moving one from a day."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access.forms import posted
from accounts.access.sentences import add_error, saved
from accounts.access.web import OrganizationRequest, organization_view
from accounts.domain.cost_centers import CostCenterValue
from accounts.domain.errors import CallerError
from accounts.domain.roles import Permission
from accounts.operations.cost_centers import CostCenterRetired, move_cost_center
from accounts.queries.cost_centers import get_cost_center, list_cost_centers
from billing.domain.periods import Month, local_day
from forecasting.queries.cost_centers import MoveEffect, find_move_effect, get_center_page, get_tree_spend
from forecasting.web.series import center_chart


class MoveForm(forms.Form):
    """Where a cost center stands, from which day on."""

    parent_id = forms.TypedChoiceField(label=gettext_lazy("Stands below"), coerce=int, empty_value=None, required=False)
    from_date = forms.DateField(
        label=gettext_lazy("From"),
        error_messages={
            "required": gettext_lazy("Choose the first day in the new place."),
            "invalid": gettext_lazy("Enter a day, for example 2026-11-01."),
        },
        help_text=gettext_lazy("The first day in the new place. Everything before it stays as it was."),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )

    def __init__(self, *args: Any, parents: Iterable[CostCenterValue], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        parent = self.fields["parent_id"]
        assert isinstance(parent, forms.ChoiceField)
        choices = [(value.id, " / ".join(value.names)) for value in parents]
        parent.choices = [("", _("Nothing: it stands at the top")), *choices]


@require_safe
@organization_view(Permission.VIEW_SPEND)
def cost_center_list(request: OrganizationRequest) -> HttpResponse:
    """Show the tree, what each center cost this month, and what nobody pays."""
    shows_retired = "retired" in request.GET
    tree = get_tree_spend(organization=request.organization, now=request.now, retired=shows_retired)
    context = {
        "tree": tree,
        "rows": [(row, tree.share(row)) for row in tree.rows],
        "largest_share": tree.share(tree.largest) if tree.largest else None,
        "shows_retired": shows_retired,
    }
    return render(request, "forecasting/cost_centers/list.html", context)


@require_safe
@organization_view(Permission.VIEW_SPEND)
def cost_center_detail(request: OrganizationRequest, cost_center_id: int) -> HttpResponse:
    """Show one center: what it costs, where it lands, its budgets, where it has stood."""
    page = get_center_page(cost_center_id=cost_center_id, organization=request.organization, now=request.now)
    context = {
        "page": page,
        "center": page.row.center,
        "share": page.tree.share(page.row),
        "chart": center_chart(page, time_zone=request.organization.time_zone) if page.row.branch.amount else None,
    }
    return render(request, "forecasting/cost_centers/detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@organization_view(Permission.EDIT_COST_CENTERS)
def cost_center_move(request: OrganizationRequest, cost_center_id: int) -> HttpResponse:
    """Move a center from a day, after showing what that shifts on real history."""
    center = get_cost_center(cost_center_id)
    if center.retired_at is not None:
        raise CostCenterRetired(code=center.code)
    first = Month.of(local_day(request.now, request.organization.time_zone)).start
    parents = [value for value in list_cost_centers() if center.id not in (value.id, value.parent_id)]
    form = MoveForm(posted(request), parents=parents, initial={"parent_id": center.parent_id, "from_date": first})
    effect = None
    if request.method == "POST" and form.is_valid():
        try:
            if "preview" in request.POST:
                effect = _effect(request, center, form)
            else:
                event_id = move_cost_center(
                    actor=request.actor, cost_center_id=center.id, now=request.now, **form.cleaned_data
                )
                messages.success(request, saved(event_id))
                return redirect(
                    "forecasting:cost_center_detail", org_slug=request.organization.slug, cost_center_id=center.id
                )
        except CallerError as error:
            add_error(form, error)
    context = {"form": form, "center": center, "effect": effect}
    if request.htmx:
        return render(request, "forecasting/cost_centers/_effect_answer.html", context)
    return render(request, "forecasting/cost_centers/move.html", context, status=422 if form.errors else 200)


def _effect(request: OrganizationRequest, center: CostCenterValue, form: MoveForm) -> MoveEffect:
    return find_move_effect(
        cost_center_id=center.id, organization=request.organization, now=request.now, **form.cleaned_data
    )
