"""What the lines of FOCUS and CUR 2.0 files are read as: provider, AI or not, category, model, unit."""

from __future__ import annotations

from decimal import Decimal

import pytest

from billing.domain.dimensions import ChargeCategory, CostHeading, Provider
from billing.domain.imports import ColumnsMissing, CostFormat, UnknownCostFormat
from billing.domain.parsing.cost_files import digest_of, read_tags, reader_of, recognize
from billing.domain.parsing.cur2 import CATEGORIES, read_cur2_line
from billing.domain.parsing.focus import provider_of, read_focus_line
from billing.domain.parsing.lines import Evidence, Field, Offering
from tests.billing.domain.parsing.test_usage_types import CATALOG

NOTHING = Evidence(Decimal(0), Decimal(0))
BLANK = Offering(*[""] * len(Offering._fields))


def offering(**told: str) -> Offering:
    return BLANK._replace(**{"charge_category": "Usage", "currency": "USD", **told})


AZURE = {"provider": "Microsoft", "service": "Azure OpenAI", "meter": "gpt-4o-0806-Outp-glbl Tokens", "unit": "1K"}
GOOGLE = {"provider": "Google Cloud", "service": "Vertex AI", "meter": "Gemini 2.5 Flash GA Text Input - Predictions"}
BEDROCK = {"provider": "AWS", "service": "Amazon Bedrock", "meter": "USE1-Claude4.6Opus-output-tokens"}


@pytest.mark.parametrize(
    ("name", "provider"),
    [
        ("AWS", Provider.AWS_BEDROCK),
        ("Amazon Web Services, Inc.", Provider.AWS_BEDROCK),
        ("Microsoft", Provider.AZURE_OPENAI),
        ("Google Cloud", Provider.GOOGLE_VERTEX),
        ("Oracle", Provider.OTHER),
        ("Laws of Ohio", Provider.OTHER),
        ("", Provider.OTHER),
    ],
)
def test_a_provider_is_known_by_its_name(name: str, provider: Provider) -> None:
    assert provider_of(name) is provider


@pytest.mark.parametrize(
    ("told", "is_ai"),
    [
        (AZURE, True),
        ({**AZURE, "service": "Foundry Models", "category": ""}, True),
        ({"provider": "Microsoft", "service": "Azure Machine Learning", "category": "AI and Machine Learning"}, True),
        ({"provider": "Microsoft", "service": "Cognitive Services", "meter": "S1 Speech"}, True),
        ({"provider": "Microsoft", "service": "Virtual Machines", "category": "Compute"}, False),
        (GOOGLE, True),
        ({"provider": "Google Cloud", "service": "BigQuery", "category": "Analytics"}, False),
        (BEDROCK, True),
        # Of AWS only Bedrock, as Cost Explorer is asked for it: a day must not grow when a file takes its place.
        ({"provider": "AWS", "service": "Amazon SageMaker", "category": "AI and Machine Learning"}, False),
        ({"provider": "AWS", "service": "Amazon Elastic Compute Cloud", "meter": "USE1-BoxUsage:t3.micro"}, False),
        ({"provider": "Anthropic", "service": "Claude API", "category": "AI and Machine Learning"}, True),
        ({"provider": "Oracle", "service": "Storage", "category": "Storage"}, False),
    ],
)
def test_what_counts_as_ai_is_what_the_provider_files_there_and_its_model_services(
    told: dict[str, str], is_ai: bool
) -> None:
    assert read_focus_line(offering(**told), NOTHING, CATALOG).is_ai is is_ai


def test_a_line_sold_through_the_marketplace_is_bedrocks_whatever_its_product_code() -> None:
    """grafana/cloudcost-exporter#933: discovering one service code only loses the models that are used most."""
    line = offering(
        service="7zgyu5r4abcdefghijklmnopq",
        service_code="7zgyu5r4abcdefghijklmnopq",
        meter="USE1-MP:USE1_OutputTokenCount_Global-Units",
        description="Claude Sonnet 4.6 (Amazon Bedrock Edition)",
        model="Claude Sonnet 4.6",
    )
    read = read_cur2_line(line, NOTHING, CATALOG)
    assert (read.is_ai, read.provider, read.model_id) == (True, Provider.AWS_BEDROCK, "claude-sonnet-4-6")
    assert (read.token_class, read.routing_class, read.tokens_per_unit) == ("output", "GLOBAL", 1_000_000)


