"""How money, tokens, percents and times read to people, in English and Japanese: one formatter for page, mail and chart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from billing.domain.money import EXACT, Money
from billing.domain.periods import DAY, DateRange, Month

JAPANESE = "ja"
MINUS = "\N{MINUS SIGN}"
# Japanese accounts write a loss with a triangle: no triangle may ever mean up or down.
JAPANESE_MINUS = "\N{WHITE UP-POINTING TRIANGLE}"
NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"
UNKNOWN = "\N{EN DASH}"

_SYMBOLS: Mapping[str, str] = {"USD": "$", "JPY": "\N{YEN SIGN}", "EUR": "€", "GBP": "£"}
_JAPANESE_UNITS: Mapping[str, str] = {"JPY": "円", "USD": "ドル", "EUR": "ユーロ", "GBP": "ポンド"}
# ISO 4217 minor units that are not two.
_DECIMALS: Mapping[str, int] = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "KWD": 3, "BHD": 3}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH_NAMES = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_JAPANESE_WEEKDAYS = "月火水木金土日"
_ENGLISH_STEPS = ((Decimal(10**9), "B"), (Decimal(10**6), "M"), (Decimal(10**3), "K"))
_JAPANESE_STEPS = ((Decimal(10**8), "億"), (Decimal(10**4), "万"))
_SHORT_FROM = Decimal(10_000)
_SIGNIFICANT = 3
_UNIT_DECIMALS = 4
_LIKELY, _UNLIKELY = Decimal("0.95"), Decimal("0.05")


def decimals_of(currency: str) -> int:
    """Return how many decimals a currency is written with."""
    return _DECIMALS.get(currency, 2)


def round_half_up(value: Decimal, decimals: int) -> Decimal:
    """Round for display, half away from zero: what people expect and statements use."""
    return value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP, context=EXACT)


def money(value: Money, language: str, *, signed: bool = False) -> str:
    """Write an amount in full, with its currency: ¥1,600,000 or 1,600,000円."""
    rounded = round_half_up(value.amount, decimals_of(value.currency))
    return sign(rounded, language, signed=signed) + _with_currency(f"{abs(rounded):,f}", value.currency, language)


def money_short(value: Money, language: str, *, signed: bool = False) -> str:
    """Write an amount for prose and tiles: ¥1.2 M, ¥860 K; 120万円, 1.2億円. Below ten thousand in full."""
    if abs(value.amount) < _SHORT_FROM:
        return money(value, language, signed=signed)
    digits, step = _scaled(abs(value.amount), language)
    mark = sign(value.amount, language, signed=signed)
    if language == JAPANESE:
        return f"{mark}{digits}{step}{_JAPANESE_UNITS.get(value.currency, value.currency)}"
    return f"{mark}{_with_currency(digits, value.currency, language)}{NO_BREAK_SPACE}{step}"


def amount(value: Money, language: str, *, signed: bool = False) -> str:
    """Write an amount for a table cell: no symbol, the header names currency and unit."""
    rounded = round_half_up(value.amount, decimals_of(value.currency))
    return sign(rounded, language, signed=signed) + f"{abs(rounded):,f}"


def currency_label(currency: str, language: str) -> str:
    """Write a currency for a table's header: ¥ or 円."""
    if language == JAPANESE:
        return _JAPANESE_UNITS.get(currency, currency)
    return _SYMBOLS.get(currency, currency)


def unit_price(value: Money, language: str) -> str:
    """Write a price per million tokens with two to four decimals in any currency: $3.00, ¥457.71, $0.0125."""
    rounded = round_half_up(value.amount, _UNIT_DECIMALS)
    kept = len(f"{rounded.normalize(EXACT):f}".partition(".")[2])
    digits = _grouped(abs(rounded), max(2, kept))
    return sign(rounded, language, signed=False) + _with_currency(digits, value.currency, "en")


def exact_price(value: Money) -> str:
    """Write a price to its last digit, with two decimals at least: what somebody types is read back whole."""
    kept = len(f"{value.amount.normalize(EXACT):f}".partition(".")[2])
    return _with_currency(_grouped(value.amount, max(2, kept)), value.currency, "en")


