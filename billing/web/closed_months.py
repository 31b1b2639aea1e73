"""The months whose figures are signed: close them, reopen them with a reason."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access.forms import posted
from accounts.access.sentences import add_error
from accounts.access.web import OrganizationRequest, organization_view
from accounts.domain.closed_months import REASON_LENGTH
from accounts.domain.errors import CallerError, NotFound
from accounts.domain.roles import Permission
from billing.domain.periods import Month
from billing.operations.closed_months import close_month, reopen_month
from billing.queries.closed_months import BookMonth, list_book_months


class ReopenForm(forms.Form):
    """Why signed figures are opened."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=REASON_LENGTH,
        help_text=gettext_lazy("Kept in the audit log with your name"),
    )


@require_safe
@organization_view(Permission.VIEW_SPEND)
def closed_month_list(request: OrganizationRequest) -> HttpResponse:
    """Show each month with its figure, its rate, and whether it is closed."""
    months = _months(request)
    closed = [month for month in months if month.is_closed]
    context = {
        "months": months,
        "newest_closed": closed[0] if closed else None,
        "open_months": [month for month in months if month.is_over and not month.is_closed],
        "currency": request.organization.currency,
    }
    return render(request, "billing/closed_months/list.html", context)


@require_POST
@organization_view(Permission.CLOSE_MONTHS)
def closed_month_close(request: OrganizationRequest, month: str) -> HttpResponse:
    """Close a month and all before it."""
    event_id = close_month(actor=request.actor, month=_month(month), now=request.now)
    text = _("Closed through %(month)s. The audit log has it as line %(number)s.")
    messages.success(request, text % {"month": month, "number": event_id})
    return redirect("billing:closed_month_list", org_slug=request.organization.slug)


@require_http_methods(["GET", "HEAD", "POST"])
@organization_view(Permission.CLOSE_MONTHS)
def closed_month_reopen(request: OrganizationRequest, month: str) -> HttpResponse:
    """Open a month and all after it again, with a reason."""
    asked, form = _month(month), ReopenForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            event_id = reopen_month(actor=request.actor, month=asked, reason=form.cleaned_data["reason"])
        except CallerError as error:
            add_error(form, error)
        else:
            text = _("Reopened from %(month)s on. The audit log has it as line %(number)s.")
            messages.success(request, text % {"month": month, "number": event_id})
            return redirect("billing:closed_month_list", org_slug=request.organization.slug)
    reopened = [one for one in _months(request) if one.is_closed and one.month >= asked]
    context = {"form": form, "month": asked, "reopened": reopened}
    return render(request, "billing/closed_months/reopen.html", context, status=422 if form.errors else 200)


def _months(request: OrganizationRequest) -> tuple[BookMonth, ...]:
    organization = request.organization
    return list_book_months(currency=organization.currency, time_zone=organization.time_zone, now=request.now)


def _month(text: str) -> Month:
    try:
        return Month.parse(text)
    except ValueError as error:
        raise NotFound from error
