"""A model is recognised by any spelling of its id, or stays visible; the price in force is found, or its absence is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.catalog import (
    CanonicalModel,
    FoundationModel,
    ModelCatalog,
    Price,
    PriceBook,
    PriceFound,
    PriceKey,
    PriceNotFound,
    PriceScope,
    UnpricedReason,
    canonical_model,
    canonical_model_of_profile,
    is_application_profile_id,
    nearness,
    series_key,
)
from billing.domain.dimensions import ContextBand, Namespace, Routing, RoutingClass, SeriesKey, Tier, TokenClass
from billing.domain.parsing.catalog import parse_models

DATA = Path(__file__).parents[3] / "billing" / "data"
CATALOG = ModelCatalog(parse_models((DATA / "models.csv").read_text(encoding="utf-8")))
ARN = "arn:aws:bedrock:us-east-1"


@pytest.mark.parametrize(
    ("aws_model_id", "model_id", "routing"),
    [
        ("anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5", Routing.IN_REGION),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5", Routing.GEO),
        ("us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5", Routing.GEO),
        ("global.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5", Routing.GLOBAL),
        ("anthropic.claude-sonnet-4-5", "claude-sonnet-4-5", Routing.IN_REGION),
        ("anthropic.claude-opus-4-8", "claude-opus-4-8", Routing.IN_REGION),
        ("global.anthropic.claude-opus-5", "claude-opus-5", Routing.GLOBAL),
        ("anthropic.claude-3-5-sonnet-20240620-v1:0", "claude-3-5-sonnet", Routing.IN_REGION),
        ("anthropic.claude-3-5-sonnet-20241022-v2:0", "claude-3-5-sonnet-v2", Routing.IN_REGION),
        ("eu.meta.llama3-3-70b-instruct-v1:0", "llama-3-3-70b", Routing.GEO),
        ("apac.amazon.nova-pro-v1:0", "nova-pro", Routing.GEO),
        ("amazon.nova-pro-v1:0:300k", "nova-pro", Routing.IN_REGION),
        ("mistral.mistral-large-2407-v1:0", "mistral-large-2407", Routing.IN_REGION),
        ("amazon.titan-embed-text-v1", "titan-embed-text-v1", Routing.IN_REGION),
        ("amazon.titan-embed-text-v2:0", "titan-embed-text-v2", Routing.IN_REGION),
        ("in.openai.gpt-5.6-luna", "gpt-5-6-luna", Routing.GEO),
        ("mx.openai.gpt-oss-120b-1:0", "gpt-oss-120b", Routing.GEO),  # a geography that is not invented yet
        (f"{ARN}::foundation-model/anthropic.claude-3-haiku-20240307-v1:0", "claude-3-haiku", Routing.IN_REGION),
        (f"{ARN}:123456789012:inference-profile/us.amazon.nova-lite-v1:0", "nova-lite", Routing.GEO),
        ("arn:aws:bedrock:::foundation-model/anthropic.claude-opus-5", "claude-opus-5", Routing.GLOBAL),
    ],
)
def test_a_model_is_recognised_by_any_spelling_and_its_routing_read_from_the_id(
    aws_model_id: str, model_id: str, routing: Routing
) -> None:
    found = canonical_model(aws_model_id, CATALOG)
    assert (found.model_id, found.routing) == (model_id, routing)
    assert found.publisher == CATALOG.models[model_id].publisher


@pytest.mark.parametrize(
    ("aws_model_id", "publisher", "routing"),
    [
        ("anthropic.claude-nobody-9-v1:0", "Anthropic", Routing.IN_REGION),
        ("global.anthropic.claude-nobody-9", "Anthropic", Routing.GLOBAL),
        ("anthropic.claude-3-5-sonnet", "Anthropic", Routing.IN_REGION),  # two models bear this name
        ("anthropic.claude-sonnet-4-5-20250929-v2:0", "Anthropic", Routing.IN_REGION),  # another version
        ("amazon.titan-embed-text-v3:0", "Amazon", Routing.IN_REGION),
        ("us.newcomer.model-v1:0", "", Routing.IN_REGION),
        ("x9f3k2m1q0zz", "", Routing.IN_REGION),
        (f"{ARN}:123456789012:application-inference-profile/x9f3k2m1q0zz", "", Routing.IN_REGION),
        (f"{ARN}:123456789012:provisioned-model/x9f3k2m1q0zz", "", Routing.IN_REGION),
        (f"{ARN}:123456789012:custom-model/amazon.nova-lite-v1:0:256k/abc", "", Routing.IN_REGION),
        ("", "", Routing.IN_REGION),
        ("日本語", "", Routing.IN_REGION),
    ],
)
def test_an_id_that_is_not_recognised_stays_visible(aws_model_id: str, publisher: str, routing: Routing) -> None:
    assert canonical_model(aws_model_id, CATALOG) == CanonicalModel(model_id="", publisher=publisher, routing=routing)


@given(st.text(max_size=60))
def test_no_text_breaks_the_catalog(text: str) -> None:
    found = canonical_model(text, CATALOG)
    assert found.model_id == "" or found.model_id in CATALOG.models


def test_every_id_of_the_table_leads_back_to_its_model() -> None:
    for model in CATALOG.models.values():
        for aws_model_id in model.aws_model_ids:
            for prefix, routing in (("", Routing.IN_REGION), ("us.", Routing.GEO), ("global.", Routing.GLOBAL)):
                found = canonical_model(prefix + aws_model_id, CATALOG)
                assert found == CanonicalModel(model_id=model.model_id, publisher=model.publisher, routing=routing)


SONNET = "foundation-model/anthropic.claude-sonnet-4-5-20250929-v1:0"


@pytest.mark.parametrize(
    ("arns", "model_id", "routing"),
    [
        ([f"arn:aws:bedrock:us-east-1::{SONNET}"], "claude-sonnet-4-5", Routing.IN_REGION),
        (
            [f"arn:aws:bedrock:us-east-1::{SONNET}", f"arn:aws:bedrock:us-west-2::{SONNET}"],
            "claude-sonnet-4-5",
            Routing.GEO,
        ),
        ([f"arn:aws:bedrock:us-east-1::{SONNET}", f"arn:aws:bedrock:::{SONNET}"], "claude-sonnet-4-5", Routing.GLOBAL),
        (
            [f"arn:aws:bedrock:us-east-1::{SONNET}", f"{ARN}::foundation-model/amazon.nova-pro-v1:0"],
            "",
            Routing.IN_REGION,
        ),
        ([], "", Routing.IN_REGION),
    ],
)
def test_a_profile_is_its_model_and_is_routed_where_its_models_lie(
    arns: Sequence[str], model_id: str, routing: Routing
) -> None:
    found = canonical_model_of_profile(arns, CATALOG)
    assert (found.model_id, found.routing) == (model_id, routing)


@pytest.mark.parametrize(
    ("aws_model_id", "expected"),
    [("x9f3k2m1q0zz", True), ("amazon.nova-pro-v1:0", False), (f"{ARN}::{SONNET}", False), ("X9F3K2M1", False)],
)
def test_an_application_profile_has_a_short_opaque_id(aws_model_id: str, expected: bool) -> None:
    assert is_application_profile_id(aws_model_id) is expected


def key_of(aws_model_id: str, arns: Sequence[str] | None) -> SeriesKey:
    return series_key(
        aws_account_id="111111111111",
        aws_region="us-east-1",
        namespace=Namespace.BEDROCK,
        aws_model_id=aws_model_id,
        profile_model_arns=arns,
        catalog=CATALOG,
    )


def test_a_series_keeps_what_aws_said_beside_what_we_read_out_of_it() -> None:
    direct = key_of("global.anthropic.claude-opus-5", None)
    assert (direct.model_id, direct.routing, direct.inference_profile_id) == ("claude-opus-5", Routing.GLOBAL, "")
    profile = key_of("x9f3k2m1q0zz", [f"arn:aws:bedrock:us-east-1::{SONNET}"])
    assert (profile.model_id, profile.publisher) == ("claude-sonnet-4-5", "Anthropic")
    assert profile.aws_model_id == profile.inference_profile_id == "x9f3k2m1q0zz"
    unresolved = key_of("x9f3k2m1q0zz", None)
    assert (unresolved.model_id, unresolved.inference_profile_id) == ("", "x9f3k2m1q0zz")


def test_a_model_without_known_ids_is_simply_not_found_by_any() -> None:
    model = FoundationModel(
        model_id="m",
        display_name="M",
        publisher="P",
        aws_model_ids=(),
        legacy_date=None,
        extended_access_date=None,
        end_of_life_date=None,
        source="",
        source_date=date(2026, 1, 1),
    )
    assert ModelCatalog([model]).find("m") is None


# -- prices


def at(day: int, month: int = 1) -> datetime:
    return datetime(2026, month, day, tzinfo=UTC)


def key(aws_region: str = "us-east-1", token_class: TokenClass = TokenClass.INPUT, **other: object) -> PriceKey:
    values = {"model_id": "m", "routing_class": RoutingClass.REGIONAL, "tier": Tier.STANDARD, **other}
    return PriceKey(aws_region=aws_region, token_class=token_class, **values)  # type: ignore[arg-type]


def price(rate: str, price_key: PriceKey, start: datetime, end: datetime | None = None) -> Price:
    return Price(
        key=price_key,
        rate_usd_per_million=Decimal(rate),
        effective_from=start,
        effective_to=end,
        source="list",
        source_date=date(2026, 1, 1),
    )


BOOK = PriceBook(
    prices=(
        price("1", key("*"), at(1), at(10)),
        price("2", key("*"), at(10)),
        price("3", key("eu-*"), at(1)),
        price("4", key("eu-central-1"), at(1)),
        price("9", key("*", routing_class=RoutingClass.GLOBAL), at(1)),
        price("8", key("*", tier=Tier.BATCH), at(1)),
        price("7", key("*", context_band=ContextBand.LONG), at(1)),
    ),
    overrides=(price("0.5", key("us-east-1"), at(20), at(25)), price("0.6", key("*"), at(20), at(25))),
)


@pytest.mark.parametrize(
    ("price_key", "moment", "rate"),
    [
        (key(), at(1), "1"),
        (key(), at(9), "1"),
        (key(), at(10), "2"),  # the end is not included, the start is
        (key("eu-west-1"), at(10), "3"),
        (key("eu-central-1"), at(10), "4"),  # the nearest region
        (key("ap-northeast-1"), at(10), "2"),
        (key(routing_class=RoutingClass.GLOBAL), at(10), "9"),
        (key(tier=Tier.BATCH), at(10), "8"),
        (key(context_band=ContextBand.LONG), at(10), "7"),
        (key(), at(20), "0.5"),  # an override before a list price
        (key("eu-central-1"), at(20), "0.6"),  # even before one for that very region
        (key(), at(25), "2"),
    ],
)
def test_the_price_in_force_is_found(price_key: PriceKey, moment: datetime, rate: str) -> None:
    found = BOOK.price_in_force(price_key, moment)
    assert isinstance(found, PriceFound)
    assert found.price.rate_usd_per_million == Decimal(rate)
    assert found.is_override is (found.price in BOOK.overrides)
    assert found.is_for_any_region is ("*" in found.price.key.aws_region)


@pytest.mark.parametrize(
    ("price_key", "moment", "reason"),
    [
        (key(model_id=""), at(1), UnpricedReason.UNRECOGNIZED_MODEL),
        (key(model_id="other"), at(1), UnpricedReason.NO_PRICE),
        (key(token_class=TokenClass.OUTPUT), at(1), UnpricedReason.NO_PRICE),
        (key(tier=Tier.FLEX), at(1), UnpricedReason.NO_PRICE),
        (key("us-gov-west-1"), at(1), UnpricedReason.NO_PRICE),  # "every region" is not GovCloud
        (key(), datetime(2025, 12, 31, 23, tzinfo=UTC), UnpricedReason.NO_PRICE_AT_THAT_TIME),
    ],
)
def test_the_absence_of_a_price_has_a_reason(price_key: PriceKey, moment: datetime, reason: UnpricedReason) -> None:
    assert BOOK.price_in_force(price_key, moment) == PriceNotFound(reason=reason)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (datetime(2025, 1, 1, tzinfo=UTC), (None, at(1))),
        (at(1), (at(1), at(10))),
        (at(12), (at(10), at(20))),
        (at(20), (at(20), at(25))),
        (at(26), (at(25), None)),
    ],
)
def test_prices_hold_until_the_next_one_begins_or_ends(
    moment: datetime, expected: tuple[datetime | None, datetime | None]
) -> None:
    scope = PriceScope("m", "us-east-1", RoutingClass.REGIONAL, Tier.STANDARD)
    assert BOOK.validity(scope, moment) == expected
    assert BOOK.validity(scope._replace(model_id="other"), moment) == (None, None)


@given(st.integers(0, 40), st.integers(0, 40))
def test_within_its_validity_the_same_price_is_in_force(first: int, second: int) -> None:
    scope = PriceScope("m", "us-east-1", RoutingClass.REGIONAL, Tier.STANDARD)
    moment, other = (datetime.fromtimestamp(at(1).timestamp() + days * 86400, UTC) for days in (first, second))
    start, end = BOOK.validity(scope, moment)
    if (start is None or start <= other) and (end is None or other < end):
        assert BOOK.price_in_force(key(), moment) == BOOK.price_in_force(key(), other)


@pytest.mark.parametrize(
    ("pattern", "aws_region", "expected"),
    [("*", "us-east-1", 1), ("us-*", "us-east-1", 4), ("us-east-1", "us-east-1", 11), ("us-east-1", "us-east-2", 0),
     ("eu-*", "us-east-1", 0), ("*", "us-gov-east-1", 0), ("*", "cn-north-1", 0), ("us-gov-*", "us-gov-east-1", 8)],
)  # fmt: skip
def test_a_region_that_is_spelled_out_is_nearer(pattern: str, aws_region: str, expected: int) -> None:
    assert nearness(pattern, aws_region) == expected


@pytest.mark.parametrize("rate", ["-0.01", "NaN", "Infinity", "0.0000000000001", "1e30", "1000000000"])
def test_a_price_is_a_number_not_below_zero_that_can_be_stored(rate: str) -> None:
    with pytest.raises(ValueError, match="price"):
        price(rate, key(), at(1))


def test_a_price_cannot_end_before_it_begins() -> None:
    with pytest.raises(ValueError, match="before it begins"):
        price("1", key(), at(2), at(2))
