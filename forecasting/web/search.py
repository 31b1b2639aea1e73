"""Find a page, a cost center, a budget, a model, an account, an alert or a month: a page, and the list of the palette."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_noop as _
from django.views.decorators.http import require_safe

from accounts.access.web import OrganizationRequest, organization_view
from accounts.domain.roles import Permission
from billing.domain.periods import DAY, Month
from forecasting.domain.search import LONGEST_TEXT, Hit, HitKind
from forecasting.queries.search import search

# As many as a list shows without scrolling twice.
MOST_ON_PAGE, MOST_IN_PALETTE = 50, 12

KIND_LABELS: Mapping[HitKind, str] = {
    HitKind.PAGE: _("Pages"),
    HitKind.COST_CENTER: _("Cost centers"),
    HitKind.BUDGET: _("Budgets"),
    HitKind.MODEL: _("Models"),
    HitKind.CONNECTION: _("AWS accounts"),
    HitKind.ALERT: _("Alerts"),
    HitKind.MONTH: _("Months"),
}


@dataclass(frozen=True, slots=True)
class PageEntry:
    """A page that can be gone to without knowing anything: its view, its name, who may see it, what else it is called."""

    view: str
    label: str
    permission: Permission
    words: tuple[str, ...] = ()


# Whatever the sidebar has, and the forms that begin something.
PAGES = (
    PageEntry("forecasting:dashboard", _("Dashboard"), Permission.VIEW_SPEND, ("home", "forecast", "見通し")),
    PageEntry("billing:explore", _("Explore"), Permission.VIEW_SPEND, ("spend", "costs", "usage", "支出", "利用量")),
    PageEntry("billing:price_list", _("Prices"), Permission.VIEW_SPEND, ("price book", "単価表")),
    PageEntry(
        "billing:price_event_list",
        _("Price events"),
        Permission.VIEW_SPEND,
        ("announcements", "price cut", "discount", "値下げ", "価格改定"),
    ),
    PageEntry("forecasting:cost_center_list", _("Cost centers"), Permission.VIEW_SPEND, ("teams", "部門")),
    PageEntry("billing:unallocated", _("Unallocated"), Permission.VIEW_SPEND, ("unassigned", "未配賦")),
    PageEntry("billing:statement", _("Statement"), Permission.VIEW_SPEND, ("showback", "chargeback", "明細")),
    PageEntry("billing:allocation_rule_list", _("Allocation rules"), Permission.VIEW_SPEND, ("rules", "配賦ルール")),
    PageEntry("billing:shared_cost_list", _("Shared-cost splits"), Permission.VIEW_SPEND, ("shared", "共通費")),
    PageEntry("billing:business_metric_list", _("Business metrics"), Permission.VIEW_SPEND, ("orders", "事業指標")),
    PageEntry("forecasting:budget_list", _("Budgets"), Permission.VIEW_SPEND),
    PageEntry("forecasting:alert_list", _("Alerts"), Permission.VIEW_SPEND),
    PageEntry(
        "billing:reconciliation",
        _("Reconciliation"),
        Permission.VIEW_SPEND,
        ("bill", "invoice", "match", "照合", "請求書"),
    ),
    PageEntry(
        "billing:cost_import_list",
        _("Imports"),
        Permission.VIEW_SPEND,
        ("focus", "cur", "azure", "google", "files", "取り込み", "ファイル"),
    ),
    PageEntry("billing:connection_list", _("Connections"), Permission.VIEW_SPEND, ("aws", "sources", "データ")),
    PageEntry("billing:usage_type_list", _("Usage types"), Permission.VIEW_SPEND, ("bill", "SKU", "利用タイプ")),
    PageEntry(
        "billing:exchange_rate_list", _("Currencies"), Permission.VIEW_SPEND, ("exchange rates", "fx", "為替レート")
    ),
    PageEntry("forecasting:channel_list", _("Channels"), Permission.VIEW_SPEND, ("webhooks", "mail", "メール")),
    PageEntry("accounts:member_list", _("Members"), Permission.VIEW_MEMBERS, ("roles", "people", "権限")),
    PageEntry("accounts:api_key_list", _("API keys"), Permission.EDIT_API_KEYS, ("tokens", "integration")),
    PageEntry("accounts:audit_list", _("Audit log"), Permission.VIEW_AUDIT_LOG, ("history", "履歴")),
    PageEntry("accounts:organization_settings", _("Organization"), Permission.EDIT_ORGANIZATION, ("settings", "設定")),
    PageEntry("forecasting:budget_create", _("Create budget"), Permission.EDIT_BUDGETS, ("new",)),
    PageEntry("billing:connection_create", _("Connect AWS"), Permission.EDIT_CONNECTIONS, ("new", "add account")),
    PageEntry("billing:price_create", _("Override a price"), Permission.EDIT_PRICES, ("new",)),
    PageEntry("forecasting:channel_create", _("Add a channel"), Permission.EDIT_CHANNELS, ("new",)),
    PageEntry("billing:exchange_rate_create", _("Enter a rate"), Permission.EDIT_EXCHANGE_RATES, ("new",)),
    PageEntry("billing:invoice_create", _("Enter an invoice"), Permission.EDIT_RECONCILIATION, ("new",)),
    PageEntry("accounts:cost_center_create", _("Add a cost center"), Permission.EDIT_COST_CENTERS, ("new",)),
    PageEntry("accounts:invitation_create", _("Invite a member"), Permission.EDIT_MEMBERS, ("new", "招待")),
    PageEntry("accounts:api_key_create", _("Issue a key"), Permission.EDIT_API_KEYS, ("new",)),
)


@dataclass(frozen=True, slots=True)
class HitView:
    """A hit with the address that it leads to."""

    hit: Hit
    link: str


@dataclass(frozen=True, slots=True)
class HitGroup:
    """Hits of one kind."""

    kind: HitKind
    label: str
    hits: Sequence[HitView]


@require_safe
@organization_view(Permission.VIEW_SPEND)
def search_page(request: OrganizationRequest) -> HttpResponse:
    """Show what a text finds; htmx, which asks for the palette, gets the list alone."""
    text = request.GET.get("q", "")[:LONGEST_TEXT].strip()
    found = search(
        text,
        organization=request.organization,
        now=request.now,
        language=(get_language() or "en").partition("-")[0],
        pages=tuple(_pages(request)),
        limit=MOST_IN_PALETTE if request.htmx else MOST_ON_PAGE,
    )
    # Nothing asked for yet: the pages are a way to begin.
    hits = found.hits if text else tuple(_pages(request))
    context = {"text": text, "total": found.total, "groups": _grouped(request, hits), "shown": len(hits)}
    template = "forecasting/search/_options.html" if request.htmx else "forecasting/search/index.html"
    return render(request, template, context)


def _pages(request: OrganizationRequest) -> Iterator[Hit]:
    for entry in PAGES:
        if entry.permission in request.permissions:
            # Both languages: what is in front of somebody is not always what he calls it.
            yield Hit(kind=HitKind.PAGE, key=entry.view, label=gettext(entry.label), words=(entry.label, *entry.words))


def _grouped(request: OrganizationRequest, hits: Sequence[Hit]) -> list[HitGroup]:
    """Keep the order of the hits between groups: the kind of the best hit stands first."""
    order = list(dict.fromkeys(hit.kind for hit in hits))
    by_kind = sorted(hits, key=lambda hit: order.index(hit.kind))
    return [
        HitGroup(kind, gettext(KIND_LABELS[kind]), [HitView(hit, _link(request, hit)) for hit in of_kind])
        for kind, of_kind in groupby(by_kind, key=lambda hit: hit.kind)
    ]


def _link(request: OrganizationRequest, hit: Hit) -> str:
    slug = {"org_slug": request.organization.slug}
    if hit.kind is HitKind.PAGE:
        return reverse(hit.key, kwargs=slug)
    if hit.kind is HitKind.COST_CENTER:
        # What somebody wants to know of a team is what it spends.
        return reverse("billing:explore", kwargs=slug, query={"cost_center": hit.detail})
    if hit.kind is HitKind.MONTH:
        days = Month.parse(hit.key).range
        query = {"period": "custom", "from": days.start.isoformat(), "to": (days.end - DAY).isoformat()}
        return reverse("billing:explore", kwargs=slug, query=query)
    view, argument = VIEWS[hit.kind]
    return reverse(view, kwargs={**slug, argument: hit.key})


# The page of each other kind, and what its address calls the key.
VIEWS: Mapping[HitKind, tuple[str, str]] = {
    HitKind.BUDGET: ("forecasting:budget_detail", "budget_id"),
    HitKind.MODEL: ("billing:price_detail", "model_id"),
    HitKind.CONNECTION: ("billing:connection_detail", "connection_id"),
    HitKind.ALERT: ("forecasting:alert_detail", "alert_id"),
}
