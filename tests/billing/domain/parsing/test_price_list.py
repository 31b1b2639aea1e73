"""AWS's Price List read: two families, two units, words, features; what cannot be read is counted and never guessed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from billing.domain.catalog import ModelCatalog
from billing.domain.parsing.catalog import parse_models
from billing.domain.parsing.price_list import LeftOut, parse_products, products_of_file

TABLE = Path(__file__).parents[4] / "billing" / "data" / "models.csv"
CATALOG = ModelCatalog(parse_models(TABLE.read_text()))
SONNET = "Claude Sonnet 4.5 (Amazon Bedrock Edition)"


def product(
    usage_type: str,
    *,
    service: str = "Amazon Bedrock",
    price: str = "0.003",
    unit: str = "1K tokens",
    words: str = "",
    region: str = "us-east-1",
    **attributes: str,
) -> dict[str, Any]:
    """A product as GetProducts answers it (shape: aws/aws-cli issue 9567)."""
    return {
        "product": {
            "productFamily": "Amazon Bedrock",
            "sku": "3G679R3Y8YSQSJTA",
            "attributes": {"usagetype": usage_type, "servicename": service, "regionCode": region, **attributes},
        },
        "serviceCode": "AmazonBedrock",
        "terms": {
            "OnDemand": {
                "3G679R3Y8YSQSJTA.JRTCKXETXF": {
                    "effectiveDate": "2026-11-01T00:00:00Z",
                    "priceDimensions": {"r": {"unit": unit, "description": words, "pricePerUnit": {"USD": price}}},
                }
            }
        },
    }


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        pytest.param(
            product("USE1-NovaLite-input-tokens", price="0.00006"),
            "nova-lite us-east-1 REGIONAL STANDARD input STANDARD 0.06",
            id="per thousand",
        ),
        pytest.param(
            product("USE1-MP:USE1_OutputTokenCount_Global-Units", service=SONNET, price="15", unit="Units", words="Million Response Tokens Global"),
            "claude-sonnet-4-5 us-east-1 GLOBAL STANDARD output STANDARD 15",
            id="grafana/cloudcost-exporter#933: the marketplace, per million",
        ),
        pytest.param(
            product("EUC1-NovaLite-output-tokens", price="0.00012", region="eu-central-1", feature="Batch Inference"),
            "nova-lite eu-central-1 REGIONAL BATCH output STANDARD 0.12",
            id="batch in the feature alone",
        ),
        pytest.param(
            product("USE1-MP:USE1_CacheWrite1hInputTokenCount-Units", service=SONNET, price="6.6", unit="Units"),
            "claude-sonnet-4-5 us-east-1 REGIONAL STANDARD cache_write_1h STANDARD 6.6",
            id="an hour's cache write has its own price",
        ),
        pytest.param(
            product("USE1-NovaPro-input-tokens-priority", price="0.0014"),
            "nova-pro us-east-1 REGIONAL PRIORITY input STANDARD 1.4",
            id="a tier",
        ),
    ],
)  # fmt: skip
def test_a_product_is_a_price(item: dict[str, Any], expected: str) -> None:
    parsed = parse_products([json.dumps(item)], CATALOG)

    (price,) = parsed.prices
    key = price.key
    told = f"{key.model_id} {key.aws_region} {key.routing_class} {key.tier} {key.token_class} {key.context_band}"
    assert f"{told} {price.rate_usd_per_million.normalize():f}" == expected
    assert price.effective_from == datetime(2026, 11, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", LeftOut.MALFORMED),
        ("[]", LeftOut.MALFORMED),
        (json.dumps({"product": {}}), LeftOut.MALFORMED),
        (json.dumps(product("USE1-Guardrail-ContentPolicyUnitsConsumed", unit="TextUnits")), LeftOut.NOT_TOKENS),
        (json.dumps(product("USE1-SomethingNew-input-tokens")), LeftOut.MODEL_UNKNOWN),
        (json.dumps(product("USE1-NovaLite-input-tokens", price="free")), LeftOut.NO_DOLLARS),
        (
            json.dumps(product("USE1-NovaLite-input-tokens", words="Million Input Tokens Global")),
            LeftOut.WORDS_DISAGREE,
        ),
    ],
)
def test_what_cannot_be_read_is_counted(text: str, reason: LeftOut) -> None:
    parsed = parse_products([text], CATALOG)

    assert parsed.prices == ()
    assert parsed.left_out == {reason: 1}


def test_a_dated_file_is_the_same_products() -> None:
    item = product("USE1-NovaLite-input-tokens", price="0.00006")
    file = {
        "offerCode": "AmazonBedrock",
        "products": {"S": item["product"]},
        "terms": {"OnDemand": {"S": item["terms"]["OnDemand"]}},
    }

    (price,) = parse_products(products_of_file(json.dumps(file)), CATALOG).prices

    assert price.rate_usd_per_million == Decimal("0.06")
