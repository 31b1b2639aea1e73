"""Closing the organization, after a page that says what ends, in numbers."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.access.forms import posted
from accounts.access.sentences import add_error
from accounts.access.web import OrganizationRequest, organization_view
from accounts.domain.errors import Invalid
from accounts.domain.names import NAME_LIMIT
from accounts.domain.roles import Permission
from accounts.operations.closing import close_organization
from forecasting.queries.organizations import get_closing


class CloseForm(forms.Form):
    """The organization's name, typed."""

    name = forms.CharField(
        label=gettext_lazy("Name of the organization"),
        max_length=NAME_LIMIT,
        error_messages={"required": gettext_lazy("Type the name of the organization.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@organization_view(Permission.CLOSE_ORGANIZATION)
def organization_close(request: OrganizationRequest) -> HttpResponse:
    """Close the organization for ever."""
    form = CloseForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            close_organization(actor=request.actor, typed_name=form.cleaned_data["name"], now=request.now)
        except Invalid as error:
            add_error(form, error)
        else:
            messages.success(request, _("%(name)s is closed.") % {"name": request.organization.name})
            return redirect("accounts:organization_list")
    context = {"form": form, "closing": get_closing(now=request.now)}
    return render(request, "forecasting/organizations/close.html", context, status=422 if form.errors else 200)
