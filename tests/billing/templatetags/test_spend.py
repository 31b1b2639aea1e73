"""The filters write what the formatter writes, in the language of the page."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.template import Context, Template
from django.utils import translation

from billing.domain.collection import Source
from billing.domain.dimensions import RoutingClass, Tier, TokenClass
from billing.domain.freshness import Freshness
from billing.domain.money import Money
from billing.domain.periods import Month

YEN = Money(Decimal(1_204_000), "JPY")


def written(expression: str, value: object, language: str) -> str:
    with translation.override(language):
        page = Template("{% load spend %}{{ value|" + expression + " }}").render(Context({"value": value}))
    return page.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    ("expression", "value", "english", "japanese"),
    [
        ("money", YEN, "¥1,204,000", "1,204,000円"),
        ("money_short", YEN, "¥1.2 M", "120万円"),
        ("money_change", YEN, "+¥1.2 M", "+120万円"),
        ("amount", YEN, "1,204,000", "1,204,000"),
        ("amount_change", -YEN, "\N{MINUS SIGN}1,204,000", "△1,204,000"),
        ("unit_price", Money(Decimal(3), "USD"), "$3.00", "$3.00"),
        ("currency_label", "JPY", "¥", "円"),
        ("percent", Decimal("0.28"), "28 %", "28%"),
        ("percent_change", Decimal("0.28"), "+28 %", "+28%"),
        ("share", Decimal("0.28"), "28.0 %", "28.0%"),
        ("probability", 0.81, "81 %", "81%"),
        ("tokens", 12_345_678, "12,345,678", "12,345,678"),
        ("tokens_short", 12_345_678, "12.3 M", "1,230万"),
        ("day", date(2026, 11, 24), "24 Nov", "11月24日"),
        ("full_day", date(2026, 11, 24), "24 Nov 2026", "2026年11月24日(火)"),
        ("month", Month(2026, 11), "Nov 2026", "2026年11月"),
        ("month", date(2026, 11, 24), "Nov 2026", "2026年11月"),
        ("month_name", Month(2026, 11), "November", "11月"),
        ("moment:'Asia/Tokyo'", datetime(2026, 11, 10, 9, tzinfo=UTC), "10 Nov 18:00 JST", "11月10日18:00 (日本時間)"),
        ("usd|money", Decimal("1.5"), "$1.50", "$1.50"),
        ("unit_amount", Money(Decimal("0.0125"), "USD"), "0.0125", "0.0125"),
        ("last_utc_day|day", datetime(2026, 11, 9, tzinfo=UTC), "8 Nov", "11月8日"),
        ("duration", 45, "45 seconds", "45秒"),
        ("duration", 60, "1 minute", "1分"),
        ("duration", 7300, "2 hours", "2時間"),
        ("source_name", Source.COST_EXPLORER, "Cost Explorer", "Cost Explorer"),
        ("freshness_name", Freshness.FRESH, "Fresh", "最新"),
        ("token_class_name", TokenClass.OUTPUT, "Output", "出力"),
        ("routing_name", RoutingClass.GLOBAL, "Global", "グローバル"),
        ("tier_name", Tier.BATCH, "Batch", "バッチ"),
        ("utc_moment", datetime(2026, 11, 10, 9, tzinfo=UTC), "10 Nov 09:00 UTC", "11月10日09:00 UTC"),
    ],
)
def test_a_filter_writes_in_the_language_of_the_page(
    expression: str, value: object, english: str, japanese: str
) -> None:
    assert written(expression, value, "en") == english
    assert written(expression, value, "ja") == japanese


@pytest.mark.parametrize(
    "expression",
    [
        "money",
        "money_short",
        "amount",
        "amount_change",
        "money_change",
        "unit_price",
        "unit_amount",
        "percent",
        "share",
        "tokens",
        "tokens_short",
        "probability",
        "percent_change",
        "day",
        "full_day",
        "month",
        "month_name",
        "moment",
    ],
)
def test_what_is_unknown_is_a_dash_never_a_zero(expression: str) -> None:
    assert written(expression, None, "en") == "–"


def test_a_key_without_a_name_stands_for_itself() -> None:
    page = Template("{% load spend %}{{ names|at:'a' }} {{ names|at:'b' }}").render(Context({"names": {"a": "Ada"}}))
    assert page == "Ada b"


def test_an_amount_is_shown_with_what_kind_of_amount_it_is() -> None:
    page = Template("{% load spend %}{% money_block value 'billed' 'frozen' %}").render(Context({"value": YEN}))
    assert "¥1,204,000" in page
    assert "Billed" in page
    assert "frozen" in page
