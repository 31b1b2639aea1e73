"""Choose, create, settings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.numbers import get_currency_name
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.dates import MONTHS
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access.forms import posted
from accounts.access.people import PersonRequest, person_view
from accounts.access.sentences import add_error, day_text, saved
from accounts.access.web import OrganizationRequest, organization_view, user_actor
from accounts.domain.errors import CallerError
from accounts.domain.names import NAME_LIMIT
from accounts.domain.organizations import (
    CURRENCIES,
    PRESETS,
    SLUG_LIMIT,
    OrganizationValue,
    fiscal_year,
    slug_from,
    time_zones,
)
from accounts.domain.roles import Permission
from accounts.operations.organizations import change_organization, create_organization
from accounts.operations.users import choose_language
from accounts.queries.organizations import list_organizations_of_user
from accounts.queries.users import has_any_user


def _currency_choices() -> list[tuple[str, str]]:
    locale = get_language() or "en"
    return [(code, f"{code} – {get_currency_name(code, locale=locale)}") for code in CURRENCIES]


def _time_zone_choices() -> list[tuple[str, str]]:
    return [(name, name.replace("_", " ")) for name in sorted(time_zones())]


class SettingsForm(forms.Form):
    """An organization's settings."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        error_messages={"required": gettext_lazy("Enter a name.")},
        max_length=NAME_LIMIT,
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    time_zone = forms.ChoiceField(
        label=gettext_lazy("Time zone"),
        error_messages={"required": gettext_lazy("Choose a time zone.")},
        choices=_time_zone_choices,
        help_text=gettext_lazy("Days and months of pages, budgets and forecasts begin at midnight here."),
    )
    currency = forms.ChoiceField(
        label=gettext_lazy("Reporting currency"),
        error_messages={"required": gettext_lazy("Choose a currency.")},
        choices=_currency_choices,
        help_text=gettext_lazy("Bills keep their own currency; pages convert with the exchange rates that you enter."),
    )
    fiscal_year_start_month = forms.TypedChoiceField(
        label=gettext_lazy("Fiscal year begins in"),
        error_messages={"required": gettext_lazy("Choose the month in which the fiscal year begins.")},
        choices=tuple(MONTHS.items()),
        coerce=int,
    )


class CreateForm(SettingsForm):
    """A new organization; `country` remembers the preset that was chosen."""

    slug = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=SLUG_LIMIT,
        required=False,
        help_text=gettext_lazy(
            "Stands in every address of the organization and cannot be changed later. Left empty, it is made from the "
            "name. Small letters, digits and dashes."
        ),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )
    country = forms.ChoiceField(choices=[(name, name) for name in PRESETS], widget=forms.HiddenInput)
    field_order = ("name", "slug", "time_zone", "currency", "fiscal_year_start_month", "country")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        cleaned["slug"] = cleaned.get("slug") or slug_from(cleaned.get("name", ""))
        if not cleaned["slug"] and "name" in cleaned:
            self.add_error("slug", _("Enter an address: the name has no Latin letters or digits to make one from."))
        return cleaned