def unit_amount(value: Money) -> str:
    """Write a price per million tokens for a table cell: always four decimals, so that the column lines up."""
    return _grouped(value.amount, _UNIT_DECIMALS)


def axis_labels(ticks: Sequence[Decimal], currency: str, language: str) -> list[str]:
    """Write the ticks of an axis alike: all in the step of the largest, none with idle decimals."""
    steps = _JAPANESE_STEPS if language == JAPANESE else _ENGLISH_STEPS
    largest = max(ticks)
    size, name = next(((size, name) for size, name in steps if _SHORT_FROM <= largest >= size), (Decimal(1), ""))
    scaled = [EXACT.divide(tick, size).normalize(EXACT) for tick in ticks]
    places = max(max(0, -int(number.as_tuple().exponent)) for number in scaled)
    return [
        _axis_label(f"{number:,.{places}f}", name, currency, language)
        if number
        else _axis_label("0", "", currency, language)
        for number in scaled
    ]


def count_axis_labels(ticks: Sequence[Decimal], language: str) -> list[str]:
    """Write the ticks of an axis of counts."""
    return [tokens_short(tick, language) for tick in ticks]


def percent(fraction: Decimal | None, language: str, *, signed: bool = False, share: bool = False) -> str:
    """Write a fraction in percent: one decimal under ten and for shares, else none."""
    if fraction is None:
        return UNKNOWN
    value = EXACT.multiply(fraction, Decimal(100))
    if value == 0:
        return _percent("0.0" if share else "0", language)
    decimals = 1 if share or abs(round_half_up(value, 1)) < 10 else 0  # noqa: PLR2004 - the rule itself
    rounded = round_half_up(abs(value), decimals)
    if rounded == 0:
        return "0.1%未満" if language == JAPANESE else f"<{_percent('0.1', language)}"
    return sign(value, language, signed=signed) + _percent(_grouped(rounded, decimals), language)


def change(new: Decimal | None, old: Decimal | None, language: str) -> str:
    """Write a relative change with its sign; from nothing it is new, not infinite."""
    if new is None or old is None:
        return UNKNOWN
    if old == 0:
        return percent(Decimal(0), language) if new == 0 else ("新規" if language == JAPANESE else "new")
    return percent(EXACT.divide(EXACT.subtract(new, old), abs(old)), language, signed=True)


def probability(value: Decimal, language: str) -> str:
    """Write a chance; near certainty is not told to the point, since no model knows it that well."""
    if value > _LIKELY:
        return "95%超" if language == JAPANESE else f"over {_percent('95', language)}"
    if value < _UNLIKELY:
        return "5%未満" if language == JAPANESE else f"under {_percent('5', language)}"
    return _percent(_grouped(EXACT.multiply(value, Decimal(100)), 0), language)


def tokens(count: int | Decimal | None) -> str:
    """Write a count exactly, grouped."""
    return UNKNOWN if count is None else _grouped(Decimal(count), 0)


def count(value: Decimal, language: str, *, signed: bool = False) -> str:
    """Write a count, whole, with a sign where it is a change."""
    rounded = round_half_up(value, 0)
    return sign(rounded, language, signed=signed) + f"{abs(rounded):,f}"


def sign(value: Decimal, language: str, *, signed: bool) -> str:
    """Write the sign of a number: a minus as accounts of the language have it, a plus only where asked for."""
    if value < 0:
        return JAPANESE_MINUS if language == JAPANESE else MINUS
    return "+" if signed and value > 0 else ""


def tokens_short(count: int | Decimal, language: str) -> str:
    """Write a count for prose: 12.3 M, 1,230万."""
    value = Decimal(count)
    if value < _SHORT_FROM:
        return tokens(value)
    digits, step = _scaled(value, language)
    return f"{digits}{step}" if language == JAPANESE else f"{digits}{NO_BREAK_SPACE}{step}"


def day(value: date, language: str) -> str:
    """Write a day without its year: 24 Nov, 11月24日."""
    if language == JAPANESE:
        return f"{value.month}月{value.day}日"
    return f"{value.day}{NO_BREAK_SPACE}{_MONTHS[value.month - 1]}"


