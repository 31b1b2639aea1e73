"""`Role`, `Permission` and the table that joins them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from accounts.domain.text import gettext_noop


class Role(StrEnum):
    """What a member is in an organization."""

    OWNER = "OWNER"
    ADMIN = "ADMIN"
    FINANCE = "FINANCE"
    VIEWER = "VIEWER"


class Permission(StrEnum):
    """One right; an API key's scopes are rights of the same table."""

    VIEW_SPEND = "VIEW_SPEND"
    VIEW_MEMBERS = "VIEW_MEMBERS"
    VIEW_AUDIT_LOG = "VIEW_AUDIT_LOG"
    EDIT_ORGANIZATION = "EDIT_ORGANIZATION"
    CLOSE_ORGANIZATION = "CLOSE_ORGANIZATION"
    EDIT_MEMBERS = "EDIT_MEMBERS"
    EDIT_COST_CENTERS = "EDIT_COST_CENTERS"
    EDIT_API_KEYS = "EDIT_API_KEYS"
    EDIT_CONNECTIONS = "EDIT_CONNECTIONS"
    EDIT_PRICES = "EDIT_PRICES"
    EDIT_EXCHANGE_RATES = "EDIT_EXCHANGE_RATES"
    EDIT_BUDGETS = "EDIT_BUDGETS"
    EDIT_ALERTS = "EDIT_ALERTS"
    EDIT_CHANNELS = "EDIT_CHANNELS"
    EDIT_SHARED_VIEWS = "EDIT_SHARED_VIEWS"
    EDIT_COST_IMPORTS = "EDIT_COST_IMPORTS"
    EDIT_RECONCILIATION = "EDIT_RECONCILIATION"
    CLOSE_MONTHS = "CLOSE_MONTHS"
    SEND_USAGE = "SEND_USAGE"


_VIEWER = frozenset({Permission.VIEW_SPEND, Permission.VIEW_MEMBERS})
_FINANCE = _VIEWER | {
    Permission.VIEW_AUDIT_LOG,
    Permission.EDIT_COST_CENTERS,
    Permission.EDIT_PRICES,
    Permission.EDIT_EXCHANGE_RATES,
    Permission.EDIT_BUDGETS,
    Permission.EDIT_ALERTS,
    Permission.EDIT_CHANNELS,
    Permission.EDIT_SHARED_VIEWS,
    Permission.EDIT_COST_IMPORTS,
    Permission.EDIT_RECONCILIATION,
    Permission.CLOSE_MONTHS,
}
_ADMIN = _FINANCE | {
    Permission.EDIT_ORGANIZATION,
    Permission.EDIT_MEMBERS,
    Permission.EDIT_API_KEYS,
    Permission.EDIT_CONNECTIONS,
    Permission.SEND_USAGE,
}

ROLE_PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.VIEWER: _VIEWER,
    Role.FINANCE: _FINANCE,
    Role.ADMIN: _ADMIN,
    # An owner may do what an admin may, and take a copy of the organization and close it; only an owner can make or
    # unmake owners (accounts/operations/memberships.py).
    Role.OWNER: _ADMIN | {Permission.CLOSE_ORGANIZATION},
}

ROLE_LABELS: Mapping[Role, str] = {
    Role.OWNER: gettext_noop("Owner"),
    Role.ADMIN: gettext_noop("Admin"),
    Role.FINANCE: gettext_noop("Finance"),
    Role.VIEWER: gettext_noop("Viewer"),
}

# What an API key with the right to edit members acts as: only a person who is an owner makes or unmakes owners.
API_KEY_ROLE = Role.ADMIN

# What a role means to whoever gives it or gets it, in one sentence.
ROLE_MEANINGS: Mapping[Role, str] = {
    Role.OWNER: gettext_noop(
        "Everything an admin may do, to make and unmake owners, and to export and close the organization."
    ),
    Role.ADMIN: gettext_noop("Everything finance may do, and members, API keys, connections and settings."),
    Role.FINANCE: gettext_noop("See everything, and edit budgets, prices, cost centers, exchange rates and channels."),
    Role.VIEWER: gettext_noop("See spend, budgets, alerts and members, and change nothing."),
}

PERMISSION_LABELS: Mapping[Permission, str] = {
    Permission.VIEW_SPEND: gettext_noop("View spend, budgets and alerts"),
    Permission.VIEW_MEMBERS: gettext_noop("View members"),
    Permission.VIEW_AUDIT_LOG: gettext_noop("View the audit log"),
    Permission.EDIT_ORGANIZATION: gettext_noop("Edit organization settings"),
    Permission.CLOSE_ORGANIZATION: gettext_noop("Export and close the organization"),
    Permission.EDIT_MEMBERS: gettext_noop("Edit members and roles"),
    Permission.EDIT_COST_CENTERS: gettext_noop("Edit cost centers"),
    Permission.EDIT_API_KEYS: gettext_noop("Issue and revoke API keys"),
    Permission.EDIT_CONNECTIONS: gettext_noop("Connect and disconnect AWS accounts"),
    Permission.EDIT_PRICES: gettext_noop("Override prices"),
    Permission.EDIT_EXCHANGE_RATES: gettext_noop("Enter exchange rates"),
    Permission.EDIT_BUDGETS: gettext_noop("Edit budgets"),
    Permission.EDIT_ALERTS: gettext_noop("Acknowledge alerts"),
    Permission.EDIT_CHANNELS: gettext_noop("Edit notification channels"),
    Permission.EDIT_SHARED_VIEWS: gettext_noop("Share saved views"),
    Permission.EDIT_COST_IMPORTS: gettext_noop("Import cost files"),
    Permission.EDIT_RECONCILIATION: gettext_noop("Explain differences to the bill and enter invoices"),
    Permission.CLOSE_MONTHS: gettext_noop("Close and reopen months"),
    Permission.SEND_USAGE: gettext_noop("Send usage events of other meters"),
}


def permissions_of(role: Role) -> frozenset[Permission]:
    """Return what a role may do."""
    return ROLE_PERMISSIONS[role]