@never_cache
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Send everybody where he belongs; the very first visitor signs up."""
    if not request.user.is_authenticated:
        return redirect("account_login" if has_any_user() else "account_signup")
    organizations = list_organizations_of_user(request.user.pk)
    if not organizations:
        return redirect("accounts:organization_create")
    if len(organizations) == 1:
        return redirect("forecasting:dashboard", org_slug=organizations[0].slug)
    return redirect("accounts:organization_list")


@require_safe
@person_view
def organization_list(request: PersonRequest) -> HttpResponse:
    """Let a person choose among his organizations."""
    context = {"organizations": list_organizations_of_user(request.user.pk)}
    return render(request, "accounts/organizations/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@person_view
def organization_create(request: PersonRequest) -> HttpResponse:
    """Create an organization; its creator owns it."""
    country = _chosen_country(request)
    form = CreateForm(posted(request), initial=_preset(country))
    if request.method != "POST" and PRESETS[country].time_zone is None:
        # The script proposes the browser's zone; without it the form says UTC.
        form.fields["time_zone"].widget.attrs["data-browser-time-zone"] = True
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        preset = PRESETS[given.pop("country")]
        try:
            created = create_organization(actor=user_actor(request.user), owner_user_id=request.user.pk, **given)
        except CallerError as error:
            add_error(form, error)
        else:
            if not request.user.language:
                choose_language(user_id=request.user.pk, language=preset.language)
            return redirect("forecasting:dashboard", org_slug=created.slug)
    context = {"form": form, "country": country, "is_first": not list_organizations_of_user(request.user.pk)}
    return render(request, "accounts/organizations/create.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@organization_view(Permission.EDIT_ORGANIZATION)
def organization_settings(request: OrganizationRequest) -> HttpResponse:
    """Show and change the organization's settings."""
    current = request.organization
    form = SettingsForm(
        posted(request),
        initial={
            "name": current.name,
            "time_zone": current.time_zone,
            "currency": current.currency,
            "fiscal_year_start_month": current.fiscal_year_start_month,
        },
    )
    effects: list[str] = []
    if request.method == "POST" and form.is_valid():
        effects = _effects(current, form.cleaned_data, request.now)
        # What was confirmed is what is saved: who goes on editing is told again.
        if not effects or request.POST.get("confirmed") == _fingerprint(form.cleaned_data):
            try:
                event_id = change_organization(actor=request.actor, **form.cleaned_data)
            except CallerError as error:
                add_error(form, error)
            else:
                messages.success(request, saved(event_id))
                return redirect("accounts:organization_settings", org_slug=current.slug)
    context = {"form": form, "effects": effects, "fingerprint": _fingerprint(form.cleaned_data) if effects else ""}
    return render(request, "accounts/organizations/settings.html", context, status=422 if form.errors else 200)


def _fingerprint(wanted: Mapping[str, Any]) -> str:
    return "|".join(str(wanted[name]) for name in ("time_zone", "currency", "fiscal_year_start_month"))


def _effects(current: OrganizationValue, wanted: Mapping[str, Any], now: datetime) -> list[str]:
    """Return what changes for everybody, in sentences; a name changes nothing but itself."""
    effects = []
    if wanted["time_zone"] != current.time_zone:
        effects.append(
            _(
                "Days and months begin at midnight in %(new)s instead of %(old)s, in the past, too. Stored hours stay; "
                "days at the edge of a month may change sides, and alerts that were sent stay sent."
            )
            % {"old": current.time_zone, "new": wanted["time_zone"]}
        )
    if wanted["currency"] != current.currency:
        effects.append(
            _(
                "Pages show %(new)s instead of %(old)s, at the monthly rates that you enter under Currencies; a month "
                "without a rate is shown in US dollars. Budgets keep their own currency."
            )
            % {"old": current.currency, "new": wanted["currency"]}
        )
    if wanted["fiscal_year_start_month"] != current.fiscal_year_start_month:
        today = now.astimezone(ZoneInfo(current.time_zone)).date()
        first, last = fiscal_year(today, wanted["fiscal_year_start_month"])
        first_before, last_before = fiscal_year(today, current.fiscal_year_start_month)
        effects.append(
            _(
                "The present fiscal year is %(first)s to %(last)s instead of %(first_before)s to %(last_before)s. "
                "Monthly budgets and forecasts stay as they are."
            )
            % {
                "first": day_text(first),
                "last": day_text(last),
                "first_before": day_text(first_before),
                "last_before": day_text(last_before),
            }
        )
    return effects


def _chosen_country(request: HttpRequest) -> str:
    chosen = request.POST.get("country") or request.GET.get("country", "")
    if chosen in PRESETS:
        return chosen
    return "JP" if get_language() == "ja" else "OTHER"


def _preset(country: str) -> dict[str, object]:
    preset = PRESETS[country]
    return {
        "time_zone": preset.time_zone or "UTC",
        "currency": preset.currency,
        "fiscal_year_start_month": preset.fiscal_year_start_month,
        "country": country,
    }
