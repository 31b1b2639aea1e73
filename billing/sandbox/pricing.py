"""The Price List: GetProducts with pages, ListPriceLists and GetPriceListFileUrl over the sandbox's own list prices."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any, Final

from billing.sandbox import names
from billing.sandbox.bill import OUTPUT
from billing.sandbox.cost_explorer import plain
from billing.sandbox.errors import AwsError, NotStaged
from billing.sandbox.prices import MILLION, read_rows
from billing.sandbox.service import Context, make_token, read_token, without
from billing.sandbox.traffic import Series, all_series

# Nowhere else has this API an end point.
REGIONS: Final = frozenset({"us-east-1", "eu-central-1", "ap-south-1"})
PRODUCTS_PER_PAGE: Final = 100
UNNAMED: Final = frozenset({"cache_write_1h"})
MAX_FILTERS: Final = 50
ARN: Final = re.compile(r"arn:aws:pricing:::price-list/aws/(?P<code>\w+)/USD/\d{14}/")
MARKETPLACE: Final = "AmazonBedrockFoundationModels"
SERVICES: Final[Mapping[str, str]] = {
    "AmazonBedrock": names.BEDROCK,
    "AmazonBedrockService": names.BEDROCK_SERVICE,
    MARKETPLACE: "",
    "AmazonBedrockAgentCore": "Amazon Bedrock AgentCore",
}
WORDS: Final = {
    "input": "Input Tokens",
    "output": "Response Tokens",
    "cache_read": "Cache Read Input Tokens",
    "cache_write_5m": "Cache Write Input Tokens",
    "cache_write_1h": "Cache Write 1h Input Tokens",
}


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidParameterException", message)


def _series_like(row: Mapping[str, str], *, account: str) -> Series:
    """A series that would be billed at this row of the list."""
    return replace(
        all_series()[0],
        account=account,
        region=row["region"],
        endpoint="runtime",
        model=row["model"],
        routing="global" if row["routing"] == "global" else "in_region",
        tier=row["tier"],
    )


def _rows_of(service_code: str) -> Iterator[tuple[Mapping[str, str], Series]]:
    """Claude is listed twice, as on the bill: first-hand per thousand and in the model marketplace per million."""
    for row in read_rows("prices.csv"):
        if row["model"] not in names.MODELS or row["token_class"] not in WORDS:
            continue
        account = names.PAYER if service_code == MARKETPLACE else names.MEMBER
        series = _series_like(row, account=account)
        service = names.billed_service(series)
        is_here = (
            service.endswith("(Amazon Bedrock Edition)")
            if service_code == MARKETPLACE
            else service == SERVICES[service_code]
        )
        # The display names have no word for an hour's cache write, and first-hand snake-case names are mantle's.
        has_name = service_code == MARKETPLACE or row["token_class"] not in UNNAMED or row["model"] == "claude-sonnet-5"
        if is_here and has_name:
            yield row, series


def _product(service_code: str, row: Mapping[str, str], series: Series) -> dict[str, Any]:
    usage_type = names.usage_type(series, row["token_class"])
    sku = hashlib.sha256(f"{service_code}{usage_type}{row['model']}".encode()).hexdigest()[:16].upper()
    attributes = {
        "servicecode": service_code,
        "servicename": names.billed_service(series),
        "usagetype": usage_type,
        "regionCode": row["region"],
        "location": row["region"],
        "locationType": "AWS Region",
    }
    if service_code != MARKETPLACE:
        facts = names.MODELS[row["model"]]
        attributes |= {
            "model": facts.title,
            "provider": facts.provider,
            "inferenceType": "Output tokens" if row["token_class"] in OUTPUT else "Input tokens",
            "feature": "Batch Inference" if row["tier"] == "batch" else "On-demand Inference",
            "operation": "",
        }
    per_unit = names.tokens_per_unit(series)
    price = plain(Decimal(row["rate_usd_per_million"]) * per_unit / MILLION)
    place = "Global" if row["routing"] == "global" else "Regional"
    batch = " Batch" if row["tier"] == "batch" else ""
    unit = "Units" if service_code == MARKETPLACE else "1K tokens"
    many = "Million" if service_code == MARKETPLACE else "1000"
    dimension = {
        "rateCode": f"{sku}.JRTCKXETXF.6YS6EN2CT7",
        "unit": unit,
        "description": f"{many} {WORDS[row['token_class']]} {place}{batch}",
        "beginRange": "0",
        "endRange": "Inf",
        "appliesTo": [],
        "pricePerUnit": {"USD": price},
    }
    term = {
        "sku": sku,
        "offerTermCode": "JRTCKXETXF",
        "effectiveDate": f"{row['effective_from']}T00:00:00Z",
        "priceDimensions": {dimension["rateCode"]: dimension},
        "termAttributes": {},
    }
    return {
        "product": {"productFamily": "Amazon Bedrock", "sku": sku, "attributes": attributes},
        "serviceCode": service_code,
        "terms": {"OnDemand": {f"{sku}.JRTCKXETXF": term}},
    }


@cache
def _products(service_code: str) -> tuple[dict[str, Any], ...]:
    return tuple(_product(service_code, row, series) for row, series in _rows_of(service_code))


def _check(context: Context, service_code: str) -> None:
    if context.caller.region not in REGIONS:
        raise AwsError("UnrecognizedClientException", f"There is no end point in {context.caller.region}.", status=403)
    if service_code not in SERVICES:
        raise AwsError("NotFoundException", f"There is no service with the code {service_code}.")


def _matches(product: Mapping[str, Any], question: Mapping[str, str]) -> bool:
    value = str(product["product"]["attributes"].get(question["Field"], ""))
    if question["Type"] in ("TERM_MATCH", "EQUALS"):
        return value == question["Value"]
    if question["Type"] == "CONTAINS":
        return question["Value"] in value
    values = question["Value"].split(",")
    return (value in values) == (question["Type"] == "ANY_OF")


def get_products(context: Context, parameters: dict[str, Any]) -> dict[str, Any]:
    """The products of one service that fit all filters, as JSON texts."""
    code = parameters["ServiceCode"]
    _check(context, code)
    if parameters.get("FormatVersion", "aws_v1") != "aws_v1":
        raise _invalid("The only format version is aws_v1.")
    filters = parameters.get("Filters", [])
    if len(filters) > MAX_FILTERS:
        raise _invalid(f"At most {MAX_FILTERS} filters.")
    found = [product for product in _products(code) if all(_matches(product, question) for question in filters)]
    bare = without(parameters, "NextToken")
    invalid = AwsError("InvalidNextTokenException", "The pagination token is invalid. Try again without it.")
    start = read_token(parameters.get("NextToken"), bare, context.caller, invalid=invalid, changed=invalid)
    size = min(
        parameters.get("MaxResults", PRODUCTS_PER_PAGE), context.state.page_sizes.get("GetProducts", PRODUCTS_PER_PAGE)
    )
    answer: dict[str, Any] = {
        "FormatVersion": "aws_v1",
        "PriceList": [json.dumps(product) for product in found[start : start + size]],
    }
    if start + size < len(found):
        answer["NextToken"] = make_token(start + size, bare, context.caller)
    return answer


def _oldest() -> datetime:
    return min(datetime.fromisoformat(row["effective_from"]).replace(tzinfo=UTC) for row in read_rows("prices.csv"))


def list_price_lists(context: Context, parameters: dict[str, Any]) -> dict[str, Any]:
    """One list for each service, in force since the oldest price: the sandbox's list prices never change."""
    code = parameters["ServiceCode"]
    _check(context, code)
    if parameters["CurrencyCode"] != "USD":
        raise _invalid("The currency code is not supported: USD.")
    at = parameters["EffectiveDate"]
    asked = at if isinstance(at, datetime) else datetime.fromtimestamp(float(at), UTC)
    if asked.astimezone(UTC) < _oldest() or not _products(code):
        return {"PriceLists": []}
    version = f"{_oldest():%Y%m%d%H%M%S}"
    arn = f"arn:aws:pricing:::price-list/aws/{code}/USD/{version}/"
    return {"PriceLists": [{"PriceListArn": arn, "CurrencyCode": "USD", "FileFormats": ["json"]}]}


def get_price_list_file_url(context: Context, parameters: dict[str, Any]) -> dict[str, Any]:
    if parameters["FileFormat"] != "json":
        raise NotStaged(f"price lists as {parameters['FileFormat']}")
    code = ARN.fullmatch(parameters["PriceListArn"])
    if code is None or code["code"] not in SERVICES:
        raise AwsError("ResourceNotFoundException", "There is no such price list.")
    return {"Url": f"{context.state.url}/_sandbox/price-list?code={code['code']}"}


def file_of(service_code: str) -> dict[str, Any]:
    """A dated list as a file: products and terms by stock-keeping unit."""
    found = _products(service_code)
    return {
        "formatVersion": "v1.0",
        "offerCode": service_code,
        "publicationDate": _oldest().isoformat(),
        "products": {item["product"]["sku"]: item["product"] for item in found},
        "terms": {"OnDemand": {item["product"]["sku"]: item["terms"]["OnDemand"] for item in found}},
    }


OPERATIONS = {
    "GetProducts": get_products,
    "ListPriceLists": list_price_lists,
    "GetPriceListFileUrl": get_price_list_file_url,
}
