"""Where a code may be broken into lines: after its signs, never in the middle of a word."""

from __future__ import annotations

import re

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

AFTER = re.compile(r"(?<=[.:_/@\-])(?=\w)")


@register.filter
def breakable(text: object) -> SafeString:
    """Let a verb, a target or another code break after its points, dashes and underscores."""
    return mark_safe("<wbr>".join(escape(part) for part in AFTER.split(str(text))))  # noqa: S308 - each part is escaped
