"""Create, change and retire a cost center; the tree with what it costs is a page of a higher floor."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.access.forms import posted
from accounts.access.sentences import add_error, saved
from accounts.access.web import OrganizationRequest, organization_view
from accounts.domain.cost_centers import CostCenterValue
from accounts.domain.errors import CallerError, Conflict
from accounts.domain.names import NAME_LIMIT
from accounts.domain.roles import Permission
from accounts.operations.cost_centers import change_cost_center, create_cost_center, retire_cost_center
from accounts.queries.cost_centers import get_cost_center, list_cost_centers


class ChangeForm(forms.Form):
    """What can be changed of a cost center; where it stands is moved on a page of its own, from a date."""

    name = forms.CharField(
        label=gettext_lazy("Name"), error_messages={"required": gettext_lazy("Enter a name.")}, max_length=NAME_LIMIT
    )
    code = forms.CharField(
        label=gettext_lazy("Code"),
        error_messages={"required": gettext_lazy("Enter a code, for example search.")},
        max_length=64,
        help_text=gettext_lazy(
            "As the tag of your inference profiles spells it, for example search. When the code changes, usage whose tag "
            "still spells the old one is unassigned from today; what was charged stays."
        ),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )
    aws_account_id = forms.CharField(
        label=gettext_lazy("AWS account"),
        required=False,
        max_length=20,
        help_text=gettext_lazy(
            "12 digits. What this account is billed, and no tag assigns, is charged to this center."
        ),
        widget=forms.TextInput(attrs={"inputmode": "numeric"}),
    )


class CreateForm(ChangeForm):
    """A new cost center; the choice of parents comes from the view, inside the organization."""

    parent_id = forms.TypedChoiceField(
        label=gettext_lazy("Stands below"),
        coerce=int,
        empty_value=None,
        required=False,
        help_text=gettext_lazy("From the beginning. It can be moved later, from any day."),
    )
    field_order = ("code", "name", "parent_id", "aws_account_id")

    def __init__(self, *args: Any, parents: Iterable[CostCenterValue], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].help_text = _("As the tag of your inference profiles spells it, for example search.")
        parent = self.fields["parent_id"]
        assert isinstance(parent, forms.ChoiceField)
        choices = [(value.id, " / ".join(value.names)) for value in parents]
        parent.choices = [("", _("Nothing: it stands at the top")), *choices]


@require_http_methods(["GET", "HEAD", "POST"])
@organization_view(Permission.EDIT_COST_CENTERS)
def cost_center_create(request: OrganizationRequest) -> HttpResponse:
    """Create a cost center."""
    form = CreateForm(posted(request), parents=list_cost_centers())
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        try:
            create_cost_center(actor=request.actor, **given)
        except CallerError as error:
            add_error(form, error)
        else:
            messages.success(request, _("Created %(code)s.") % {"code": given["code"]})
            return redirect("forecasting:cost_center_list", org_slug=request.organization.slug)
    context = {"form": form}
    return render(request, "accounts/cost_centers/form.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@organization_view(Permission.EDIT_COST_CENTERS)
def cost_center_edit(request: OrganizationRequest, cost_center_id: int) -> HttpResponse:
    """Change the name, the code or the account that a cost center claims."""
    current = get_cost_center(cost_center_id)
    kept = {"name": current.name, "code": current.code, "aws_account_id": current.aws_account_id}
    form = ChangeForm(posted(request), initial=kept)
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        try:
            event_id = change_cost_center(actor=request.actor, cost_center_id=cost_center_id, **given)
        except CallerError as error:
            add_error(form, error)
        else:
            messages.success(request, saved(event_id))
            return redirect("forecasting:cost_center_list", org_slug=request.organization.slug)
    context = {"form": form, "cost_center": current}
    return render(request, "accounts/cost_centers/form.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@organization_view(Permission.EDIT_COST_CENTERS)
def cost_center_retire(request: OrganizationRequest, cost_center_id: int) -> HttpResponse:
    """Close a cost center to new cost, after a page that says what that means."""
    current = get_cost_center(cost_center_id)
    form = forms.Form(posted(request))
    if request.method == "POST":
        try:
            event_id = retire_cost_center(actor=request.actor, cost_center_id=cost_center_id, now=request.now)
        except Conflict as error:
            add_error(form, error)
        else:
            messages.success(request, saved(event_id))
            return redirect("forecasting:cost_center_list", org_slug=request.organization.slug)
    context = {"form": form, "cost_center": current}
    return render(request, "accounts/cost_centers/retire.html", context, status=422 if form.errors else 200)
