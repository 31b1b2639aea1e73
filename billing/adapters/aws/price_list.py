"""Fetches published prices with the installation's own credentials: current products, and dated lists as files."""

from __future__ import annotations

import threading
import time
import urllib.request
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.error import URLError

from billing.adapters.aws.errors import Unavailable, aws_errors
from billing.adapters.aws.sessions import get_home_region, own_client

GET_PRODUCTS = "pricing:GetProducts"
LIST_PRICE_LISTS = "pricing:ListPriceLists"
GET_PRICE_LIST_FILE_URL = "pricing:GetPriceListFileUrl"
# The only regions with an end point of this API, by the beginnings of our own region's name.
HOMES = (("eu-", "eu-central-1"), ("ap-", "ap-south-1"), ("", "us-east-1"))
PRODUCTS_PER_PAGE = 100
# AWS keeps a bucket of ten calls for each operation and refills five a second.
BUCKET_SIZE = 10
REFILL_PER_SECOND = 5.0
FILE_SECONDS = 60


class _Bucket:
    """Ten calls at once and five a second from then on."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._free_at: float | None = None

    def take(self) -> None:
        with self._lock:
            now = time.monotonic()
            earliest = now - BUCKET_SIZE / REFILL_PER_SECOND
            turn = max(self._free_at or earliest, earliest) + 1 / REFILL_PER_SECOND
            self._free_at = turn
        time.sleep(max(turn - now, 0))


BUCKETS = {action: _Bucket() for action in (GET_PRODUCTS, LIST_PRICE_LISTS, GET_PRICE_LIST_FILE_URL)}


def get_price_list_region() -> str:
    """Return the nearest region that answers questions about prices."""
    here = get_home_region()
    return next(region for beginning, region in HOMES if here.startswith(beginning))


def fetch_products(service_code: str) -> Iterator[tuple[str, ...]]:
    """Yield the products of a service, each as JSON text, page by page."""
    request = {"ServiceCode": service_code, "FormatVersion": "aws_v1", "MaxResults": PRODUCTS_PER_PAGE}
    for page in _pages(_client(), GET_PRODUCTS, "get_products", request):
        yield tuple(page.get("PriceList", ()))


def fetch_dated_lists(service_code: str, at: datetime, files: dict[str, str]) -> Iterator[str]:
    """Yield the files, as JSON text, that were in force at a time: one for each region, or one for all.

    `files` holds those that were fetched before, by name: a list stays in force until the next one.
    """
    request = {"ServiceCode": service_code, "EffectiveDate": at, "CurrencyCode": "USD"}
    client = _client()
    for page in _pages(client, LIST_PRICE_LISTS, "list_price_lists", request):
        for found in page.get("PriceLists", ()):
            arn = str(found["PriceListArn"])
            if arn not in files:
                files[arn] = _fetch_file(client, arn)
            yield files[arn]


def _client() -> Any:
    return own_client("pricing", get_price_list_region())


def _fetch_file(client: Any, arn: str) -> str:
    answer = _ask(
        client, GET_PRICE_LIST_FILE_URL, "get_price_list_file_url", {"PriceListArn": arn, "FileFormat": "json"}
    )
    try:
        with urllib.request.urlopen(answer["Url"], timeout=FILE_SECONDS) as file:  # noqa: S310 - the address is AWS's answer
            return str(file.read().decode())
    except (URLError, OSError, ValueError) as error:
        raise Unavailable(action=GET_PRICE_LIST_FILE_URL, code=type(error).__name__, detail=str(error)) from error


def _pages(client: Any, action: str, method: str, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    while True:
        page = _ask(client, action, method, request)
        yield page
        if not page.get("NextToken"):
            return
        request = {**request, "NextToken": page["NextToken"]}


def _ask(client: Any, action: str, method: str, request: dict[str, Any]) -> dict[str, Any]:
    BUCKETS[action].take()
    with aws_errors(action):
        answer: dict[str, Any] = getattr(client, method)(**request)
    return answer
