"""The bill: one line per account, region, service, usage type and tag, derived from the same whole tokens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import numpy as np

from billing.sandbox import names
from billing.sandbox.prices import MILLION, list_rate, private_factor
from billing.sandbox.traffic import Ints, Series

OUTPUT: Final = frozenset({"output"})
BILLED_CLASSES: Final = ("input", "output", "cache_read", "cache_write_5m", "cache_write_1h")
GUARDRAIL_UNIT: Final = "content_policy_unit"
GUARDRAIL_SERIES: Final = "p-use1-haiku45-geo-support"
UNITS_PER_GUARDED_CALL: Final = 2
STORAGE_GB_HOURS: Final = 18_000
STORAGE_USD_PER_MILLION_GB_HOURS: Final = Decimal(32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributes:
    account: str
    region: str
    service: str
    usage_type: str
    operation: str
    team: str
    billing_entity: str
    model: str
    provider: str
    inference_type: str
    feature: str
    record_type: str = "Usage"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    attributes: Attributes
    hourly: Ints
    list_rate: Decimal  # USD per million
    routing: str  # "" where no private rate can apply
    sandbox_model: str
    per_unit: Decimal  # how many tokens (or other things) make one unit of the bill
    unit: str
    token_class: str = ""

    def rate_on(self, day: int) -> Decimal:
        if not self.routing:
            return self.list_rate
        return self.list_rate * private_factor(model=self.sandbox_model, routing=self.routing, day=day)

    def quantity(self, count: int) -> Decimal:
        return Decimal(count) / self.per_unit

    def cost(self, count: int, day: int) -> Decimal:
        return Decimal(count) * self.rate_on(day) / MILLION


def _attributes(series: Series, token_class: str) -> Attributes:
    model = names.MODELS[series.model]
    service = names.billed_service(series)
    marketplace = service.endswith("(Amazon Bedrock Edition)")
    batch = series.tier == "batch"
    return Attributes(
        account=series.account,
        region=series.region,
        service=service,
        usage_type=names.usage_type(series, token_class),
        operation="InvokeModelInference" if not marketplace else "Usage",
        team=series.team if series.endpoint == "runtime" else "",
        billing_entity="AWS Marketplace" if marketplace else "AWS",
        model=model.title,
        provider=model.provider,
        inference_type=f"{'Output' if token_class in OUTPUT else 'Input'} tokens",
        feature="Batch Inference" if batch else "On-demand Inference",
    )


def _token_line(series: Series, token_class: str, hourly: Ints) -> Line:
    marketplace = names.tokens_per_unit(series) == MILLION
    return Line(
        attributes=_attributes(series, token_class),
        hourly=hourly,
        list_rate=list_rate(
            model=series.model,
            region=series.region,
            routing=series.routing,
            tier=series.tier,
            token_class=token_class,
        ),
        routing=series.routing,
        sandbox_model=series.model,
        per_unit=Decimal(names.tokens_per_unit(series)),
        unit="Units" if marketplace else "1K tokens",
        token_class=token_class,
    )


def token_lines(series: Series, tokens: Mapping[str, Ints]) -> Iterator[Line]:
    for token_class in BILLED_CLASSES:
        if tokens[token_class].any():
            yield _token_line(series, token_class, tokens[token_class])


def guardrail_line(tokens: Mapping[str, Ints]) -> Line:
    region = "us-east-1"
    return Line(
        attributes=Attributes(
            account=names.PAYER,
            region=region,
            service=names.BEDROCK,
            usage_type="USE1-Guardrail-ContentPolicyUnitsConsumed",
            operation="ApplyGuardrail",
            team="",
            billing_entity="AWS",
            model="",
            provider="",
            inference_type="",
            feature="Guardrails",
        ),
        hourly=tokens["invocations"] * UNITS_PER_GUARDED_CALL,
        list_rate=list_rate(
            model="guardrail", region=region, routing="in_region", tier="standard", token_class=GUARDRAIL_UNIT
        ),
        routing="",
        sandbox_model="",
        per_unit=Decimal(1),
        unit="TextUnits",
        token_class=GUARDRAIL_UNIT,
    )


def storage_line(account: str, hours: int) -> Line:
    """Something that is not Bedrock, so that a missing filter shows."""
    return Line(
        attributes=Attributes(
            account=account,
            region="us-east-1",
            service="Amazon Simple Storage Service",
            usage_type="TimedStorage-ByteHrs",
            operation="StandardStorage",
            team="",
            billing_entity="AWS",
            model="",
            provider="",
            inference_type="",
            feature="",
        ),
        hourly=np.full(hours, STORAGE_GB_HOURS, dtype=np.int64),
        list_rate=STORAGE_USD_PER_MILLION_GB_HOURS,
        routing="",
        sandbox_model="",
        per_unit=Decimal(720),
        unit="GB-Mo",
    )


def is_bedrock(attributes: Attributes) -> bool:
    return attributes.service != "Amazon Simple Storage Service"
