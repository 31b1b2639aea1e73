"""An announced price cut: what we got of it, its form with a preview, taking it back, and its rows as a file."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access.forms import posted
from accounts.access.pages import next_cursor, read_after
from accounts.access.patience import REPORT
from accounts.access.sentences import add_error, sentence
from accounts.access.web import OrganizationRequest, organization_view
from accounts.domain.errors import CallerError
from accounts.domain.roles import Permission
from accounts.domain.text import gettext_noop
from billing.domain.announcements import (
    TITLE_LIMIT,
    AnnouncementEntry,
    PercentDoubtful,
    Scope,
    check_entry,
    parse_percent,
)
from billing.domain.dimensions import ContextBand, Provider
from billing.domain.labels import (
    BILLED_TOKEN_CLASS_LABELS,
    PROVIDER_LABELS,
    ROUTING_CLASS_LABELS,
    TIER_LABELS,
    TOKEN_CLASS_LABELS,
)
from billing.domain.money import plain
from billing.operations.announcements import register_announcement, withdraw_announcement
from billing.queries.announcements import (
    EvidenceRow,
    MeasuredCut,
    get_announcement,
    list_announcement_evidence,
    list_known_scope,
    measure,
)
from billing.queries.catalog import list_foundation_models, names_of
from billing.web.explore.exports import MARK, harmless
from billing.web.price_cuts import CutView, name_of

ROWS = 50
RATE_PLACES = Decimal("1E-10")
DAY_OF_ENDS = timedelta(days=1)
FILE_COLUMNS = (
    "date", "aws_account", "service", "usage_type", "model", "aws_region", "routing", "tier", "token_class",
    "context_band", "tokens", "rate_usd_per_million", "cost", "rate_before", "received", "currency", "reason",
)  # fmt: skip
BAND_LABELS: Mapping[ContextBand, str] = {
    ContextBand.STANDARD: gettext_noop("Prompts of standard length"),
    ContextBand.LONG: gettext_noop("Long prompts"),
}


class AnnouncementForm(forms.Form):
    """A price cut as it was announced; what is left empty is everything."""

    title = forms.CharField(
        label=gettext_lazy("What it is called"),
        max_length=TITLE_LIMIT,
        help_text=gettext_lazy("For example: a quarter off Claude Sonnet 4.5"),
    )
    percent = forms.CharField(
        label=gettext_lazy("Cut in percent"),
        max_length=12,
        help_text=gettext_lazy("Enter 25 for a quarter off"),
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    first_day = forms.DateField(
        label=gettext_lazy("Holds from"),
        help_text=gettext_lazy("From 00:00 UTC of this day, as bills have it"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    last_day = forms.DateField(
        label=gettext_lazy("Last day"),
        required=False,
        help_text=gettext_lazy("Only where it was announced for a time"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    provider = forms.ChoiceField(label=gettext_lazy("Provider"))
    model_ids = forms.MultipleChoiceField(
        label=gettext_lazy("Models"),
        required=False,
        help_text=gettext_lazy("None chosen: all models. Those on your bill come first."),
        widget=forms.SelectMultiple(attrs={"size": 8}),
    )
    publisher = forms.ChoiceField(label=gettext_lazy("Publisher"), required=False)
    routing_class = forms.ChoiceField(label=gettext_lazy("Routing"), required=False)
    context_band = forms.ChoiceField(label=gettext_lazy("Length of prompts"), required=False)
    tiers = forms.MultipleChoiceField(
        label=gettext_lazy("Service tiers"),
        required=False,
        help_text=gettext_lazy("None chosen: all"),
        widget=forms.CheckboxSelectMultiple,
    )
    token_classes = forms.MultipleChoiceField(
        label=gettext_lazy("Token classes"),
        required=False,
        help_text=gettext_lazy("None chosen: all"),
        widget=forms.CheckboxSelectMultiple,
    )
    aws_regions = forms.MultipleChoiceField(
        label=gettext_lazy("Regions"),
        required=False,
        help_text=gettext_lazy("None chosen: all"),
        widget=forms.CheckboxSelectMultiple,
    )
    source = forms.CharField(
        label=gettext_lazy("Where it was announced"),
        max_length=500,
        required=False,
        help_text=gettext_lazy("A letter, a page or a contract, in its words"),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    confirm = forms.BooleanField(label=gettext_lazy("The cut is less than 1 percent: that is right"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known, names = list_known_scope(), names_of(list_foundation_models())
        billed = set(known.billed_model_ids)
        by_use = sorted(known.model_ids, key=lambda code: (code not in billed, str(names.get(code, code)).casefold()))
        everything = ("", _("All"))
        self._choose("provider", [(code.value, _(label)) for code, label in PROVIDER_LABELS.items()])
        self._choose("model_ids", [(code, names.get(code, code)) for code in by_use])
        self._choose("publisher", [everything, *((name, name) for name in known.publishers)])
        self._choose("routing_class", [everything, *_choices(ROUTING_CLASS_LABELS)])
        self._choose("context_band", [everything, *_choices(BAND_LABELS)])
        self._choose("tiers", _choices(TIER_LABELS))
        self._choose("token_classes", _choices(TOKEN_CLASS_LABELS))
        self._choose("aws_regions", [(code, code) for code in known.aws_regions])

    def entry(self) -> AnnouncementEntry:
        """The announcement as it was typed; of a form that is valid. Raises PercentMalformed."""
        given = self.cleaned_data
        last_day = given["last_day"]
        return AnnouncementEntry(
            title=given["title"],
            scope=Scope(
                provider=Provider(given["provider"]),
                publishers=(given["publisher"],) if given["publisher"] else (),
                model_ids=tuple(given["model_ids"]),
                routing_class=given["routing_class"],
                tiers=tuple(given["tiers"]),
                aws_regions=tuple(given["aws_regions"]),
                token_classes=tuple(given["token_classes"]),
                context_band=given["context_band"],
            ),
            percent=parse_percent(given["percent"]),
            first_day=given["first_day"],
            ends=last_day + DAY_OF_ENDS if last_day else None,
            source=given["source"],
        )

    def _choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices


@require_safe
@organization_view(Permission.VIEW_SPEND)
def announcement_detail(request: OrganizationRequest, announcement_id: int) -> HttpResponse:
    """Answer what of an announced cut we got, since when and worth how much, and where the rest was left."""
    announcement = get_announcement(announcement_id)
    cut = measure(announcement.entry)
    page = list_announcement_evidence(cut, after=read_after(request), limit=ROWS)
    view = CutView(cut=cut, names=names_of(list_foundation_models()))
    context = {
        "announcement": announcement,
        "view": view,
        "chart": view.chart,
        "scope": scope_words(announcement.entry.scope, view.names),
        "rows": view.days(page.rows),
        "page_next": next_cursor(request, page.next),
    }
    return render(request, "billing/announcements/detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@organization_view(Permission.EDIT_PRICES)
def announcement_create(request: OrganizationRequest) -> HttpResponse:
    """Register an announced cut."""
    form = AnnouncementForm(posted(request), initial=_initial(request))
    view, asks = None, False
    if request.method == "POST" and form.is_valid():
        try:
            entry = form.entry()
            view = _view(entry)
            made = register_announcement(
                actor=request.actor, entry=entry, is_confirmed=form.cleaned_data["confirm"], now=request.now
            )
        except CallerError as error:
            asks = isinstance(error, PercentDoubtful)
            add_error(form, error)
        else:
            messages.success(request, _("Registered: %(title)s.") % {"title": made.entry.title})
            return redirect("billing:announcement_detail", org_slug=request.organization.slug, announcement_id=made.id)
    context = {"form": form, "view": view, "asks_to_confirm": asks}
    return render(request, "billing/announcements/form.html", context, status=422 if form.errors else 200)


@require_POST
@organization_view(Permission.EDIT_PRICES)
def announcement_preview(request: OrganizationRequest) -> HttpResponse:
    """Say how much of our spend a cut that is being typed is about; nothing is saved."""
    form = AnnouncementForm(request.POST)
    context: dict[str, object] = {"view": None, "form": form}
    # The name matters to nobody's figures, and is typed first.
    form.fields["title"].required = False
    if form.is_valid():
        try:
            entry = form.entry()
            check_entry(entry, is_confirmed=True)
            context["asks_to_confirm"] = _is_doubtful(entry)
            context["view"] = _view(entry)
        except CallerError as error:
            context["refusal"] = sentence(error)
    return render(request, "billing/announcements/_preview.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@organization_view(Permission.EDIT_PRICES)
def announcement_withdraw(request: OrganizationRequest, announcement_id: int) -> HttpResponse:
    """Take an announcement back, after a page that says what stays."""
    announcement = get_announcement(announcement_id)
    if request.method == "POST":
        withdraw_announcement(actor=request.actor, announcement_id=announcement_id, now=request.now)
        messages.success(request, _("Withdrawn: %(title)s.") % {"title": announcement.entry.title})
        return redirect("billing:price_event_list", org_slug=request.organization.slug)
    return render(request, "billing/announcements/withdraw.html", {"announcement": announcement})


@require_safe
@organization_view(Permission.VIEW_SPEND, limit=REPORT)
def announcement_export(request: OrganizationRequest, announcement_id: int) -> HttpResponse:
    """Send every line of the bill by day since the cut, unrounded."""
    announcement = get_announcement(announcement_id)
    cut = measure(announcement.entry)
    text = StringIO()
    text.write(MARK)
    writer = csv.writer(text)
    writer.writerow(FILE_COLUMNS)
    after = None
    while True:
        page = list_announcement_evidence(cut, after=after)
        writer.writerows(_file_row(row, cut) for row in page.rows)
        after = page.next
        if after is None:
            break
    response = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    name = f"{request.organization.slug}-announcement-{announcement.id}"
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def scope_words(scope: Scope, names: Mapping[str, str]) -> list[tuple[str, str]]:
    """Say what an announcement is about, name by name; what is everything is left out."""
    said = (
        (_("Provider"), _(PROVIDER_LABELS[scope.provider])),
        (_("Publisher"), ", ".join(scope.publishers)),
        (_("Models"), ", ".join(names.get(code, code) for code in scope.model_ids)),
        (_("Routing"), name_of(ROUTING_CLASS_LABELS, scope.routing_class)),
        (_("Service tiers"), _named(TIER_LABELS, scope.tiers)),
        (_("Regions"), ", ".join(scope.aws_regions)),
        (_("Token classes"), _named(BILLED_TOKEN_CLASS_LABELS, scope.token_classes)),
        (_("Length of prompts"), name_of(BAND_LABELS, scope.context_band)),
    )
    return [(name, text) for name, text in said if text]


def _view(entry: AnnouncementEntry) -> CutView:
    return CutView(cut=measure(entry), names={})


def _is_doubtful(entry: AnnouncementEntry) -> bool:
    try:
        check_entry(entry, is_confirmed=False)
    except PercentDoubtful:
        return True
    return False


def _initial(request: OrganizationRequest) -> dict[str, object]:
    """What a link from an observed event says already."""
    given = request.GET
    return {
        "title": "",
        "percent": given.get("percent", "")[:12],
        "first_day": given.get("first_day", ""),
        "provider": Provider.AWS_BEDROCK.value,
        "model_ids": given.getlist("model"),
        "routing_class": given.get("routing", ""),
    }


def _named(labels: Mapping[Any, str], codes: Iterable[str]) -> str:
    return ", ".join(name_of(labels, code) for code in codes)


def _choices(labels: Mapping[Any, Any]) -> list[tuple[str, str]]:
    return [(code.value, _(label)) for code, label in labels.items()]


def _file_row(row: EvidenceRow, cut: MeasuredCut) -> list[str]:
    bill, line = row.bill, row.bill.line
    texts = (line.aws_account_id, bill.service, bill.usage_type, line.model_id, line.aws_region, line.routing_class)
    return [
        bill.date.isoformat(),
        *map(harmless, (*texts, line.tier, line.token_class, line.context_band)),
        plain(bill.quantity),
        "" if bill.rate is None else plain(bill.rate.quantize(RATE_PLACES)),
        plain(bill.cost),
        "" if row.rate_before is None else plain(row.rate_before),
        plain(row.received),
        cut.currency,
        row.reason.value if row.reason else "",
    ]
