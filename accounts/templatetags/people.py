"""What pages say of people's devices."""

from __future__ import annotations

from django import template
from django.utils.translation import gettext

from accounts.domain.devices import describe_device

register = template.Library()


@register.filter
def device(user_agent: str) -> str:
    """Name a browser and its system, such as "Chrome, Windows"; product names are the same in every language."""
    return ", ".join(part for part in describe_device(user_agent) if part) or gettext("Unknown device")
