"""What a message says in words: its template's context, rendered from the stored payload only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

from accounts.domain.audit import Json
from forecasting.adapters.channels.base import Message
from forecasting.domain.channels import MessageKind
from forecasting.domain.payloads import read_snapshot

Context = Mapping[str, object]


def context_of(message: Message) -> dict[str, object]:
    """Return what the templates of this kind of message need."""
    context: dict[str, object] = {"links": absolute_links(message), "created_at": message.created_at}
    if message.kind is MessageKind.BUDGET_ALERT:
        alert = read_snapshot(_part(message.payload, "alert"))
        return {**context, "alert": alert, "organization_name": alert.organization_name}
    return {**context, **_part(message.payload, "test")}


def absolute_links(message: Message) -> dict[str, str]:
    """Return the payload's paths as addresses of this installation."""
    base = settings.SITE_URL.rstrip("/")
    return {name: f"{base}{path}" for name, path in _part(message.payload, "paths").items()}


def finding_text(message: Message, language: str) -> str:
    """Return the message in one sentence, in a language."""
    template = {
        MessageKind.BUDGET_ALERT: "forecasting/alerts/finding_plain.txt",
        MessageKind.CHANNEL_TEST: "forecasting/channels/test_plain.txt",
    }[message.kind]
    return render(template, context_of(message), language)


def render(template: str, context: Context, language: str) -> str:
    """Render a template in a language, without outer white space."""
    with translation.override(language):
        return render_to_string(template, dict(context)).strip()


def _part(payload: Mapping[str, Json], name: str) -> Mapping[str, Json]:
    return cast(Mapping[str, Json], payload[name])
