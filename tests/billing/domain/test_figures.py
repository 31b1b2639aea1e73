"""How money, tokens, percents and times read, as tables."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from billing.domain import figures
from billing.domain.money import Money
from billing.domain.periods import DateRange, Month

MINUS = "\N{MINUS SIGN}"


@pytest.mark.parametrize(
    ("amount", "currency", "english", "japanese"),
    [
        ("1600000", "JPY", "¥1,600,000", "1,600,000円"),
        ("0", "JPY", "¥0", "0円"),
        ("0.5", "JPY", "¥1", "1円"),
        ("1234.565", "USD", "$1,234.57", "$1,234.57"),
        ("-1234.5", "USD", f"{MINUS}$1,234.50", "△$1,234.50"),
        ("-1234", "JPY", f"{MINUS}¥1,234", "△1,234円"),
        ("-0.001", "USD", "$0.00", "$0.00"),
        ("12.3456", "KWD", "KWD\N{NO-BREAK SPACE}12.346", "KWD\N{NO-BREAK SPACE}12.346"),
    ],
)
def test_money_in_full_names_its_currency(amount: str, currency: str, english: str, japanese: str) -> None:
    value = Money(Decimal(amount), currency)
    assert figures.money(value, "en") == english
    assert figures.money(value, "ja") == japanese


@pytest.mark.parametrize(
    ("amount", "currency", "english", "japanese"),
    [
        ("9999", "JPY", "¥9,999", "9,999円"),
        ("12345", "JPY", "¥12.3 K", "1.23万円"),
        ("860000", "JPY", "¥860 K", "86万円"),
        ("999999", "JPY", "¥1 M", "100万円"),
        ("1204000", "JPY", "¥1.2 M", "120万円"),
        ("3750000", "JPY", "¥3.75 M", "375万円"),
        ("120400000", "JPY", "¥120 M", "1.2億円"),
        ("1234567890123", "USD", "$1,230 B", "12,300億ドル"),
        ("-860000", "JPY", f"{MINUS}¥860 K", "△86万円"),
        ("26087.15", "USD", "$26.1 K", "2.61万ドル"),
    ],
)
def test_money_in_prose_has_three_digits(amount: str, currency: str, english: str, japanese: str) -> None:
    value = Money(Decimal(amount), currency)
    assert figures.money_short(value, "en").replace("\N{NO-BREAK SPACE}", " ") == english
    assert figures.money_short(value, "ja") == japanese


def test_a_change_carries_its_sign() -> None:
    assert figures.money_short(Money(Decimal(860_000), "JPY"), "en", signed=True) == "+¥860\N{NO-BREAK SPACE}K"
    assert figures.amount(Money(Decimal(860), "JPY"), "en", signed=True) == "+860"
    assert figures.amount(Money(Decimal(-860), "JPY"), "ja", signed=True) == "△860"
    assert figures.amount(Money(Decimal(0), "JPY"), "en", signed=True) == "0"


def test_no_yen_sign_is_full_width() -> None:
    assert "￥" not in figures.currency_label("JPY", "en") + figures.money(Money(Decimal(1), "JPY"), "en")


@pytest.mark.parametrize(
    ("price", "text"),
    [("3", "$3.00"), ("0.0125", "$0.0125"), ("0.25", "$0.25"), ("0.125", "$0.125"), ("457.71", "$457.71")],
)
def test_unit_prices_have_two_to_four_decimals(price: str, text: str) -> None:
    assert figures.unit_price(Money(Decimal(price), "USD"), "en") == text


@pytest.mark.parametrize(
    ("fraction", "english", "japanese"),
    [
        ("0.28", "28 %", "28%"),
        ("0.092", "9.2 %", "9.2%"),
        ("0.0996", "10 %", "10%"),
        ("0", "0 %", "0%"),
        ("0.0002", "<0.1 %", "0.1%未満"),
        ("-0.12", f"{MINUS}12 %", "△12%"),
        ("12.5", "1,250 %", "1,250%"),
    ],
)
def test_percent_has_one_decimal_under_ten(fraction: str, english: str, japanese: str) -> None:
    assert figures.percent(Decimal(fraction), "en") == english.replace(" ", "\N{NO-BREAK SPACE}")
    assert figures.percent(Decimal(fraction), "ja") == japanese


def test_shares_have_one_decimal_and_the_unknown_is_a_dash() -> None:
    assert figures.percent(Decimal("0.432"), "ja", share=True) == "43.2%"
    assert figures.percent(Decimal(0), "ja", share=True) == "0.0%"
    assert figures.percent(None, "en") == "–"


@pytest.mark.parametrize(
    ("new", "old", "english", "japanese"),
    [
        ("128", "100", "+28 %", "+28%"),
        ("72", "100", f"{MINUS}28 %", "△28%"),
        ("5", "0", "new", "新規"),
        ("0", "0", "0 %", "0%"),
        (None, "5", "–", "–"),
    ],
)
def test_a_relative_change_from_nothing_is_new(new: str | None, old: str, english: str, japanese: str) -> None:
    now = None if new is None else Decimal(new)
    assert figures.change(now, Decimal(old), "en") == english.replace(" ", "\N{NO-BREAK SPACE}")
    assert figures.change(now, Decimal(old), "ja") == japanese


@pytest.mark.parametrize(
    ("chance", "english", "japanese"),
    [
        ("0.812", "81 %", "81%"),
        ("0.97", "over 95 %", "95%超"),
        ("0.95", "95 %", "95%"),
        ("0.01", "under 5 %", "5%未満"),
    ],
)
def test_near_certainty_is_not_told_to_the_point(chance: str, english: str, japanese: str) -> None:
    assert figures.probability(Decimal(chance), "en") == english.replace(" %", "\N{NO-BREAK SPACE}%")
    assert figures.probability(Decimal(chance), "ja") == japanese


def test_unit_prices_line_up_in_a_column() -> None:
    assert [figures.unit_amount(Money(Decimal(price), "USD")) for price in ("3", "0.0125")] == ["3.0000", "0.0125"]


@pytest.mark.parametrize(
    ("ticks", "currency", "english", "japanese"),
    [
        (("0", "5000", "10000"), "USD", ["$0", "$5 K", "$10 K"], ["$0", "0.5万ドル", "1.0万ドル"]),
        (("0", "200", "400"), "USD", ["$0", "$200", "$400"], ["$0", "$200", "$400"]),
        (("0", "0.2", "0.4"), "USD", ["$0", "$0.2", "$0.4"], ["$0", "$0.2", "$0.4"]),
        (("0", "2000000", "4000000"), "JPY", ["¥0", "¥2 M", "¥4 M"], ["0円", "200万円", "400万円"]),
        (("0", "2500000", "5000000"), "JPY", ["¥0", "¥2.5 M", "¥5.0 M"], ["0円", "250万円", "500万円"]),
    ],
)
def test_the_ticks_of_an_axis_are_written_alike(
    ticks: tuple[str, ...], currency: str, english: list[str], japanese: list[str]
) -> None:
    values = [Decimal(tick) for tick in ticks]
    assert [text.replace("\N{NO-BREAK SPACE}", " ") for text in figures.axis_labels(values, currency, "en")] == english
    assert figures.axis_labels(values, currency, "ja") == japanese


def test_tokens_are_exact_in_tables_and_short_in_prose() -> None:
    assert figures.tokens(12_345_678) == "12,345,678"
    assert figures.tokens(None) == "–"
    assert figures.tokens_short(12_345_678, "en") == "12.3\N{NO-BREAK SPACE}M"
    assert figures.tokens_short(12_300_000, "ja") == "1,230万"
    assert figures.tokens_short(41, "ja") == "41"


def test_days_and_times_follow_the_language_and_the_zone() -> None:
    at = datetime(2026, 11, 10, 9, 0, tzinfo=UTC)
    assert figures.moment(at, "Asia/Tokyo", "en").replace("\N{NO-BREAK SPACE}", " ") == "10 Nov 18:00 JST"
    assert figures.moment(at, "Asia/Tokyo", "ja").replace("\N{NO-BREAK SPACE}", " ") == "11月10日18:00 (日本時間)"
    assert figures.full_day(date(2026, 11, 24), "ja") == "2026年11月24日(火)"
    assert figures.full_day(date(2026, 11, 24), "en").replace("\N{NO-BREAK SPACE}", " ") == "24 Nov 2026"
    assert figures.month(Month(2026, 11), "en").replace("\N{NO-BREAK SPACE}", " ") == "Nov 2026"
    assert figures.month(Month(2026, 11), "ja") == "2026年11月"
    assert figures.month_name(Month(2026, 11), "en") == "November"
    assert figures.month_name(Month(2026, 11), "ja") == "11月"
    assert figures.currency_label("JPY", "ja") == "円"


def test_a_number_below_the_smallest_step_is_never_asked_for() -> None:
    with pytest.raises(AssertionError, match="written in full"):
        figures._scaled(Decimal("0.5"), "en")


@pytest.mark.parametrize(
    ("start", "end", "english", "japanese"),
    [
        ("2026-10-01", "2026-11-01", "Oct 2026", "2026年10月"),
        ("2026-11-01", "2026-11-11", "1–10 Nov 2026", "2026年11月1日〜11月10日"),
        ("2026-10-11", "2026-11-10", "11 Oct – 9 Nov 2026", "2026年10月11日〜11月9日"),
        ("2025-12-30", "2026-01-03", "30 Dec 2025 – 2 Jan 2026", "2025年12月30日〜2026年1月2日"),
        ("2026-11-10", "2026-11-11", "10 Nov 2026", "2026年11月10日"),
    ],
)
def test_days_are_named_as_short_as_they_can_be(start: str, end: str, english: str, japanese: str) -> None:
    days = DateRange(date.fromisoformat(start), date.fromisoformat(end))
    assert figures.days(days, "en").replace("\N{NO-BREAK SPACE}", " ") == english
    assert figures.days(days, "ja") == japanese


def test_counts_are_whole_and_signed_where_they_are_changes() -> None:
    assert figures.count(Decimal("1234.5"), "en") == "1,235"
    assert figures.count(Decimal(1234), "en", signed=True) == "+1,234"
    assert figures.count(Decimal(-1234), "ja", signed=True) == "△1,234"
    assert figures.count(Decimal(0), "en", signed=True) == "0"


def test_an_axis_of_counts_is_short() -> None:
    ticks = [Decimal(0), Decimal(50_000), Decimal(100_000)]
    assert [label.replace("\N{NO-BREAK SPACE}", " ") for label in figures.count_axis_labels(ticks, "en")] == [
        "0",
        "50 K",
        "100 K",
    ]