@pytest.mark.parametrize("kind", ["Fee", "RIFee", "Tax", "Credit", "Refund", "EdpDiscount", "SomethingOfNextYear"])
def test_no_kind_of_line_is_dropped(kind: str) -> None:
    """opencost/opencost#4022: a list of wanted line types drops 'Fee' without a word."""
    read = read_cur2_line(offering(**{**BEDROCK, "charge_category": kind}), NOTHING, CATALOG)
    assert read.is_ai
    assert read.is_category_known is (kind.casefold() in CATEGORIES)
    assert read.charge_category is CATEGORIES.get(kind.casefold(), ChargeCategory.ADJUSTMENT)
    assert read.tokens_per_unit is None


def test_batch_is_told_by_the_feature_where_the_usage_type_does_not() -> None:
    read = read_cur2_line(offering(**BEDROCK, feature="Batch Inference"), NOTHING, CATALOG)
    assert read.tier == "BATCH"


def test_an_azure_line_tells_model_class_and_unit() -> None:
    read = read_focus_line(offering(**AZURE), Evidence(Decimal(10), Decimal(1000)), CATALOG)
    assert (read.provider, read.model_id, read.publisher) == (Provider.AZURE_OPENAI, "gpt-4o", "OpenAI")
    assert (read.token_class, read.routing_class, read.tokens_per_unit) == ("output", "GLOBAL", 1_000)


def test_a_unit_that_the_list_price_contradicts_counts_no_tokens() -> None:
    read = read_focus_line(offering(**AZURE), Evidence(Decimal(10000), Decimal(1000)), CATALOG)
    assert (read.counts_tokens, read.tokens_per_unit) == (True, None)


def test_a_google_line_tells_model_class_and_unit() -> None:
    line = offering(**GOOGLE, unit="requests")
    read = read_focus_line(line, Evidence(Decimal(3), Decimal(10_000_000)), CATALOG)
    assert (read.provider, read.model_id) == (Provider.GOOGLE_VERTEX, "gemini-2-5-flash")
    assert (read.token_class, read.tokens_per_unit) == ("input", 1)


def test_token_hours_of_a_stored_cache_are_no_tokens() -> None:
    line = offering(**{**GOOGLE, "meter": "Gemini 3 Flash Text Input Caching Storage"})
    read = read_focus_line(line, Evidence(Decimal(1), Decimal(1_000_000)), CATALOG)
    assert (read.token_class, read.tokens_per_unit, read.heading) == ("cache_storage", None, CostHeading.TOKENS)


FOCUS_1_0 = [
    "ProviderName",
    "ServiceName",
    "BilledCost",
    "BillingAccountId",
    "BillingCurrency",
    "ChargePeriodStart",
    "BillingPeriodStart",
    "BillingPeriodEnd",
]


def test_formats_are_known_by_their_columns_whatever_the_version() -> None:
    old = recognize(dict.fromkeys(FOCUS_1_0, "VARCHAR"))
    assert old.format is CostFormat.FOCUS
    assert [column.name for column in old.columns[Field.PROVIDER]] == ["ProviderName"]
    assert Field.INVOICE not in old.columns
    new = recognize(dict.fromkeys([*FOCUS_1_0, "ServiceProviderName", "InvoiceId", "subaccountid"], "VARCHAR"))
    assert new.columns[Field.PROVIDER][0].name == "ServiceProviderName"
    assert new.columns[Field.ACCOUNT][0].name == "subaccountid"


def test_a_file_without_what_every_bill_needs_says_which_columns_are_missing() -> None:
    with pytest.raises(ColumnsMissing) as caught:
        recognize(dict.fromkeys([name for name in FOCUS_1_0 if name != "BillingCurrency"], "VARCHAR"))
    assert caught.value.names == ("BillingCurrency",)
    with pytest.raises(UnknownCostFormat):
        recognize({"amount": "DOUBLE", "customer": "VARCHAR"})


def test_each_format_has_its_reader() -> None:
    assert reader_of(CostFormat.CUR2) is read_cur2_line
    assert reader_of(CostFormat.FOCUS) is read_focus_line


def test_tags_come_as_maps_or_lists_and_lose_the_kind_in_front() -> None:
    tags = read_tags('{"user_team": "search", "empty": ""}', '{"resourceTags/team": "other", "iamPrincipal/dept": "a"}')
    assert tags == {"iamPrincipal/dept": "a", "team": "search"}
    assert read_tags('[{"key": "team", "value": "ads"}]') == {"team": "ads"}
    assert read_tags("", "no json", "3") == {}
    assert digest_of({}) == ""
    assert digest_of({"a": "1", "b": "2"}) == digest_of({"b": "2", "a": "1"}) != digest_of({"a": "1"})
