"""Allocation rules: their order, their form with what they would move, their end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access.celery import nudge
from accounts.access.forms import posted
from accounts.access.patience import REPORT
from accounts.access.sentences import add_error, saved, sentence
from accounts.access.web import OrganizationRequest, organization_view
from accounts.domain.cost_centers import CostCenterValue
from accounts.domain.errors import CallerError
from accounts.domain.roles import Permission
from accounts.queries.cost_centers import list_cost_centers
from billing.domain.allocation import (
    COMPARISON_LABELS,
    FIELD_LABELS,
    MOST_CONDITIONS,
    ORIGIN_LABELS,
    Comparison,
    Condition,
    Origin,
    RuleField,
    bases_of,
)
from billing.domain.allocation_rules import Rule, RuleDraft, condition_of
from billing.domain.dimensions import Basis
from billing.operations.allocation_rules import change_rule, create_rule, end_rule, move_rule
from billing.queries.allocation_preview import RulePreview, preview_rule
from billing.queries.allocation_rules import find_last_run, get_rule, list_rules
from billing.queries.unallocated import list_conflicts

# How the worker's task is called (billing/tasks.py); a view may not import it.
WORK_OFF = "billing.tasks.work_off_allocation_runs"
ROWS = 4
MOST_CONFLICTS = 100


class RuleForm(forms.Form):
    """A rule: a name, up to four conditions, who pays, from which day up to which other."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    cost_center_id = forms.TypedChoiceField(label=gettext_lazy("Cost center that pays"), coerce=int)
    effective_from = forms.DateField(
        label=gettext_lazy("In force from"),
        required=False,
        help_text=gettext_lazy(
            "A UTC day, for example 2026-11-01. Empty: from the beginning. What was before keeps its payer."
        ),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    effective_to = forms.DateField(
        label=gettext_lazy("Until"),
        required=False,
        help_text=gettext_lazy("From this UTC day on the rule does not hold. Empty: until further notice."),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, centers: Iterable[CostCenterValue], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # As many rows as there are conditions, of which a program may have given more than the form begins with.
        names = self.data if self.is_bound else self.initial
        self.numbers = range(min(MOST_CONDITIONS, max(ROWS, sum(name.startswith("field_") for name in names))))
        _choose(self, "cost_center_id", [("", "–"), *((str(one.id), " / ".join(one.names)) for one in centers)])
        for row in self.numbers:
            self.fields.update(_row_fields(row))

    def rows(self) -> list[dict[str, forms.BoundField]]:
        """Return the condition rows for the template."""
        names = ("field", "comparison", "tag_key", "values")
        return [{name: self[f"{name}_{row}"] for name in names} for row in self.numbers]

    def draft(self) -> RuleDraft:
        """Return the rule as it was typed; of a form that is valid."""
        given = self.cleaned_data
        conditions = tuple(
            condition_of(
                field=given[f"field_{row}"],
                comparison=given[f"comparison_{row}"] or Comparison.IS.value,
                values=given[f"values_{row}"].replace("\n", ",").split(","),
                tag_key=given[f"tag_key_{row}"] if given[f"field_{row}"] == RuleField.TAG else "",
            )
            for row in self.numbers
            if given[f"field_{row}"]
        )
        return RuleDraft(
            name=given["name"],
            cost_center_id=given["cost_center_id"],
            conditions=conditions,
            effective_from=given["effective_from"],
            effective_to=given["effective_to"],
        )


class EndForm(forms.Form):
    """From which day a rule does not hold any more."""

    from_day = forms.DateField(
        label=gettext_lazy("Ends before"),
        required=False,
        help_text=gettext_lazy("A UTC day. Empty: the rule is deleted with all it ever said, and all its past moves."),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    version = forms.IntegerField(widget=forms.HiddenInput)


@require_safe
@organization_view(Permission.VIEW_SPEND)
def allocation_rule_list(request: OrganizationRequest) -> HttpResponse:
    """Show the rules in their order, the built-in ones last, and how far the last change has come."""
    centers = {center.id: center for center in list_cost_centers(retired=True)}
    rules, today = list_rules(), request.now.date()
    rows = [_row(rule, centers, today, place, len(rules)) for place, rule in enumerate(rules)]
    built_in = [_(ORIGIN_LABELS[origin]) for origin in (Origin.TAG, Origin.ACCOUNT)]
    context = {
        "rows": rows,
        "built_in": list(enumerate(built_in, start=len(rules) + 1)),
        "run": find_last_run(),
        "in_force": sum(row["is_in_force"] is True for row in rows),
    }
    template = "_run.html" if request.htmx else "list.html"
    return render(request, f"billing/allocation_rules/{template}", context)


@require_http_methods(["GET", "HEAD", "POST"])
@organization_view(Permission.EDIT_COST_CENTERS, limit=REPORT)
def allocation_rule_create(request: OrganizationRequest) -> HttpResponse:
    """Create a rule, after showing what it would move."""
    return _edit(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
@organization_view(Permission.EDIT_COST_CENTERS, limit=REPORT)
def allocation_rule_edit(request: OrganizationRequest, rule_id: int) -> HttpResponse:
    """Have a rule say something else from a day on."""
    return _edit(request, get_rule(rule_id))


@require_POST
@organization_view(Permission.EDIT_COST_CENTERS, limit=REPORT)
def allocation_rule_preview(request: OrganizationRequest) -> HttpResponse:
    """Say what a rule that is being typed would move in the last 90 days; nothing is saved."""
    form = RuleForm(request.POST, centers=list_cost_centers())
    rule_id = request.POST.get("rule_id", "")
    context: dict[str, object] = {}
    if form.is_valid():
        try:
            draft = form.draft()
            context = _preview(request, draft, int(rule_id) if rule_id.isdigit() else None)
        except CallerError as error:
            context = {"refusal": sentence(error)}
    return render(request, "billing/allocation_rules/_preview.html", {**context, "is_swapped": True})


@require_POST
@organization_view(Permission.EDIT_COST_CENTERS)
def allocation_rule_move(request: OrganizationRequest, rule_id: int) -> HttpResponse:
    """Let a rule change places with the one before or after it."""
    move_rule(actor=request.actor, rule_id=rule_id, up=request.POST.get("direction") == "up", now=request.now)
    nudge(WORK_OFF, organization_id=request.organization.id)
    return redirect("billing:allocation_rule_list", org_slug=request.organization.slug)


@require_http_methods(["GET", "HEAD", "POST"])
@organization_view(Permission.EDIT_COST_CENTERS)
def allocation_rule_end(request: OrganizationRequest, rule_id: int) -> HttpResponse:
    """End a rule from a day on, or delete it with its past."""
    rule = get_rule(rule_id)
    form = EndForm(posted(request), initial={"from_day": request.now.date(), "version": rule.version})
    if request.method == "POST" and form.is_valid():
        try:
            event_id = end_rule(
                actor=request.actor,
                rule_id=rule_id,
                from_day=form.cleaned_data["from_day"],
                expected_version=form.cleaned_data["version"],
                now=request.now,
            )
        except CallerError as error:
            add_error(form, error)
        else:
            nudge(WORK_OFF, organization_id=request.organization.id)
            messages.success(request, saved(event_id))
            return redirect("billing:allocation_rule_list", org_slug=request.organization.slug)
    context = {"form": form, "rule": rule}
    return render(request, "billing/allocation_rules/end.html", context, status=422 if form.errors else 200)


@require_safe
@organization_view(Permission.VIEW_SPEND, limit=REPORT)
def allocation_conflict_list(request: OrganizationRequest) -> HttpResponse:
    """Show the series whose rules, tags and account name different cost centers."""
    centers = {center.id: center for center in list_cost_centers(retired=True)}
    conflicts = list_conflicts(organization=request.organization, now=request.now)
    rows = [
        {
            "conflict": one,
            "told": [
                {"origin": _(ORIGIN_LABELS[told.origin]), "text": told.text, "center": centers.get(told.cost_center_id)}
                for told in one.told
            ],
        }
        for one in conflicts[:MOST_CONFLICTS]
    ]
    context = {"rows": rows, "count": len(conflicts), "most": MOST_CONFLICTS}
    return render(request, "billing/allocation_rules/conflicts.html", context)


def condition_text(condition: Condition) -> str:
    """Write a condition as people read it: Tag team is search or support."""
    named = {
        "field": _(FIELD_LABELS[condition.field]) + (f" {condition.tag_key}" if condition.tag_key else ""),
        "comparison": _(COMPARISON_LABELS[condition.comparison]),
        "values": ", ".join(condition.values),
    }
    return _("%(field)s %(comparison)s %(values)s") % named


def _edit(request: OrganizationRequest, rule: Rule | None) -> HttpResponse:
    form = RuleForm(posted(request), initial=_initial(request, rule), centers=list_cost_centers())
    context: dict[str, object] = {"form": form, "rule": rule}
    if request.method == "POST" and form.is_valid():
        try:
            draft = form.draft()
            if "preview" in request.POST:
                context |= _preview(request, draft, rule.id if rule else None)
            else:
                _save(request, form, draft, rule)
                return redirect("billing:allocation_rule_list", org_slug=request.organization.slug)
        except CallerError as error:
            add_error(form, error)
    return render(request, "billing/allocation_rules/form.html", context, status=422 if form.errors else 200)


def _save(request: OrganizationRequest, form: RuleForm, draft: RuleDraft, rule: Rule | None) -> None:
    if rule is None:
        create_rule(actor=request.actor, draft=draft, now=request.now)
    else:
        version = form.cleaned_data["version"]
        change_rule(
            actor=request.actor,
            rule_id=rule.id,
            draft=draft,
            expected_version=rule.version if version is None else version,
            now=request.now,
        )
    nudge(WORK_OFF, organization_id=request.organization.id)
    messages.success(request, _("Saved. Past and present cost is being allocated again; the list says how far it is."))


def _preview(request: OrganizationRequest, draft: RuleDraft, rule_id: int | None) -> dict[str, object]:
    found: RulePreview = preview_rule(draft, rule_id=rule_id, organization=request.organization, now=request.now)
    centers = {center.id: center.name for center in list_cost_centers(retired=True)}
    nobody = _("Unallocated")
    return {
        "preview": found,
        "lines": [
            {
                "line": line,
                "from": centers.get(line.from_id or 0, nobody),
                "to": centers.get(line.to_id or 0, nobody),
            }
            for line in found.lines
        ],
        "takes_billed_only": bases_of(draft.conditions) == {Basis.BILLED},
        "takes_rated_only": bases_of(draft.conditions) == {Basis.RATED},
    }


def _row(rule: Rule, centers: Mapping[int, CostCenterValue], today: date, place: int, count: int) -> dict[str, object]:
    shown = rule.shown(today)
    return {
        "rule": rule,
        "shown": shown,
        "center": centers.get(shown.cost_center_id),
        "conditions": [condition_text(one) for one in shown.conditions],
        "is_in_force": shown.covers(today),
        "is_ahead": shown.effective_from is not None and shown.effective_from > today,
        "is_first": place == 0,
        "is_last": place == count - 1,
    }


def _initial(request: OrganizationRequest, rule: Rule | None) -> dict[str, object]:
    """What the form says at first: the rule, or what a link to it suggests."""
    if rule is None:
        given = {f"{name}_0": request.GET.get(name, "") for name in ("field", "tag_key", "values")}
        return {**given, "name": given["values_0"][:120]}
    shown = rule.shown(request.now.date())
    first: dict[str, object] = {
        "name": rule.name,
        "cost_center_id": shown.cost_center_id,
        "effective_from": request.now.date(),
        "effective_to": shown.effective_to,
        "version": rule.version,
    }
    for row, one in enumerate(shown.conditions):
        first |= {
            f"field_{row}": one.field.value,
            f"comparison_{row}": one.comparison.value,
            f"tag_key_{row}": one.tag_key,
            f"values_{row}": ", ".join(one.values),
        }
    return first


def _row_fields(row: int) -> dict[str, forms.Field]:
    number = {"number": row + 1}
    return {
        f"field_{row}": forms.ChoiceField(
            label=_("Condition %(number)s") % number,
            required=row == 0,
            choices=[("", "–"), *((code.value, _(label)) for code, label in FIELD_LABELS.items())],
        ),
        f"comparison_{row}": forms.ChoiceField(
            label=_("Comparison"),
            choices=[(code.value, _(label)) for code, label in COMPARISON_LABELS.items()],
            initial=Comparison.IS.value,
            required=False,
        ),
        f"tag_key_{row}": forms.CharField(label=_("Tag key"), required=False, max_length=255),
        f"values_{row}": forms.CharField(label=_("Values"), required=False, max_length=4000),
    }


def _choose(form: forms.Form, name: str, choices: list[tuple[str, str]]) -> None:
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)
    field.choices = choices
