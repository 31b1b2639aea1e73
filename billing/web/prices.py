"""Prices in force for what is used, the price list, and each model's prices with their history."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access.web import OrganizationRequest, organization_view
from accounts.domain.roles import Permission
from billing.domain.catalog import ANY_REGION, PriceScope, nearness
from billing.domain.dimensions import Dimension, PriceOrigin, RoutingClass, Tier
from billing.domain.labels import ROUTING_CLASS_LABELS, TIER_LABELS
from billing.domain.money import EXACT, add_up
from billing.domain.periods import local_day
from billing.queries.catalog import (
    find_price_table_date,
    get_price_book,
    list_foundation_models,
    list_price_overrides,
    names_of,
)
from billing.queries.collection import get_data_until
from billing.queries.learnt_rates import get_learning_state
from billing.queries.price_list import find_list_reading
from billing.queries.prices import (
    SHOWN_CLASSES,
    PriceInUse,
    PriceRow,
    count_unpriced_tokens,
    count_windows_to_rate,
    find_unpriced_share,
    get_foundation_model,
    list_listed_models,
    list_price_rows,
    list_prices_in_use,
)
from billing.queries.usage import list_known_values
from billing.web.charts import price_history_chart

PUBLISHED = (PriceOrigin.PRICE_LIST, PriceOrigin.COMMITTED)
FILTERS = ("q", "publisher", "region")


@require_safe
@organization_view(Permission.VIEW_SPEND)
def price_list(request: OrganizationRequest) -> HttpResponse:
    """Show the prices in force for what is used, the organization's own, and the whole list; filters are in the URL."""
    asked = {name: request.GET.get(name, "").strip()[:128] for name in FILTERS}
    models = list_foundation_models()
    wanted = {model.model_id for model in models if _is_wanted(model.display_name, model.model_id, asked["q"])}
    wanted &= {model.model_id for model in models if asked["publisher"] in ("", model.publisher)}
    in_use, overrides = list_prices_in_use(now=request.now), list_price_overrides()
    region = asked["region"] or ANY_REGION
    context = {
        "asked": asked,
        "number_of_filters": sum(bool(value) for value in asked.values()),
        "prices": [
            line
            for line in in_use
            if (line.model_id in wanted or not (asked["q"] or asked["publisher"]))
            and asked["region"] in ("", line.aws_region)
        ],
        "listed": [
            listed
            for listed in list_listed_models(aws_region=region, now=request.now)
            if listed.model.model_id in wanted
        ],
        "token_classes": SHOWN_CLASSES,
        "unpriced": (unpriced := sum(line.tokens_unpriced for line in in_use)),
        "unpriced_share": find_unpriced_share(now=request.now) if unpriced else None,
        "today": local_day(request.now, request.organization.time_zone),
        "spent_usd": (spent := add_up(line.spent_usd for line in in_use)),
        "dearest": _dearest(in_use, spent),
        "models": len({line.model_id for line in in_use}),
        "own": len(overrides),
        "learnt": sum(line.has_learnt for line in in_use),
        "overrides": [
            entered
            for entered in overrides
            if entered.price.key.model_id in wanted
            and (not asked["region"] or nearness(entered.price.key.aws_region, asked["region"]))
        ],
        "names": names_of(models),
        "publishers": sorted({model.publisher for model in models}, key=str.casefold),
        "regions": list_known_values(Dimension.AWS_REGION),
        "table_date": find_price_table_date(),
        "list_reading": find_list_reading(),
        "data_until": get_data_until(now=request.now).rated,
        "windows_to_rate": count_windows_to_rate(),
    }
    return render(request, "billing/prices/list.html", context)


@require_safe
@organization_view(Permission.VIEW_SPEND)
def price_detail(request: OrganizationRequest, model_id: str) -> HttpResponse:
    """Show every price of a model with what was used at it, its history, and the organization's own on top."""
    model = get_foundation_model(model_id)
    rows = list_price_rows(model_id, now=request.now)
    scopes = _scopes(rows)
    chosen = next(
        (scope for scope in scopes if _code(scope) == request.GET.get("place")), scopes[0] if scopes else None
    )
    book = get_price_book([model_id])
    context = {
        "model": model,
        "rows": [row for row in rows if row.price.origin in PUBLISHED and row.is_in_force],
        "past": [row for row in rows if row.price.origin in PUBLISHED and not row.is_in_force],
        # What differs from the list first: that is what somebody comes to see.
        "learnt": sorted((row for row in rows if row.learnt), key=lambda row: (not row.is_in_force, _is_listed(row))),
        "learning": get_learning_state(),
        "own": [row for row in rows if row.entered],
        "used": [row for row in rows if row.tokens],
        "spent_usd": sum(row.spent_usd for row in rows),
        "tokens": sum(row.tokens for row in rows),
        "unpriced": count_unpriced_tokens(model_id, now=request.now),
        "chart": price_history_chart(book, chosen, now=request.now) if chosen else None,
        "places": [(_code(scope), _name(scope)) for scope in scopes],
        "place": _code(chosen) if chosen else "",
        "data_until": get_data_until(now=request.now).rated,
        "windows_to_rate": count_windows_to_rate(),
    }
    return render(request, "billing/prices/detail.html", context)


@require_safe
@organization_view(Permission.VIEW_SPEND)
def price_rating(request: OrganizationRequest) -> HttpResponse:
    """Say whether stored usage is still being rated again; asked every two seconds until it is not."""
    left = count_windows_to_rate()
    response = render(request, "billing/prices/_rating.html", {"windows_to_rate": left, "is_polled": True})
    if not left:
        response["HX-Trigger"] = "spend-changed"
    return response


def _dearest(in_use: Sequence[PriceInUse], spent: Decimal) -> tuple[str, Decimal] | None:
    """The recognised model that most was spent on, and which part of all that is."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for line in in_use:
        if line.model_id:
            sums[line.model_name] = add_up((sums[line.model_name], line.spent_usd))
    name = max(sums, key=lambda one: (sums[one], one), default="")
    return (name, EXACT.divide(sums[name], spent)) if name and spent else None


def _is_listed(row: PriceRow) -> bool:
    return row.learnt is not None and row.learnt.is_list_rate


def _is_wanted(name: str, model_id: str, text: str) -> bool:
    return text.casefold() in name.casefold() or text.casefold() in model_id


def _scopes(rows: Sequence[PriceRow]) -> list[PriceScope]:
    """The places that have prices, those with most spent first."""
    spent: dict[PriceScope, Decimal] = defaultdict(Decimal)
    for row in rows:
        key = row.price.key
        spent[PriceScope(key.model_id, key.aws_region, key.routing_class, key.tier)] += row.spent_usd
    routings, tiers = list(RoutingClass), list(Tier)
    return sorted(
        spent,
        key=lambda scope: (
            -spent[scope],
            scope.aws_region,
            routings.index(scope.routing_class),
            tiers.index(scope.tier),
        ),
    )


def _code(scope: PriceScope) -> str:
    return f"{scope.aws_region}/{scope.routing_class}/{scope.tier}"


def _name(scope: PriceScope) -> str:
    region = _("every region") if scope.aws_region == ANY_REGION else scope.aws_region
    return _("%(region)s, %(routing)s, %(tier)s") % {
        "region": region,
        "routing": _(ROUTING_CLASS_LABELS[scope.routing_class]),
        "tier": _(TIER_LABELS[scope.tier]),
    }
