"""Cost Explorer's filter expressions and group definitions, over the attributes of a line of the bill."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from billing.sandbox.bill import Attributes
from billing.sandbox.errors import NotStaged, validation_exception
from billing.sandbox.names import ACCOUNT_NAMES

Predicate = Callable[[Attributes], bool]
TAG_KEYS: Final = ("team",)  # the activated cost allocation tags
MAX_VALUES: Final = 100

DIMENSIONS: Final[Mapping[str, Callable[[Attributes], str]]] = {
    "SERVICE": lambda line: line.service,
    "USAGE_TYPE": lambda line: line.usage_type,
    "LINKED_ACCOUNT": lambda line: line.account,
    "LINKED_ACCOUNT_NAME": lambda line: ACCOUNT_NAMES[line.account],
    "REGION": lambda line: line.region,
    "OPERATION": lambda line: line.operation,
    "RECORD_TYPE": lambda line: line.record_type,
    "BILLING_ENTITY": lambda line: line.billing_entity,
}
# What the API knows besides; valid questions that have no answer here.
UNSTAGED: Final = frozenset(
    [
        "AZ",
        "INSTANCE_TYPE",
        "PAYER_ACCOUNT",
        "PURCHASE_TYPE",
        "SERVICE_CODE",
        "USAGE_TYPE_GROUP",
        "OPERATING_SYSTEM",
        "TENANCY",
        "SCOPE",
        "PLATFORM",
        "SUBSCRIPTION_ID",
        "LEGAL_ENTITY_NAME",
        "DEPLOYMENT_OPTION",
        "DATABASE_ENGINE",
        "CACHE_ENGINE",
        "INSTANCE_TYPE_FAMILY",
        "RESERVATION_ID",
        "RESOURCE_ID",
        "RIGHTSIZING_TYPE",
        "SAVINGS_PLANS_TYPE",
        "SAVINGS_PLAN_ARN",
        "PAYMENT_OPTION",
        "AGREEMENT_END_DATE_TIME_AFTER",
        "AGREEMENT_END_DATE_TIME_BEFORE",
        "INVOICING_ENTITY",
        "ANOMALY_TOTAL_IMPACT_ABSOLUTE",
        "ANOMALY_TOTAL_IMPACT_PERCENTAGE",
    ]
)
GROUPABLE: Final = frozenset({"SERVICE", "USAGE_TYPE", "LINKED_ACCOUNT", "REGION", "OPERATION", "RECORD_TYPE"})
PRODUCT_ATTRIBUTES: Final[Mapping[str, Callable[[Attributes], str]]] = {
    "provider": lambda line: line.provider,
    "model": lambda line: line.model,
    "inferenceType": lambda line: line.inference_type,
    "feature": lambda line: line.feature,
}


def dimension(name: str) -> Callable[[Attributes], str]:
    if name in DIMENSIONS:
        return DIMENSIONS[name]
    if name in UNSTAGED:
        raise NotStaged(f"the dimension {name}")
    raise validation_exception(f"Invalid dimension: {name}")


def tag_value(key: str) -> Callable[[Attributes], str]:
    # A tag that was never activated is on no line, and nobody says so.
    return (lambda line: line.team) if key in TAG_KEYS else (lambda _line: "")


def predicate(expression: Mapping[str, Any] | None) -> Predicate:
    if expression is None:
        return lambda _line: True
    if len(expression) != 1:
        raise validation_exception("Expression should have exactly one root.")
    ((kind, content),) = expression.items()
    if kind in {"And", "Or"}:
        return _joined(kind, content)
    if kind == "Not":
        inner = predicate(content)
        return lambda line: not inner(line)
    return _leaf(kind, content)


def _joined(kind: str, content: list[Mapping[str, Any]]) -> Predicate:
    if len(content) <= 1:
        raise validation_exception(f"{kind} expects at least two expressions.")
    parts = [predicate(part) for part in content]
    if kind == "And":
        return lambda line: all(part(line) for part in parts)
    return lambda line: any(part(line) for part in parts)


def _leaf(kind: str, content: Mapping[str, Any]) -> Predicate:
    key, values = content.get("Key"), content.get("Values", [])
    options = set(content.get("MatchOptions", ()))
    if not key:
        raise validation_exception(f"{kind} needs a Key.")
    if len(values) > MAX_VALUES:
        raise validation_exception(f"A filter may name at most {MAX_VALUES} values.")
    if kind == "Dimensions":
        _only(options, {"EQUALS", "CASE_SENSITIVE"})
        return _among(dimension(key), values)
    if kind == "Tags":
        _only(options, {"EQUALS", "CASE_SENSITIVE", "ABSENT"})
        return _among(tag_value(key), [""] if "ABSENT" in options else values)
    if kind == "ProductAttributes":
        _only(options, {"EQUALS", "ABSENT"})
        return _among(PRODUCT_ATTRIBUTES.get(key, lambda _line: ""), [""] if "ABSENT" in options else values)
    raise NotStaged(f"the filter {kind}")


def _only(options: set[str], allowed: set[str]) -> None:
    if options - allowed:
        raise validation_exception(f"MatchOptions {sorted(options)} are not supported for this operation.")


def _among(value: Callable[[Attributes], str], values: list[str]) -> Predicate:
    if not values:
        raise validation_exception("A filter needs Values.")
    wanted = frozenset(values)
    return lambda line: value(line) in wanted


def group_key(definition: Mapping[str, Any]) -> Callable[[Attributes], str]:
    """How one group definition names the group of a line: `value`, or `Key$value` for tags and attributes."""
    kind, key = definition.get("Type"), definition.get("Key")
    if not kind or not key:
        raise validation_exception("A group definition needs both Type and Key.")
    if kind == "DIMENSION":
        if key not in GROUPABLE and key in DIMENSIONS:
            raise validation_exception(f"Grouping by {key} is not supported.")
        return dimension(key)
    if kind == "TAG":
        value = tag_value(key)
    elif kind == "PRODUCT_ATTRIBUTE":
        value = PRODUCT_ATTRIBUTES.get(key, lambda _line: "")
    elif kind == "COST_CATEGORY":
        raise NotStaged("cost categories")
    else:
        raise validation_exception(f"Invalid group type: {kind}")
    return lambda line: f"{key}${value(line)}"


def asks_product_attributes(parameters: Mapping[str, Any]) -> bool:
    return "PRODUCT_ATTRIBUTE" in str(parameters.get("GroupBy")) or "ProductAttributes" in str(parameters.get("Filter"))
