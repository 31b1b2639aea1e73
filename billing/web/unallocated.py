"""What nobody pays for: why, since when, what would catch it, and who looks after it."""

from __future__ import annotations

from decimal import Decimal
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access.patience import REPORT
from accounts.access.sentences import saved, sentence
from accounts.access.web import OrganizationRequest, organization_view
from accounts.domain.errors import CallerError
from accounts.domain.roles import Permission
from accounts.queries.memberships import list_members
from billing.domain.allocation import FIELD_LABELS, RuleField
from billing.domain.dimensions import Basis
from billing.domain.unallocated import WHY_LABELS, Suggestion
from billing.operations.unallocated import set_unallocated_owner
from billing.queries.unallocated import GROUPS, Unallocated, get_unallocated

HUNDRED = Decimal(100)


class OwnerForm(forms.Form):
    """Which member looks after it."""

    user_id = forms.IntegerField(required=False)


@require_safe
@organization_view(Permission.VIEW_SPEND, limit=REPORT)
def unallocated(request: OrganizationRequest) -> HttpResponse:
    """Show what nobody pays for in the last 13 weeks, of the estimate or of the bill."""
    basis = Basis.BILLED if request.GET.get("basis") == Basis.BILLED else Basis.RATED
    found = get_unallocated(basis, organization=request.organization, now=request.now)
    context = {
        "found": found,
        "weeks": _bars(found),
        "why": [(_(WHY_LABELS[why]), cost) for why, cost in found.by_why],
        "groups": [(_(FIELD_LABELS[field]), found.groups[field]) for field in GROUPS],
        "suggestions": [_suggested(request, one) for one in found.suggestions],
        "members": list_members() if Permission.EDIT_COST_CENTERS in request.permissions else (),
    }
    return render(request, "billing/unallocated/index.html", context)


@require_POST
@organization_view(Permission.EDIT_COST_CENTERS)
def unallocated_owner(request: OrganizationRequest) -> HttpResponse:
    """Say who looks after what nobody pays for."""
    form = OwnerForm(request.POST)
    try:
        user_id = form.cleaned_data["user_id"] if form.is_valid() else 0
        event_id = set_unallocated_owner(actor=request.actor, user_id=user_id, now=request.now)
    except CallerError as error:
        messages.error(request, sentence(error))
    else:
        messages.success(request, saved(event_id))
    return redirect("billing:unallocated", org_slug=request.organization.slug)


def _bars(found: Unallocated) -> list[dict[str, object]]:
    most = max((cost.amount for _day, cost in found.weeks), default=Decimal(0))
    return [
        {"day": day, "cost": cost, "width": f"{max(cost.amount, Decimal(0)) / most * HUNDRED if most > 0 else 0:.1f}"}
        for day, cost in found.weeks
    ]


def _suggested(request: OrganizationRequest, one: Suggestion) -> dict[str, object]:
    query = urlencode({"field": one.field.value, "tag_key": one.tag_key, "values": one.value})
    link = reverse("billing:allocation_rule_create", kwargs={"org_slug": request.organization.slug})
    name = _(FIELD_LABELS[one.field])
    return {
        "suggestion": one,
        "name": f"{name} {one.tag_key}" if one.field is RuleField.TAG else name,
        "link": f"{link}?{query}",
    }
