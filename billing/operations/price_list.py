"""Reads AWS's Price List with the installation's own credentials, and keeps what it says as dated prices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog
from django.db import transaction

from billing.adapters.aws.errors import AwsError, Denied, NotConfigured
from billing.adapters.aws.price_list import fetch_dated_lists, fetch_products
from billing.domain.catalog import ModelCatalog, Price, PriceBook
from billing.domain.dimensions import PriceOrigin
from billing.domain.parsing.price_list import ListedPrice, parse_products, products_of_file
from billing.domain.periods import utc_day_start
from billing.domain.price_lists import SERVICE_CODES, PriceListState, choose, continued
from billing.models import ModelPrice, PriceListReading
from billing.operations.catalog import lock_prices, replace_published
from billing.queries.catalog import get_model_catalog, get_published_prices, price_of

log = structlog.get_logger()

# AWS publishes a new list at least at the beginning of each month; the bill of a year is what rates are held against.
MONTHS_BACK = 12
READING = 1  # the one row's key


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceListSync:
    """How the list was read, and what it came to."""

    state: PriceListState
    products: int = 0
    prices: int = 0
    prices_changed: int = 0


@dataclass(slots=True)
class _Read:
    """One reading of all services: at a time, with what was left out."""

    at: datetime
    listed: list[ListedPrice]
    products: int
    left_out: Counter[str]


def sync_price_list(*, now: datetime) -> PriceListSync:
    """Read the list and make the stored prices of this origin say what it says. Doing it twice changes nothing.

    The first time the dated lists of the past year are read as well. All services or none: a price must not be taken for
    withdrawn because AWS was out of reach. Without credentials nothing is asked and nothing changes.
    """
    try:
        readings = _read_all(get_model_catalog(), now)
    except NotConfigured as error:
        return _note(PriceListState.NOT_CONFIGURED, error, now)
    except Denied as error:
        return _note(PriceListState.DENIED, error, now)
    except AwsError as error:
        return _note(PriceListState.FAILED, error, now)
    return _store(readings, now)


def _read_all(catalog: ModelCatalog, now: datetime) -> Sequence[_Read]:
    """Every reading, oldest first: dated lists where none were ever stored, then the products of now."""
    current = _read(catalog, now, lambda code: (text for page in fetch_products(code) for text in page))
    if ModelPrice.objects.filter(origin=PriceOrigin.PRICE_LIST).exists():
        return [current]
    files: dict[str, str] = {}
    return [*(_read(catalog, at, partial(_dated, at, files)) for at in _months_before(now)), current]


def _dated(at: datetime, files: dict[str, str], code: str) -> Iterable[str]:
    return (text for file in fetch_dated_lists(code, at, files) for text in products_of_file(file))


def _read(catalog: ModelCatalog, at: datetime, fetch: Callable[[str], Iterable[str]]) -> _Read:
    read = _Read(at=at, listed=[], products=0, left_out=Counter())
    for code in SERVICE_CODES:
        texts = list(fetch(code))
        parsed = parse_products(texts, catalog)
        read.products += len(texts)
        read.listed.extend(parsed.prices)
        read.left_out.update(parsed.left_out)
    return read


def _months_before(now: datetime) -> list[datetime]:
    months, month = [], utc_day_start(now).replace(day=1)
    for _ in range(MONTHS_BACK):
        months.append(month)
        month = (month - timedelta(days=1)).replace(day=1)
    return months[::-1]


def _store(readings: Sequence[_Read], now: datetime) -> PriceListSync:
    newest = readings[-1]
    with transaction.atomic():
        lock_prices()
        book = get_published_prices()
        committed = PriceBook(tuple(price for price in book.prices if price.origin is PriceOrigin.COMMITTED))
        prices: tuple[Price, ...] = tuple(map(price_of, ModelPrice.objects.filter(origin=PriceOrigin.PRICE_LIST)))
        for read in readings:
            if not read.listed:
                continue  # no list was in force then
            chosen = choose(read.listed, committed)
            prices = continued(prices, chosen.prices, at=read.at)
            if read is newest:
                newest.left_out["CONTRADICTED"] = len(chosen.contradicted)
                newest.left_out["NOT_BELIEVED"] = len(chosen.not_believed)
        changed = replace_published(prices, PriceOrigin.PRICE_LIST, now)
        in_force = sum(price.effective_to is None for price in prices)
        PriceListReading.objects.update_or_create(
            id=READING,
            defaults={
                "state": PriceListState.READ,
                "tried_at": now,
                "read_at": now,
                "detail": "",
                "products": newest.products,
                "prices": in_force,
                "left_out": {reason: count for reason, count in newest.left_out.items() if count},
            },
        )
    return PriceListSync(state=PriceListState.READ, products=newest.products, prices=in_force, prices_changed=changed)


def _note(state: PriceListState, error: AwsError, now: datetime) -> PriceListSync:
    """What was read before stays in force, and the page says how old it is."""
    log.warning("price_list_not_read", action=error.action, code=error.code, state=state.value)
    detail = "" if state is PriceListState.NOT_CONFIGURED else f"{error.action}: {error.code}"
    PriceListReading.objects.update_or_create(
        id=READING, defaults={"state": state, "tried_at": now, "detail": detail[:300]}
    )
    return PriceListSync(state=state)
