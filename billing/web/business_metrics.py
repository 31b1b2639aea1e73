"""Business metrics by cost center and month: what a split of shared cost may go by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access.forms import posted
from accounts.access.sentences import add_error
from accounts.access.web import OrganizationRequest, organization_view
from accounts.domain.cost_centers import CostCenterValue
from accounts.domain.errors import CallerError
from accounts.domain.names import NAME_LIMIT
from accounts.domain.roles import Permission
from accounts.queries.cost_centers import list_cost_centers
from billing.domain import figures
from billing.domain.money import add_up, plain
from billing.domain.periods import Month, local_day
from billing.operations.shared_costs import enter_metrics
from billing.queries.business_metrics import get_metric, list_metric_names

MONTHS = 4
Values = dict[tuple[Month, int], Decimal | None]


class MetricForm(forms.Form):
    """What one metric came to: a field for every cost center and month."""

    metric = forms.CharField(max_length=NAME_LIMIT, widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, centers: Iterable[CostCenterValue], months: Sequence[Month], can_edit: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.centers, self.months = tuple(centers), tuple(months)
        for one in self.centers:
            for month in self.months:
                self.fields[_place(month, one.id)] = _value_field(one, month, can_edit)

    def rows(self) -> list[dict[str, object]]:
        """Return the cost centers with their fields."""
        return [
            {"path": " / ".join(one.names), "fields": [self[_place(month, one.id)] for month in self.months]}
            for one in self.centers
        ]

    def values(self) -> Values:
        """Return what was typed; of a form that is valid."""
        return {
            (month, one.id): self.cleaned_data[_place(month, one.id)] for one in self.centers for month in self.months
        }


@require_safe
@organization_view(Permission.VIEW_SPEND)
def business_metric_list(request: OrganizationRequest) -> HttpResponse:
    """Show what a metric came to, or let one be begun."""
    names = list_metric_names()
    metric = request.GET.get("metric", "").strip()[:NAME_LIMIT] or (names[0] if names else "")
    return _page(request, metric)


@require_POST
@organization_view(Permission.EDIT_COST_CENTERS)
def business_metric_enter(request: OrganizationRequest) -> HttpResponse:
    """Keep what was typed; an empty field takes a value back."""
    form = _form(request, "")
    if form.is_valid():
        metric = form.cleaned_data["metric"]
        try:
            count = enter_metrics(actor=request.actor, name=metric, values=form.values(), now=request.now)
        except CallerError as error:
            add_error(form, error)
        else:
            changed = ngettext("Saved: %(count)s value changed.", "Saved: %(count)s values changed.", count)
            messages.success(request, changed % {"count": count} if count else _("Nothing was changed."))
            address = reverse("billing:business_metric_list", kwargs={"org_slug": request.organization.slug})
            return redirect(f"{address}?{urlencode({'metric': metric})}")
    return _page(request, request.POST.get("metric", ""), form)


def _page(request: OrganizationRequest, metric: str, form: MetricForm | None = None) -> HttpResponse:
    form = form or _form(request, metric)
    last = _months(request)[-2]
    known = get_metric(metric, [last]) if metric else {}
    context = {
        "form": form,
        "metric": metric,
        "names": list_metric_names(),
        "last": last,
        "whole": add_up(known.values()),
        "entered": len(known),
    }
    return render(request, "billing/business_metrics/list.html", context, status=422 if form.errors else 200)


def _form(request: OrganizationRequest, metric: str) -> MetricForm:
    months = _months(request)
    known = get_metric(metric, months) if metric else {}
    initial: dict[str, object] = {_place(month, center): plain(value) for (month, center), value in known.items()}
    return MetricForm(
        posted(request),
        centers=list_cost_centers(),
        months=months,
        can_edit=Permission.EDIT_COST_CENTERS in request.permissions,
        initial={**initial, "metric": metric},
    )


def _months(request: OrganizationRequest) -> list[Month]:
    """The month that goes on, and those before it, oldest first."""
    this_month = Month.of(local_day(request.now, request.organization.time_zone))
    return [this_month.plus(-back) for back in reversed(range(MONTHS))]


def _place(month: Month, center: int) -> str:
    return f"value_{month}_{center}"


def _value_field(center: CostCenterValue, month: Month, can_edit: bool) -> forms.DecimalField:
    label = _("%(name)s in %(month)s") % {"name": center.name, "month": figures.month(month, get_language() or "en")}
    return forms.DecimalField(
        label=label,
        required=False,
        disabled=not can_edit,
        min_value=Decimal(0),
        max_digits=24,
        decimal_places=6,
        error_messages={
            name: _("%(place)s: enter a number from 0, for example 1200.") % {"place": label}
            for name in ("invalid", "min_value", "max_digits", "max_decimal_places", "max_whole_digits")
        },
        widget=forms.TextInput(attrs={"inputmode": "decimal", "class": "form-control", "aria-label": label}),
    )
