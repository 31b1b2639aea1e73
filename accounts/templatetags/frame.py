"""The frame of a page: icons of the sprite, entries of the navigation, the name of a role."""

from __future__ import annotations

from typing import cast

from django import template
from django.template import Context
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext

from accounts.domain.organizations import OrganizationValue
from accounts.domain.roles import ROLE_LABELS, Permission, Role, permissions_of
from accounts.queries.memberships import list_members

register = template.Library()

# So many of those who can edit are named; the rest is counted.
NAMED = 2


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


@register.simple_tag(takes_context=True)
def read_only(context: Context, permission: str) -> str:
    """Say that the reader only views and who can edit; nothing to whoever can."""
    if permission in context["permissions"]:
        return ""
    names = [member.label for member in list_members() if Permission(permission) in permissions_of(member.role)]
    if not names:
        return gettext("You can view. Nobody here can edit.")
    if len(names) == 1:
        return gettext("You can view. %(name)s can edit.") % {"name": names[0]}
    if len(names) == NAMED:
        return gettext("You can view. %(first)s and %(second)s can edit.") % {"first": names[0], "second": names[1]}
    others = len(names) - NAMED
    return ngettext(
        "You can view. %(first)s, %(second)s and %(count)s more can edit.",
        "You can view. %(first)s, %(second)s and %(count)s more can edit.",
        others,
    ) % {"first": names[0], "second": names[1], "count": others}


@register.inclusion_tag("partials/_nav_item.html", takes_context=True)
def nav_item(context: Context, view_name: str, icon_name: str, label: str, *, exact: bool = False) -> dict[str, object]:
    """Link a page of the organization in the sidebar, and mark it where the reader is."""
    organization = cast(OrganizationValue, context["organization"])
    link = reverse(view_name, kwargs={"org_slug": organization.slug})
    path = context["request"].path
    current = path == link if exact else path.startswith(link)
    return {"link": link, "name": icon_name, "label": label, "current": current}
