"""Cost Explorer: GetCostAndUsage, GetDimensionValues and GetTags over the sandbox's bill."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from billing.sandbox import names
from billing.sandbox.bill import Attributes
from billing.sandbox.errors import AwsError, NotStaged, validation_exception
from billing.sandbox.expressions import (
    TAG_KEYS,
    asks_product_attributes,
    dimension,
    group_key,
    predicate,
    tag_value,
)
from billing.sandbox.ledger import Charge, Ledger
from billing.sandbox.service import Context, make_token, read_token, without

GROUPS_PER_PAGE: Final = 2000
VALUES_PER_PAGE: Final = 1000
MAX_GROUPS: Final = 2
HISTORY_MONTHS: Final = 13
HOURLY_DAYS: Final = 14
PRODUCT_ATTRIBUTES_SINCE: Final = datetime(2026, 9, 1, tzinfo=UTC)
DAY: Final = re.compile(r"^\d{4}-\d{2}-\d{2}$")
HOUR: Final = re.compile(r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$")
COST_METRICS: Final = ("AmortizedCost", "BlendedCost", "NetAmortizedCost", "NetUnblendedCost", "UnblendedCost")
METRICS: Final = (*COST_METRICS, "UsageQuantity", "NormalizedUsageAmount")


@dataclass(slots=True)
class Sum:
    cost: Decimal = Decimal(0)
    quantity: Decimal = Decimal(0)
    units: set[str] = field(default_factory=set)

    def add(self, charge: Charge) -> None:
        self.cost += charge.cost
        self.quantity += charge.quantity
        self.units.add(charge.unit)

    def tell(self, metrics: list[str]) -> dict[str, dict[str, str]]:
        unit = next(iter(self.units)) if len(self.units) == 1 else "N/A"
        amounts = {name: {"Amount": plain(self.cost), "Unit": "USD"} for name in COST_METRICS}
        amounts["UsageQuantity"] = {"Amount": plain(self.quantity), "Unit": unit}
        amounts["NormalizedUsageAmount"] = {"Amount": "0", "Unit": "N/A"}
        return {name: amounts[name] for name in metrics}


def plain(amount: Decimal) -> str:
    text = format(amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _edge(text: str, *, hourly: bool) -> datetime:
    if not (HOUR if hourly else DAY).match(text):
        form = "yyyy-MM-ddThh:mm:ssZ" if hourly else "yyyy-MM-dd"
        raise validation_exception(
            f"Invalid time period: {text!r} is not of the form {form} that the granularity wants."
        )
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise validation_exception(f"Invalid time period: {text!r} does not exist.") from error
    return moment.replace(tzinfo=UTC)


def _earliest(now: datetime, *, hourly: bool) -> datetime:
    today = datetime(now.year, now.month, now.day, tzinfo=UTC)
    if hourly:
        return today - timedelta(days=HOURLY_DAYS)
    months = today.year * 12 + today.month - 1 - HISTORY_MONTHS
    return datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC)


def _period(context: Context, parameters: Mapping[str, Any], *, hourly: bool = False) -> tuple[datetime, datetime]:
    """The asked period, refused where AWS refuses it; its end is exclusive."""
    period = parameters["TimePeriod"]
    start, end = (_edge(period[name], hourly=hourly) for name in ("Start", "End"))
    if start >= end:
        raise validation_exception("Start date (and hour) should be before end date (and hour).")
    now = context.now()
    if start < _earliest(now, hourly=hourly):
        history = f"past {HOURLY_DAYS} days" if hourly else f"past {HISTORY_MONTHS} months"
        raise validation_exception(f"Start date is too old: you can only access historical data of the {history}.")
    next_month = (now.replace(day=1) + timedelta(days=32)).date().replace(day=1)
    if end.date() > next_month:
        raise validation_exception("end date past the beginning of next month")
    return start, end


def _own(context: Context) -> Callable[[Attributes], bool]:
    """The payer sees its members, everybody else only himself."""
    account = context.caller.account
    return lambda line: account in {line.account, names.PAYER}


def _ledger(context: Context) -> Ledger:
    return Ledger.of(context.world, context.state)


def get_cost_and_usage(context: Context, parameters: dict[str, Any]) -> dict[str, Any]:
    granularity = parameters["Granularity"]
    if granularity not in {"DAILY", "MONTHLY", "HOURLY"}:
        raise validation_exception(f"Invalid granularity: {granularity}")
    if "BillingViewArn" in parameters:
        raise NotStaged("billing views")
    metrics = _metrics(parameters["Metrics"])
    start, end = _period(context, parameters, hourly=granularity == "HOURLY")
    definitions = parameters.get("GroupBy", [])
    keys = _group_keys(definitions)
    if asks_product_attributes(parameters) and start < PRODUCT_ATTRIBUTES_SINCE:
        raise AwsError("DataUnavailableException", "Product attributes are available from 2026-09-01 on.")
    own, filtered = _own(context), predicate(parameters.get("Filter"))
    periods = list(_periods(start, end, granularity))
    sums = _add_up(context, periods, granularity, lambda line: own(line) and filtered(line), keys)
    return _answer(context, parameters, periods, sums, metrics)


def _metrics(asked: list[str]) -> list[str]:
    if not asked:
        raise validation_exception("Must provide at least one metric.")
    unknown = [name for name in asked if name not in METRICS]
    if unknown:
        raise validation_exception(f"Invalid metric(s): {', '.join(unknown)}. Valid metrics: {', '.join(METRICS)}")
    return asked


def _group_keys(definitions: list[dict[str, Any]]) -> list[Callable[[Attributes], str]]:
    if len(definitions) > MAX_GROUPS:
        raise validation_exception("GroupBy accepts at most 2 group definitions.")
    if any(definitions.count(definition) > 1 for definition in definitions):
        raise validation_exception("GroupBy must not name the same group twice.")
    return [group_key(definition) for definition in definitions]


def _periods(start: datetime, end: datetime, granularity: str) -> Iterator[tuple[datetime, datetime]]:
    while start < end:
        if granularity == "MONTHLY":
            following = (start.replace(day=1) + timedelta(days=32)).replace(day=1)
        else:
            following = start + timedelta(hours=1 if granularity == "HOURLY" else 24)
        yield start, min(following, end)
        start = following


def _add_up(
    context: Context,
    periods: list[tuple[datetime, datetime]],
    granularity: str,
    wanted: Callable[[Attributes], bool],
    keys: list[Callable[[Attributes], str]],
) -> dict[datetime, dict[tuple[str, ...], Sum]]:
    sums: dict[datetime, dict[tuple[str, ...], Sum]] = {start: {} for start, _ in periods}
    step = 1 if granularity == "HOURLY" else 24
    for charge in _ledger(context).charges(periods[0][0], periods[-1][1], step_hours=step, wanted=wanted):
        start = max(charge.start.replace(day=1), periods[0][0]) if granularity == "MONTHLY" else charge.start
        group = tuple(key(charge.attributes) for key in keys)
        sums[start].setdefault(group, Sum()).add(charge)
    return sums


Item = tuple[datetime, datetime, tuple[str, ...] | None, Sum]


def _items(
    periods: list[tuple[datetime, datetime]], sums: dict[datetime, dict[tuple[str, ...], Sum]]
) -> Iterator[Item]:
    for start, end in periods:
        if not sums[start]:
            yield start, end, None, Sum()
        for group in sorted(sums[start]):
            yield start, end, group or None, sums[start][group]


def _answer(
    context: Context,
    parameters: dict[str, Any],
    periods: list[tuple[datetime, datetime]],
    sums: dict[datetime, dict[tuple[str, ...], Sum]],
    metrics: list[str],
) -> dict[str, Any]:
    items = list(_items(periods, sums))
    bare = without(parameters, "NextPageToken")
    first = _read_token(context, parameters, bare)
    last = first + context.state.page_sizes.get("GetCostAndUsage", GROUPS_PER_PAGE)
    form = "%Y-%m-%dT%H:%M:%SZ" if parameters["Granularity"] == "HOURLY" else "%Y-%m-%d"
    results: list[dict[str, Any]] = []
    for start, end, group, amounts in items[first:last]:
        period = {"Start": start.strftime(form), "End": end.strftime(form)}
        if not results or results[-1]["TimePeriod"] != period:
            estimated = context.world.estimated((end - timedelta(seconds=1)).date())
            results.append({"TimePeriod": period, "Total": {}, "Groups": [], "Estimated": estimated})
        if group is None:
            results[-1]["Total"] = amounts.tell(metrics)
        else:
            results[-1]["Groups"].append({"Keys": list(group), "Metrics": amounts.tell(metrics)})
    answer = {"ResultsByTime": results, "DimensionValueAttributes": _account_names(parameters, items[first:last])}
    if parameters.get("GroupBy"):
        answer["GroupDefinitions"] = parameters["GroupBy"]
    return answer | _next(context, bare, last, len(items))


def _account_names(parameters: Mapping[str, Any], items: list[Item]) -> list[dict[str, Any]]:
    if not any(definition.get("Key") == "LINKED_ACCOUNT" for definition in parameters.get("GroupBy", ())):
        return []
    seen = sorted({key for *_, group, _ in items for key in group or () if key in names.ACCOUNT_NAMES})
    return [{"Value": account, "Attributes": {"description": names.ACCOUNT_NAMES[account]}} for account in seen]


def _read_token(context: Context, parameters: Mapping[str, Any], bare: Mapping[str, Any]) -> int:
    return read_token(
        parameters.get("NextPageToken"),
        bare,
        context.caller,
        invalid=AwsError("InvalidNextTokenException", "The pagination token is invalid."),
        changed=AwsError("RequestChangedException", "Your request parameters changed between pages."),
    )


def _next(context: Context, bare: Mapping[str, Any], position: int, total: int) -> dict[str, str]:
    return {"NextPageToken": make_token(position, bare, context.caller)} if position < total else {}


def get_dimension_values(context: Context, parameters: dict[str, Any]) -> dict[str, Any]:
    if parameters.get("Context", "COST_AND_USAGE") != "COST_AND_USAGE":
        raise NotStaged(f"the context {parameters['Context']}")
    if "BillingViewArn" in parameters or "SortBy" in parameters:
        raise NotStaged("GetDimensionValues with SortBy or BillingViewArn")
    if "MaxResults" in parameters:
        raise validation_exception("MaxResults can only be used together with SortBy.")
    value = dimension(parameters["Dimension"])
    found = _values(context, parameters, value)
    page, following, total = _value_page(context, parameters, found)
    rows = [{"Value": text, "Attributes": _description(parameters["Dimension"], text)} for text in page]
    return {"DimensionValues": rows, "ReturnSize": len(rows), "TotalSize": total, **following}


def _description(dimension_name: str, text: str) -> dict[str, str]:
    return {"description": names.ACCOUNT_NAMES[text]} if dimension_name == "LINKED_ACCOUNT" else {}


def get_tags(context: Context, parameters: dict[str, Any]) -> dict[str, Any]:
    if "SortBy" in parameters or "BillingViewArn" in parameters or "MaxResults" in parameters:
        raise NotStaged("GetTags with SortBy, MaxResults or BillingViewArn")
    key = parameters.get("TagKey")
    if key is None:
        _period(context, parameters)
        found = list(TAG_KEYS)
    else:
        found = _values(context, parameters, tag_value(key)) if key in TAG_KEYS else []
    page, following, total = _value_page(context, parameters, found)
    return {"Tags": page, "ReturnSize": len(page), "TotalSize": total, **following}


def _values(context: Context, parameters: Mapping[str, Any], value: Callable[[Attributes], str]) -> list[str]:
    """The values that occur on the bill of the period, narrowed by filter and search text."""
    start, end = _period(context, parameters)
    own, filtered = _own(context), predicate(parameters.get("Filter"))
    charges = _ledger(context).charges(start, end, step_hours=24, wanted=lambda line: own(line) and filtered(line))
    search = parameters.get("SearchString", "").lower()
    return sorted({text for charge in charges if search in (text := value(charge.attributes)).lower()})


def _value_page(
    context: Context, parameters: Mapping[str, Any], found: list[str]
) -> tuple[list[str], dict[str, str], int]:
    bare = without(parameters, "NextPageToken")
    first = _read_token(context, parameters, bare)
    last = first + context.state.page_sizes.get("GetDimensionValues", VALUES_PER_PAGE)
    return found[first:last], _next(context, bare, last, len(found)), len(found)


OPERATIONS = {
    "GetCostAndUsage": get_cost_and_usage,
    "GetDimensionValues": get_dimension_values,
    "GetTags": get_tags,
}
