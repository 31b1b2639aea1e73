"""What watching a connection may cost a month, and what that buys."""

from __future__ import annotations

from decimal import Decimal

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
from accounts.domain.errors import CallerError
from accounts.domain.roles import Permission
from billing.domain.watching import HIGHEST_LIMIT_USD
from billing.operations.watching import change_watching_limit
from billing.queries.connections import get_connection
from billing.queries.watching import get_watch_plan


class WatchingLimitForm(forms.Form):
    """What a connection may cost a month."""

    watching_limit_usd = forms.DecimalField(
        label=gettext_lazy("Limit a month ($)"),
        min_value=Decimal(0),
        max_value=HIGHEST_LIMIT_USD,
        decimal_places=2,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        help_text=gettext_lazy("In US dollars; charged by AWS to the account that is read, not by us"),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@organization_view(Permission.EDIT_CONNECTIONS)
def connection_limit(request: OrganizationRequest, connection_id: int) -> HttpResponse:
    """Change what watching an account may cost a month."""
    connection = get_connection(connection_id)
    form = WatchingLimitForm(posted(request), initial={"watching_limit_usd": connection.watching_limit_usd})
    if request.method == "POST" and form.is_valid():
        try:
            change_watching_limit(
                actor=request.actor,
                connection_id=connection_id,
                limit_usd=form.cleaned_data["watching_limit_usd"],
                now=request.now,
            )
        except CallerError as error:
            add_error(form, error)
        else:
            messages.success(request, _("Saved. The plan for the rest of the month follows the new limit."))
            return redirect(
                "billing:connection_detail", org_slug=request.organization.slug, connection_id=connection_id
            )
    context = {"form": form, "connection": connection, "plan": get_watch_plan(connection_id, now=request.now)}
    return render(request, "billing/connections/limit.html", context, status=422 if form.errors else 200)
