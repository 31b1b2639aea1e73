"""Channels: who hears of alerts, and what was sent to them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access.celery import nudge
from accounts.access.forms import posted
from accounts.access.pages import next_cursor, read_after
from accounts.access.sentences import add_error
from accounts.access.web import OrganizationRequest, organization_view
from accounts.domain.errors import CallerError
from accounts.domain.roles import Permission
from forecasting.domain.channels import CHANNEL_KIND_LABELS, MAX_URL_LENGTH, ChannelKind
from forecasting.operations.channels import (
    MAX_NAME_LENGTH,
    change_channel,
    create_channel,
    disable_channel,
    enable_channel,
    request_test,
    rotate_channel_secret,
)
from forecasting.queries.channels import get_channel, list_channels, list_deliveries
from forecasting.web.deliveries import DELIVER, delivery_rows

DELIVERIES_PER_PAGE = 25


class ChangeForm(forms.Form):
    """What can be changed of a channel; its kind stays."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=MAX_NAME_LENGTH,
        help_text=gettext_lazy("Who reads there, for example Finance"),
        error_messages={"required": gettext_lazy("Enter a name, for example Finance.")},
    )
    address = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=MAX_URL_LENGTH,
        help_text=gettext_lazy("An e-mail address, or for a webhook an address that begins with https://"),
        error_messages={"required": gettext_lazy("Enter an address.")},
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false", "autocomplete": "off"}),
    )
    language = forms.ChoiceField(
        label=gettext_lazy("Language of the messages"), choices=settings.LANGUAGES, initial=settings.LANGUAGE_CODE
    )


class CreateForm(ChangeForm):
    """A new channel."""

    version = None  # type: ignore[assignment] # Django's way to drop an inherited field
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), widget=forms.RadioSelect, initial=ChannelKind.EMAIL.value)
    field_order = ("kind", "name", "address", "language")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kind = self.fields["kind"]
        assert isinstance(kind, forms.ChoiceField)
        kind.choices = [(code.value, _(label)) for code, label in CHANNEL_KIND_LABELS.items()]


@require_safe
@organization_view(Permission.VIEW_SPEND)
def channel_list(request: OrganizationRequest) -> HttpResponse:
    """Show the channels and since when any of them fails."""
    channels = list_channels()
    context = {
        "channels": [(channel, _(CHANNEL_KIND_LABELS[channel.kind])) for channel in channels],
        "failing": [channel for channel in channels if channel.is_active and channel.failing_since],
        "active": [channel for channel in channels if channel.is_active],
    }
    return render(request, "forecasting/channels/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@organization_view(Permission.EDIT_CHANNELS)
def channel_create(request: OrganizationRequest) -> HttpResponse:
    """Add a channel; a webhook's secret is on the page that answers, and on no other."""
    form = CreateForm(posted(request), initial={"language": request.LANGUAGE_CODE})
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        try:
            created = create_channel(actor=request.actor, now=request.now, kind=ChannelKind(given.pop("kind")), **given)
        except CallerError as error:
            add_error(form, error)
        else:
            if created.secret:
                return render(request, "forecasting/channels/secret.html", {"saved": created})
            messages.success(
                request, _("Added %(name)s. Send a test to see that it arrives.") % {"name": given["name"]}
            )
            return _to_detail(request, created.channel.id)
    return render(request, "forecasting/channels/form.html", {"form": form}, status=422 if form.errors else 200)


@require_safe
@organization_view(Permission.VIEW_SPEND)
def channel_detail(request: OrganizationRequest, channel_id: int) -> HttpResponse:
    """Show a channel and its delivery log; htmx asks for the log alone while something is on its way."""
    channel = get_channel(channel_id)
    log = list_deliveries(channel_id, after=read_after(request), limit=DELIVERIES_PER_PAGE)
    context = {
        "channel": channel,
        "kind": _(CHANNEL_KIND_LABELS[channel.kind]),
        "language": dict(settings.LANGUAGES)[channel.language],
        "deliveries": delivery_rows(log.rows),
        "is_moving": any(delivery.is_moving for delivery in log.rows),
        "next": next_cursor(request, log.next),
    }
    template = "forecasting/channels/_log.html" if request.htmx else "forecasting/channels/detail.html"
    return render(request, template, context)


@require_http_methods(["GET", "HEAD", "POST"])
@organization_view(Permission.EDIT_CHANNELS)
def channel_edit(request: OrganizationRequest, channel_id: int) -> HttpResponse:
    """Change a channel's name, address or language."""
    channel = get_channel(channel_id)
    initial = {name: getattr(channel, name) for name in ("version", "name", "address", "language")}
    form = ChangeForm(posted(request), initial=initial)
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        try:
            changed = change_channel(
                actor=request.actor,
                channel_id=channel_id,
                expected_version=given.pop("version"),
                now=request.now,
                **given,
            )
        except CallerError as error:
            add_error(form, error)
        else:
            text = _("Saved. The audit log has it as line %(number)s.")
            messages.success(request, text % {"number": changed.audit_event_id})
            return _to_detail(request, channel_id)
    context = {"form": form, "channel": channel}
    return render(request, "forecasting/channels/form.html", context, status=422 if form.errors else 200)


@require_POST
@organization_view(Permission.EDIT_CHANNELS)
def channel_test(request: OrganizationRequest, channel_id: int) -> HttpResponse:
    """Have a test message sent; the log shows what becomes of it."""
    delivery_id = request_test(actor=request.actor, channel_id=channel_id, now=request.now)
    nudge(DELIVER, organization_id=request.organization.id, delivery_id=delivery_id)
    messages.success(request, _("The test message is on its way; the log below says what becomes of it."))
    return _to_detail(request, channel_id)


@require_POST
@organization_view(Permission.EDIT_CHANNELS)
def channel_disable(request: OrganizationRequest, channel_id: int) -> HttpResponse:
    """Stop sending to a channel."""
    saved = disable_channel(actor=request.actor, channel_id=channel_id, now=request.now)
    messages.success(request, _("%(name)s is disabled. Nothing is sent to it.") % {"name": saved.channel.name})
    return _to_detail(request, channel_id)


@require_POST
@organization_view(Permission.EDIT_CHANNELS)
def channel_enable(request: OrganizationRequest, channel_id: int) -> HttpResponse:
    """Send to a channel again."""
    saved = enable_channel(actor=request.actor, channel_id=channel_id, now=request.now)
    messages.success(request, _("%(name)s is enabled.") % {"name": saved.channel.name})
    return _to_detail(request, channel_id)


@require_http_methods(["GET", "HEAD", "POST"])
@organization_view(Permission.EDIT_CHANNELS)
def channel_secret(request: OrganizationRequest, channel_id: int) -> HttpResponse:
    """Give a webhook a new secret, after a page that says what that means; the answer shows it once."""
    if request.method == "POST":
        saved = rotate_channel_secret(actor=request.actor, channel_id=channel_id, now=request.now)
        return render(request, "forecasting/channels/secret.html", {"saved": saved})
    return render(request, "forecasting/channels/rotate.html", {"channel": get_channel(channel_id)})


def _to_detail(request: OrganizationRequest, channel_id: int) -> HttpResponse:
    return redirect("forecasting:channel_detail", org_slug=request.organization.slug, channel_id=channel_id)
