"""Splits of shared cost: what they distributed last month, their form with a preview in money, their end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access.forms import posted
from accounts.access.patience import REPORT
from accounts.access.sentences import add_error, saved, sentence
from accounts.access.web import OrganizationRequest, organization_view
from accounts.domain.cost_centers import CostCenterValue
from accounts.domain.errors import CallerError
from accounts.domain.names import NAME_LIMIT
from accounts.domain.roles import Permission
from accounts.queries.cost_centers import list_cost_centers
from billing.domain import figures
from billing.domain.figures import round_half_up
from billing.domain.money import ZERO, Money, add_up, plain
from billing.domain.periods import Month, local_day
from billing.domain.shared_costs import HUNDRED, METHOD_LABELS, Split, SplitMethod
from billing.operations.shared_costs import create_split, delete_split, end_split
from billing.queries.business_metrics import list_metric_names
from billing.queries.shared_costs import get_split, list_metrics, list_splits
from billing.queries.split_preview import PreviewBasis, SplitPreview, distributed, preview_split
from billing.queries.statements import get_statement

MONTHS_OFFERED = range(12, -13, -1)
ANY = "any"


class SplitForm(forms.Form):
    """A split: a pool, a method, who receives, and from which month up to which."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=NAME_LIMIT)
    pool_id = forms.TypedChoiceField(
        label=gettext_lazy("Distribute the cost of"), coerce=lambda given: int(given) or None
    )
    method = forms.ChoiceField(label=gettext_lazy("How"), initial=SplitMethod.FIXED.value)
    metric = forms.CharField(
        label=gettext_lazy("Business metric"),
        required=False,
        max_length=NAME_LIMIT,
        help_text=gettext_lazy("Only where a metric decides, for example orders."),
        widget=forms.TextInput(attrs={"list": "metrics"}),
    )
    first_month = forms.TypedChoiceField(label=gettext_lazy("From month"))
    last_month = forms.TypedChoiceField(label=gettext_lazy("Through month"))

    def __init__(self, *args: Any, centers: Iterable[CostCenterValue], this_month: Month, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.centers = tuple(centers)
        months = [(str(month), _month_text(month)) for month in (this_month.plus(offset) for offset in MONTHS_OFFERED)]
        _choose(
            self, "pool_id", [("0", _("What nobody pays for")), *((str(one.id), _path(one)) for one in self.centers)]
        )
        _choose(self, "method", [(method.value, _(label)) for method, label in METHOD_LABELS.items()])
        for name, empty in (("first_month", _("From the beginning")), ("last_month", _("Until further notice"))):
            _choose(self, name, [(ANY, empty), *months], _month_or_none)
        for one in self.centers:
            self.fields.update(_center_fields(one))

    def rows(self) -> list[dict[str, object]]:
        """Return the receivers for the template."""
        return [
            {"center": one, "path": _path(one), "share": self[f"share_{one.id}"], "percent": self[f"percent_{one.id}"]}
            for one in self.centers
        ]

    def clean(self) -> None:
        """Say at the receivers' own fields what is wrong with fixed percentages, and by how much they are off."""
        given = self.cleaned_data
        if given.get("method") != SplitMethod.FIXED or self.errors:
            return
        typed = {one.id: given[f"percent_{one.id}"] for one in self.centers if given[f"percent_{one.id}"] is not None}
        for one in self.centers:
            if typed.get(one.id) == ZERO:
                text = _("Percentage of %(name)s: enter a number above 0, or leave it out.")
                self.add_error(f"percent_{one.id}", text % {"name": one.name})
        whole = add_up(typed.values())
        if typed and whole != HUNDRED and not self.errors:
            text = (
                _("Percentages: they add up to %(sum)s; %(off)s are missing to 100.")
                if whole < HUNDRED
                else _("Percentages: they add up to %(sum)s; that is %(off)s more than 100.")
            )
            self.add_error(
                f"percent_{list(typed)[-1]}", text % {"sum": plain(whole), "off": plain(abs(HUNDRED - whole))}
            )

    def split(self) -> Split:
        """Return the split as it was typed; of a form that is valid."""
        given = self.cleaned_data
        method = SplitMethod(given["method"])
        chosen = [
            one.id
            for one in self.centers
            if (given[f"percent_{one.id}"] is not None if method is SplitMethod.FIXED else given[f"share_{one.id}"])
        ]
        return Split(
            id=0,
            name=given["name"],
            pool_id=given["pool_id"],
            method=method,
            metric=given["metric"] if method is SplitMethod.METRIC else "",
            shares={center: given[f"percent_{center}"] if method is SplitMethod.FIXED else None for center in chosen},
            first_month=given["first_month"],
            last_month=given["last_month"],
        )


class EndForm(forms.Form):
    """From which month a split does not hold any more."""

    from_month = forms.TypedChoiceField(
        label=gettext_lazy("Ends before"),
        help_text=gettext_lazy("Statements of earlier months stay as they are."),
    )

    def __init__(self, *args: Any, this_month: Month, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        months = [(str(month), _month_text(month)) for month in (this_month.plus(offset) for offset in MONTHS_OFFERED)]
        never = _("Delete it with its past: the pool keeps its cost in every month")
        _choose(self, "from_month", [*months, (ANY, never)], _month_or_none)


@require_safe
@organization_view(Permission.VIEW_SPEND, limit=REPORT)
def shared_cost_list(request: OrganizationRequest) -> HttpResponse:
    """Show the splits and what each distributed last month."""
    this_month = _this_month(request)
    found = get_statement(this_month.previous(), organization=request.organization, now=request.now)
    centers = {center.id: center for center in list_cost_centers(retired=True)}
    given = {basis.basis: distributed(basis) for basis in found.bases()}
    rated, billed = given.values()
    metrics = list_metrics(found.month)
    currency = found.rates.currency
    rows = [
        {
            **_row(split, centers),
            "rated": Money(rated.get(split.id, ZERO), currency),
            "billed": Money(billed.get(split.id, ZERO), currency),
            "is_in_force": split.covers(this_month),
            "is_ahead": split.first_month is not None and split.first_month > this_month,
            "lacks_metric": bool(split.metric)
            and split.covers(found.month)
            and not any((split.metric, center) in metrics for center in split.shares),
        }
        for split in list_splits()
    ]
    context = {
        "rows": rows,
        "statement": found,
        "rated": Money(add_up(rated.values()), currency),
        "billed": Money(add_up(billed.values()), currency),
        "share": add_up(billed.values()) / found.billed.total if found.billed.total else None,
        "in_force": sum(row["is_in_force"] is True for row in rows),
        "currency": currency,
    }
    return render(request, "billing/shared_costs/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@organization_view(Permission.EDIT_COST_CENTERS, limit=REPORT)
def shared_cost_create(request: OrganizationRequest) -> HttpResponse:
    """Create a split, after showing what it would have distributed last month."""
    form = _form(request)
    context: dict[str, object] = {"form": form, "metrics": list_metric_names()}
    if request.method == "POST" and form.is_valid():
        try:
            split = form.split()
            if "preview" in request.POST:
                context |= _preview(request, split)
            else:
                create_split(actor=request.actor, split=split, now=request.now)
                messages.success(request, _("Saved. Statements of its months distribute by it from now on."))
                return redirect("billing:shared_cost_list", org_slug=request.organization.slug)
        except CallerError as error:
            add_error(form, error)
    return render(request, "billing/shared_costs/form.html", context, status=422 if form.errors else 200)


@require_POST
@organization_view(Permission.EDIT_COST_CENTERS, limit=REPORT)
def shared_cost_preview(request: OrganizationRequest) -> HttpResponse:
    """Say what a split that is being typed would have distributed last month; nothing is saved."""
    form = _form(request)
    context: dict[str, object] = {}
    if form.is_valid():
        try:
            context = _preview(request, form.split())
        except CallerError as error:
            context = {"refusal": sentence(error)}
    else:
        told = [text for name, texts in form.errors.items() if name.startswith("percent_") for text in map(str, texts)]
        context = {"refusal": " ".join(told)}
    return render(request, "billing/shared_costs/_preview.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@organization_view(Permission.EDIT_COST_CENTERS)
def shared_cost_end(request: OrganizationRequest, split_id: int) -> HttpResponse:
    """End a split from a month on, or delete it with its past."""
    split, this_month = get_split(split_id), _this_month(request)
    form = EndForm(posted(request), this_month=this_month, initial={"from_month": str(this_month)})
    if request.method == "POST" and form.is_valid():
        month = form.cleaned_data["from_month"]
        try:
            if month is None:
                event_id: int | None = delete_split(actor=request.actor, split_id=split_id)
            else:
                event_id = end_split(actor=request.actor, split_id=split_id, from_month=month)
        except CallerError as error:
            add_error(form, error)
        else:
            messages.success(request, saved(event_id))
            return redirect("billing:shared_cost_list", org_slug=request.organization.slug)
    context = {"form": form, **_row(split, {one.id: one for one in list_cost_centers(retired=True)})}
    return render(request, "billing/shared_costs/end.html", context, status=422 if form.errors else 200)


def _form(request: OrganizationRequest) -> SplitForm:
    this_month = _this_month(request)
    pool = request.GET.get("pool_id", "0")
    return SplitForm(
        posted(request),
        centers=list_cost_centers(),
        this_month=this_month,
        initial={"first_month": str(this_month), "pool_id": pool},
    )


def _row(split: Split, centers: Mapping[int, CostCenterValue]) -> dict[str, object]:
    shares = [(centers[center].name, percent) for center, percent in split.shares.items() if center in centers]
    return {
        "split": split,
        "pool": centers.get(split.pool_id or 0),
        "method": _(METHOD_LABELS[split.method]),
        "receivers": [
            {"name": name, "share": None if percent is None else percent / HUNDRED}
            for name, percent in sorted(shares, key=lambda one: (-(one[1] or ZERO), one[0]))
        ],
    }


def _preview(request: OrganizationRequest, split: Split) -> dict[str, object]:
    last = _this_month(request).previous()
    found: SplitPreview = preview_split(split, month=last, organization=request.organization, now=request.now)
    centers = {center.id: center.name for center in list_cost_centers(retired=True)}
    lines = [
        {"name": centers[center], "billed": _part(found.billed, center), "rated": _part(found.rated, center)}
        for center in sorted(split.shares, key=lambda one: centers[one])
    ]
    return {
        "preview": found,
        "pool": centers.get(split.pool_id or 0),
        "lines": lines,
        "rounding": (_rounding(found.billed), _rounding(found.rated)),
        "metric": split.metric,
    }


def _part(basis: PreviewBasis, center: int) -> dict[str, object]:
    line = basis.received.get(center)
    return {"share": line.share if line else None, "money": Money(line.amount if line else ZERO, basis.pool.currency)}


def _rounding(basis: PreviewBasis) -> Money:
    """Return what the parts as they are shown lack to what is given as it is shown."""
    places = figures.decimals_of(basis.pool.currency)
    shown = add_up(round_half_up(line.amount, places) for line in basis.received.values())
    return Money(round_half_up(basis.given.amount, places) - shown, basis.pool.currency)


def _this_month(request: OrganizationRequest) -> Month:
    return Month.of(local_day(request.now, request.organization.time_zone))


def _month_or_none(text: str) -> Month | None:
    return None if text == ANY else Month.parse(text)


def _month_text(month: Month) -> str:
    return figures.month(month, get_language() or "en")


def _path(center: CostCenterValue) -> str:
    return " / ".join(center.names)


def _center_fields(center: CostCenterValue) -> dict[str, forms.Field]:
    named = {"name": center.name}
    return {
        f"share_{center.id}": forms.BooleanField(
            label=center.name, required=False, widget=forms.CheckboxInput(attrs={"class": "unless-fixed"})
        ),
        f"percent_{center.id}": forms.DecimalField(
            label=_("Percentage of %(name)s") % named,
            required=False,
            min_value=Decimal(0),
            max_value=HUNDRED,
            max_digits=9,
            decimal_places=6,
            widget=forms.TextInput(
                attrs={
                    "inputmode": "decimal",
                    "class": "form-control",
                    "aria-label": _("Percentage of %(name)s") % named,
                }
            ),
        ),
    }


def _choose(form: forms.Form, name: str, choices: list[tuple[str, str]], coerce: Any = None) -> None:
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)
    field.choices = choices
    if coerce is not None:
        assert isinstance(field, forms.TypedChoiceField)
        field.coerce = coerce
