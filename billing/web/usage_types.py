"""The usage types of the bill: how each was read, what proves its unit, and what it cost lately."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _
from django.views.decorators.http import require_safe

from accounts.access.web import OrganizationRequest, organization_view
from accounts.domain.roles import Permission
from billing.domain.dimensions import CostHeading
from billing.domain.labels import (
    BILLED_TOKEN_CLASS_LABELS,
    HEADING_LABELS,
    ROUTING_CLASS_LABELS,
    TIER_LABELS,
)
from billing.domain.periods import DAY
from billing.domain.usage_types import UnitProof, UsageTypeState
from billing.queries.catalog import list_foundation_models, names_of
from billing.queries.collection import get_data_until
from billing.queries.usage_types import UsageTypeLine, get_usage_type_report

MOST_SHOWN = 50
STATE_LABELS: Mapping[UsageTypeState, str] = {
    UsageTypeState.UNRECOGNIZED: _("Unrecognized"),
    UsageTypeState.CONTRADICTED: _("Unit contradicted"),
    UsageTypeState.UNPROVED: _("Unit not proved"),
    UsageTypeState.READ: _("Recognized"),
}
PROOF_LABELS: Mapping[str, str] = {
    UnitProof.PROVED: _("proved by the list price"),
    UnitProof.TOLD: _("named by the bill"),
    UnitProof.CONTRADICTED: _("fits no list price"),
    UnitProof.UNPROVED: _("nothing to compare with yet"),
}
PER_UNIT_LABELS: Mapping[int, str] = {1_000: _("1K tokens"), 1_000_000: _("1M tokens")}
_WORDS: Mapping[str, str] = {
    **{value.value: label for value, label in BILLED_TOKEN_CLASS_LABELS.items()},
    **{value.value: label for value, label in TIER_LABELS.items()},
    **{value.value: label for value, label in ROUTING_CLASS_LABELS.items()},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A usage type as the page shows it."""

    line: UsageTypeLine
    model: str
    reading: str
    unit: str
    proof: str
    state: str


@require_safe
@organization_view(Permission.VIEW_SPEND)
def usage_type_list(request: OrganizationRequest) -> HttpResponse:
    """Show every usage type of the bill, those that need somebody first; filters are in the URL."""
    report = get_usage_type_report(now=request.now)
    asked = {name: request.GET.get(name, "").strip()[:255] for name in ("q", "heading", "state")}
    names = names_of(list_foundation_models())
    billed = get_data_until(now=request.now).billed
    wanted = [line for line in report.lines if _is_wanted(line, asked, names)]
    context = {
        "report": report,
        "unrecognized": report.of(UsageTypeState.UNRECOGNIZED),
        "unrecognized_cost": report.cost_of(UsageTypeState.UNRECOGNIZED),
        "contradicted": report.of(UsageTypeState.CONTRADICTED),
        "asked": asked,
        "number_of_filters": sum(bool(value) for value in asked.values()),
        "rows": [_row(line, names) for line in wanted[:MOST_SHOWN]],
        "hidden": max(0, len(wanted) - MOST_SHOWN),
        "by_heading": [(one, gettext(HEADING_LABELS[one.heading])) for one in report.by_heading()],
        "headings": [(heading.value, gettext(label)) for heading, label in HEADING_LABELS.items()],
        "states": [(state.value, gettext(label)) for state, label in STATE_LABELS.items()],
        "data_until": billed - DAY if billed else None,
    }
    return render(request, "billing/usage_types/list.html", context)


def _is_wanted(line: UsageTypeLine, asked: Mapping[str, str], names: Mapping[str, str]) -> bool:
    text = asked["q"].casefold()
    held = (line.usage_type, line.service, line.model_id, names.get(line.model_id, ""))
    return (
        any(text in value.casefold() for value in held)
        and asked["heading"] in ("", line.heading)
        and asked["state"] in ("", line.state)
    )


def _row(line: UsageTypeLine, names: Mapping[str, str]) -> Row:
    return Row(
        line=line,
        model=names.get(line.model_id, line.model_id),
        reading=" · ".join(_reading(line)),
        unit=gettext(PER_UNIT_LABELS.get(line.tokens_per_unit or 0, line.unit)),
        proof=gettext(PROOF_LABELS[line.unit_proof]) if line.unit_proof else "",
        state=gettext(STATE_LABELS[line.state]),
    )


def _reading(line: UsageTypeLine) -> Sequence[str]:
    """What was read, in words: heading unless it is tokens, class, tier and routing, long context."""
    heading = "" if line.heading is CostHeading.TOKENS else gettext(HEADING_LABELS[line.heading])
    words = [gettext(_WORDS[code]) for code in (line.token_class, line.tier, line.routing) if code in _WORDS]
    long = gettext("long context") if line.context_band == "LONG" else ""
    return [word for word in (heading, *words, long) if word]
