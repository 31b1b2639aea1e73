"""Upload a file of exchange rates: what saving it would change is shown first."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core import signing
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from accounts.access.forms import posted
from accounts.access.sentences import add_error
from accounts.access.uploads import takes_file
from accounts.access.web import OrganizationRequest, organization_view
from accounts.domain.errors import CallerError
from accounts.domain.roles import Permission
from billing.domain.rate_files import MAX_BYTES, Layout
from billing.operations.exchange_rates import save_exchange_rates
from billing.queries.exchange_rates import RatePlan, plan_rate_file

SALT = "rate-file"
SOURCES = {
    Layout.ECB: gettext_lazy("ECB reference rates, average of the month"),
    Layout.PLAIN: gettext_lazy("Uploaded list"),
}


class RateFileForm(forms.Form):
    """A file, or the one that was shown and is now to be saved."""

    file = forms.FileField(
        label=gettext_lazy("CSV file"),
        required=False,
        help_text=gettext_lazy(
            "The ECB's eurofxref-hist.csv as it is, or lines of month, currency and rate per US dollar"
        ),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,text/csv"}),
    )
    shown = forms.CharField(required=False, max_length=MAX_BYTES, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        """Read the text of the file, or the text that was shown."""
        given = super().clean() or self.cleaned_data
        file = given.get("file")
        if file is not None:
            if file.size > MAX_BYTES:
                raise ValidationError({"file": _("The file is larger than 8 megabytes.")})
            given["text"] = file.read().decode("utf-8", errors="replace")
        elif given.get("shown"):
            try:
                given["text"] = signing.loads(given["shown"], salt=SALT)
            except signing.BadSignature as error:
                raise ValidationError({"file": _("Choose the file once more.")}) from error
        else:
            raise ValidationError({"file": _("Choose a file.")})
        return given


@takes_file(MAX_BYTES)
@require_http_methods(["GET", "HEAD", "POST"])
@organization_view(Permission.EDIT_EXCHANGE_RATES)
def exchange_rate_upload(request: OrganizationRequest) -> HttpResponse:
    """Show what a file of rates would change, and save it when that was seen."""
    is_sent = request.method == "POST"
    form = RateFileForm(posted(request), request.FILES if is_sent else None)
    plan: RatePlan | None = None
    if is_sent and form.is_valid():
        try:
            plan = _plan(request, form.cleaned_data["text"])
            if form.cleaned_data.get("shown") and form.cleaned_data.get("file") is None:
                return _save(request, plan)
        except CallerError as error:
            add_error(form, error)
    context = {"form": form, "plan": plan, "shown": _kept(plan) if plan and plan.to_save else ""}
    return render(request, "billing/exchange_rates/upload.html", context, status=422 if form.errors else 200)


def _plan(request: OrganizationRequest, text: str) -> RatePlan:
    organization = request.organization
    return plan_rate_file(text, currency=organization.currency, time_zone=organization.time_zone, now=request.now)


def _save(request: OrganizationRequest, plan: RatePlan) -> HttpResponse:
    saved = save_exchange_rates(
        actor=request.actor, rates=plan.to_save, source=str(SOURCES[plan.layout]), now=request.now
    )
    text = ngettext("Saved %(count)d rate.", "Saved %(count)d rates.", saved)
    messages.success(request, text % {"count": saved})
    return redirect("billing:exchange_rate_list", org_slug=request.organization.slug)


def _kept(plan: RatePlan) -> str:
    """The rates that were shown, as a plain list, signed: what is saved is what was seen."""
    lines = [f"{rate.month},{rate.currency},{rate.units_per_usd:f}" for rate in plan.to_save]
    return signing.dumps("\n".join(["month,currency,rate", *lines]), salt=SALT, compress=True)
