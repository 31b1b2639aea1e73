"""The frame of a page: icons of the sprite, entries of the navigation, the name of a role."""

from __future__ import annotations

from typing import cast

from django import template
from django.template import Context
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from accounts.domain.organizations import OrganizationValue
from accounts.domain.roles import ROLE_LABELS, Role

register = template.Library()


@register.simple_tag
def icon(name: str, size: int = 20) -> SafeString:
    """Draw an icon of the sprite; it says nothing by itself, so a word stands beside it."""
    return format_html(
        '<svg class="icon-{}" aria-hidden="true"><use href="{}#{}"></use></svg>', size, static("icons.svg"), name
    )


@register.simple_tag
def role_name(role: Role | None) -> str:
    """Name a role in the language of the page."""
    return gettext(ROLE_LABELS[role]) if role else ""


@register.inclusion_tag("partials/_nav_item.html", takes_context=True)
def nav_item(context: Context, view_name: str, icon_name: str, label: str, *, exact: bool = False) -> dict[str, object]:
    """Link a page of the organization in the sidebar, and mark it where the reader is."""
    organization = cast(OrganizationValue, context["organization"])
    link = reverse(view_name, kwargs={"org_slug": organization.slug})
    path = context["request"].path
    current = path == link if exact else path.startswith(link)
    return {"link": link, "name": icon_name, "label": label, "current": current}