def full_day(value: date, language: str) -> str:
    """Write a day with its year: 24 Nov 2026, 2026年11月24日(火)."""
    if language == JAPANESE:
        return f"{value.year}年{value.month}月{value.day}日({_JAPANESE_WEEKDAYS[value.weekday()]})"
    return f"{value.day}{NO_BREAK_SPACE}{_MONTHS[value.month - 1]}{NO_BREAK_SPACE}{value.year}"


def days(value: DateRange, language: str) -> str:
    """Write whole days: a month by its name, others by the first and the last of them."""
    first, last = value.start, value.end - DAY
    if value == Month.of(first).range:
        return month(Month.of(first), language)
    if language == JAPANESE:
        end = f"{last.month}月{last.day}日" if last.year == first.year else f"{last.year}年{last.month}月{last.day}日"
        start = f"{first.year}年{first.month}月{first.day}日"
        return start if first == last else f"{start}〜{end}"
    if first == last:
        return full_day(last, language)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{full_day(last, language)}"
    begin = day(first, language) if first.year == last.year else full_day(first, language)
    return f"{begin}\N{NO-BREAK SPACE}– {full_day(last, language)}"


def month(value: Month, language: str) -> str:
    """Write a month with its year: Nov 2026, 2026年11月."""
    if language == JAPANESE:
        return f"{value.year}年{value.month}月"
    return f"{_MONTHS[value.month - 1]}{NO_BREAK_SPACE}{value.year}"


def month_name(value: Month, language: str) -> str:
    """Write a month as prose names it when the year is plain: November, 11月."""
    return f"{value.month}月" if language == JAPANESE else _MONTH_NAMES[value.month - 1]


def moment(value: datetime, time_zone: str, language: str) -> str:
    """Write a time in a zone: 10 Nov 18:00 JST, 11月10日18:00 (日本時間)."""
    local = value.astimezone(ZoneInfo(time_zone))
    if language == JAPANESE and local.tzname() == "JST":
        return f"{day(local.date(), language)}{local:%H:%M} (日本時間)"
    gap = "" if language == JAPANESE else " "
    return f"{day(local.date(), language)}{gap}{local:%H:%M}{NO_BREAK_SPACE}{local.tzname()}"


def _scaled(value: Decimal, language: str) -> tuple[str, str]:
    """The number in the largest step that leaves at least 1, with three significant digits and no idle zeros."""
    steps = _JAPANESE_STEPS if language == JAPANESE else _ENGLISH_STEPS
    for size, name in steps:
        scaled = _significant(EXACT.divide(value, size))
        # 999,999 rounds up to 1.00 M and is then written so, instead of 1,000 K.
        if scaled >= 1:
            return f"{scaled:,f}", name
    raise AssertionError("numbers below the smallest step are written in full")


def _significant(value: Decimal) -> Decimal:
    exponent = value.adjusted() - _SIGNIFICANT + 1
    rounded = value.quantize(Decimal(1).scaleb(exponent), rounding=ROUND_HALF_UP, context=EXACT)
    return Decimal(f"{rounded.normalize(EXACT):f}")


def _axis_label(digits: str, step: str, currency: str, language: str) -> str:
    if language == JAPANESE and step:
        return f"{digits}{step}{_JAPANESE_UNITS.get(currency, currency)}"
    text = _with_currency(digits, currency, language)
    return f"{text}{NO_BREAK_SPACE}{step}" if step else text


def _grouped(value: Decimal, decimals: int) -> str:
    return f"{round_half_up(value, decimals):,f}"


def _percent(digits: str, language: str) -> str:
    return f"{digits}%" if language == JAPANESE else f"{digits}{NO_BREAK_SPACE}%"


def _with_currency(digits: str, currency: str, language: str) -> str:
    if language == JAPANESE and currency == "JPY":
        return f"{digits}円"
    symbol = _SYMBOLS.get(currency)
    return f"{symbol}{digits}" if symbol else f"{currency}{NO_BREAK_SPACE}{digits}"
