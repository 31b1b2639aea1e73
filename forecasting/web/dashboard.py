"""The first page: spend, landing, pace, what needs attention."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language, gettext, ngettext
from django.views.decorators.http import require_safe

from accounts.access.web import OrganizationRequest, organization_view
from accounts.domain.roles import Permission
from accounts.queries.cost_centers import list_cost_centers
from accounts.tenancy.answers import remembered_answers
from billing.domain import figures
from billing.domain.collection import Source
from billing.domain.dimensions import Basis, Dimension
from billing.domain.freshness import Freshness
from billing.domain.money import Money, add_up
from billing.queries.collection import SourceFreshness, get_backfill
from billing.queries.restatements import RestatedDay, list_restatements
from forecasting.domain.dashboard import Breakdown, BreakdownRow, DayAmount, FindingKind, running_total
from forecasting.queries.checklist import get_checklist
from forecasting.queries.dashboard import Dashboard, get_dashboard
from forecasting.web.charts import Chart, daily_chart, month_chart

INKS = 6
# Restated days that the page names; the rest stand with their month.
MOST_RESTATED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class RowView:
    """A row of a breakdown with its name in the language of the page and the ink of its bar."""

    row: BreakdownRow
    label: str
    ink: str
    # Of a cost center: its own page says what stands below it.
    cost_center_id: int | None = None

    @property
    def bar_width(self) -> str:
        return f"{self.row.bar * 100:.1f}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakdownView:
    """A breakdown with its finding, the name of its first column and its rows."""

    breakdown: Breakdown
    title: str
    label: str
    rows: tuple[RowView, ...]

    @property
    def whole(self) -> Decimal:
        return Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceGroup:
    """A source of one connection, over its regions."""

    source: Source
    connection_id: int
    connection_label: str
    regions: int
    state: Freshness
    data_until: datetime | None
    charge_usd: Decimal


@require_safe
@organization_view(Permission.VIEW_SPEND)
def dashboard(request: OrganizationRequest) -> HttpResponse:
    """Show the first page; htmx asks for its figures alone while the past is being read."""
    with remembered_answers():
        return _answer(request)


def _answer(request: OrganizationRequest) -> HttpResponse:
    page = get_dashboard(organization=request.organization, now=request.now)
    backfill = get_backfill(now=request.now)
    checklist = get_checklist(request.organization)
    context = {
        "page": page,
        "checklist": None if checklist.is_done else checklist,
        "backfill": backfill if backfill.is_running else None,
        **(_figures(page) if page else {}),
    }
    template = "forecasting/dashboard/_body.html" if request.htmx and page else "forecasting/dashboard/index.html"
    return render(request, template, context)


def _figures(page: Dashboard) -> dict[str, object]:
    breakdowns = [_breakdown_view(breakdown, page) for breakdown in page.composition.breakdowns]
    models = next(view for view in breakdowns if view.breakdown.dimension is Dimension.MODEL)
    restated = list_restatements(page.daily.recent.start, page.daily.recent.end)
    over = _over(page)
    return {
        "breakdowns": breakdowns,
        "month_chart": _month_chart(page),
        "daily_chart": _daily_chart(page, models, restated),
        "restated": restated[-MOST_RESTATED:],
        "over": over,
        "budgets_watched": len(page.budgets),
        "over_share": over.amount / page.budget.budget.amount.amount if over and page.budget else None,
        "landing_change": _landing_change(page),
        "mover": _mover(page),
        "sources": (groups := _source_groups(page.sources)),
        "sources_title": _sources_title(groups),
    }


def _source_groups(sources: Sequence[SourceFreshness]) -> list[SourceGroup]:
    """One line for each source of a connection. The inventory carries no figures: it shows only when it fails."""
    grouped: dict[tuple[int, Source], list[SourceFreshness]] = {}
    for one in sources:
        if one.source is not Source.INVENTORY or one.state in (Freshness.DENIED, Freshness.LATE):
            grouped.setdefault((one.connection_id, one.source), []).append(one)
    return [_source_group(found) for found in grouped.values()]


def _source_group(found: Sequence[SourceFreshness]) -> SourceGroup:
    # The query puts the worst first.
    worst = found[0]
    reached = [one.data_until for one in found]
    known = [moment for moment in reached if moment is not None]
    return SourceGroup(
        source=worst.source,
        connection_id=worst.connection_id,
        connection_label=worst.connection_label,
        regions=sum(bool(one.aws_region) for one in found),
        state=worst.state,
        data_until=min(known) if len(known) == len(reached) else None,
        charge_usd=add_up(one.charge_usd_this_month for one in found),
    )


def _sources_title(groups: Sequence[SourceGroup]) -> str:
    bad = sum(group.state in (Freshness.DENIED, Freshness.LATE) for group in groups)
    if not bad:
        return gettext("Every source is on time")
    return ngettext("%(count)s source is behind", "%(count)s sources are behind", bad) % {"count": bad}


def _over(page: Dashboard) -> Money | None:
    """By how much the budget on top is exceeded, now or at the end of the month."""
    if page.budget is None:
        return None
    if page.finding is FindingKind.EXCEEDED:
        return -page.budget.left
    return page.budget.forecast.over if page.budget.forecast else None


def _landing_change(page: Dashboard) -> str:
    total = page.landing.total.amount if page.landing else None
    return figures.change(total, page.daily.before.amount, _language())


def _mover(page: Dashboard) -> dict[str, object] | None:
    mover = page.composition.mover
    if mover is None:
        return None
    return {
        "cost_center": mover.cost_center or gettext("Unassigned"),
        "model": mover.model or gettext("an unrecognized model"),
        "growth": mover.growth,
        "share": mover.share,
    }


def _breakdown_view(breakdown: Breakdown, page: Dashboard) -> BreakdownView:
    is_centers = breakdown.dimension is Dimension.COST_CENTER
    ids = {center.code: center.id for center in list_cost_centers(retired=True)} if is_centers else {}
    rows = tuple(
        RowView(
            row=row,
            label=_row_label(breakdown.dimension, row),
            ink=_ink(breakdown.dimension, row, index),
            cost_center_id=ids.get(row.key or ""),
        )
        for index, row in enumerate(breakdown.rows)
    )
    return BreakdownView(
        breakdown=breakdown,
        title=_leaders(rows, page),
        label={
            Dimension.COST_CENTER: gettext("Cost center"),
            Dimension.MODEL: gettext("Model"),
            Dimension.AWS_REGION: gettext("Region"),
        }[breakdown.dimension],
        rows=rows,
    )


def _row_label(dimension: Dimension, row: BreakdownRow) -> str:
    if row.is_rest:
        return gettext("Other")
    if row.key is not None:
        return row.label
    return gettext("Unassigned") if dimension is Dimension.COST_CENTER else gettext("Unrecognized")


def _ink(dimension: Dimension, row: BreakdownRow, index: int) -> str:
    """Models have inks of their own, since the daily chart stacks them; elsewhere a bar is an actual amount."""
    if row.key is None:
        return "unallocated" if dimension is Dimension.COST_CENTER else "unpriced"
    if dimension is not Dimension.MODEL:
        return "actual"
    return "other" if row.is_rest or index >= INKS else f"category-{index + 1}"


def _leaders(rows: Sequence[RowView], page: Dashboard) -> str:
    """What stands out: the largest part, or the largest two."""
    named = [view for view in rows if view.row.key and view.row.cost.amount > 0]
    month = figures.month_name(page.frame.month, _language())
    if not named:
        return gettext("Nothing spent in %(month)s yet") % {"month": month}
    if len(named) == 1 or named[0].row.share > Decimal("0.5"):
        share = figures.percent(named[0].row.share, _language())
        return gettext("%(name)s is %(share)s of %(month)s") % {
            "name": named[0].label,
            "share": share,
            "month": month,
        }
    return gettext("%(first)s and %(second)s are %(share)s of %(month)s") % {
        "first": named[0].label,
        "second": named[1].label,
        "share": figures.percent(named[0].row.share + named[1].row.share, _language()),
        "month": month,
    }


def _month_chart(page: Dashboard) -> Chart:
    currency, budget = page.frame.currency, page.budget
    amount = budget.budget.amount if budget else None
    if budget and amount and amount.currency != currency:
        amount = page.frame.rate.convert(budget.rate.convert_back(amount))
    return month_chart(
        title=_month_title(page),
        subtitle=gettext("Running total in %(currency)s, %(month)s, estimated")
        % {
            "currency": figures.currency_label(currency, _language()),
            "month": figures.month(page.frame.month, _language()),
        },
        month=page.frame.month,
        actual=running_total(page.daily.days, currency),
        landing=page.landing.days if page.landing else (),
        budget=amount,
        previous=running_total(page.daily.days_before, currency),
        partial_day=page.frame.partial_day,
        currency=currency,
    )


def _month_title(page: Dashboard) -> str:
    language, budget = _language(), page.budget
    if page.finding is FindingKind.EXCEEDED and budget and budget.exceeded_on:
        return gettext("Spend passed the budget on %(day)s") % {"day": figures.day(budget.exceeded_on, language)}
    if page.finding is FindingKind.WILL_EXCEED and budget and budget.forecast and budget.forecast.crossing_date:
        return gettext("Spend passes the budget around %(day)s") % {
            "day": figures.day(budget.forecast.crossing_date, language)
        }
    if page.finding is FindingKind.ON_PLAN:
        return gettext("Spend stays within the budget")
    month = figures.month_name(page.frame.month, language)
    if page.landing:
        return gettext("%(month)s lands at %(total)s") % {
            "month": month,
            "total": figures.money_short(page.landing.total, language),
        }
    return gettext("%(spent)s spent in %(month)s so far") % {
        "spent": figures.money_short(page.daily.spent, language),
        "month": month,
    }


def _daily_chart(page: Dashboard, models: BreakdownView, restated: Sequence[RestatedDay]) -> Chart:
    """The last days by model, in the inks and the order of the table of models; what it does not list is the rest."""
    by_model = page.daily.recent_by_model
    listed = [view for view in models.rows if not view.row.is_rest]
    parts: list[tuple[str, str, Sequence[DayAmount]]] = [
        (view.ink, view.label, by_model.get(view.row.key, ())) for view in listed
    ]
    keys = {view.row.key for view in listed}
    rest = [amount for key, amounts in by_model.items() if key not in keys for amount in amounts]
    if rest:
        parts.append(("other", gettext("Other"), rest))
    return daily_chart(
        title=_daily_title(parts),
        subtitle=gettext("Per day and model in %(currency)s, estimated")
        % {"currency": figures.currency_label(page.frame.currency, _language())},
        days=page.daily.recent,
        parts=parts,
        partial_day=page.frame.partial_day,
        currency=page.frame.currency,
        # The chart shows what we rated: what changed on the bill alone is told beside it.
        restated_days={one.date for one in restated if one.basis is Basis.RATED},
    )


def _daily_title(parts: Sequence[tuple[str, str, Sequence[DayAmount]]]) -> str:
    sums = {name: sum((amount.cost.amount for amount in amounts), Decimal(0)) for _, name, amounts in parts}
    total = sum(sums.values(), Decimal(0))
    if not total:
        return gettext("Nothing spent in the last 30 days")
    name = max(sums, key=lambda candidate: sums[candidate])
    return gettext("%(name)s is %(share)s of the last 30 days") % {
        "name": name,
        "share": figures.percent(sums[name] / total, _language()),
    }


def _language() -> str:
    return (get_language() or "en").partition("-")[0]
