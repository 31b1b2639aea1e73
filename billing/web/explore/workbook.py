"""The workbook of an exploration: real numbers, totals that count along, and a sheet that says what they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from io import BytesIO
from typing import Any

import xlsxwriter
from django.utils.translation import gettext
from xlsxwriter.utility import xl_col_to_name

from billing.domain import figures
from billing.domain.comparisons import Line
from billing.domain.dimensions import Basis, Dimension
from billing.domain.explore import Measure
from billing.domain.money import add_up
from billing.queries.explore import Explored
from billing.web.explore.words import Words, language

# The head is the first row and the total the second, as on the page.
FIRST_ROW = 2
NAMED = (Dimension.COST_CENTER, Dimension.MODEL)
WIDTH_OF_TEXT, WIDTH_OF_NUMBER, WIDTH_OF_ABOUT = 28, 16, 90
OPTIONS = {
    # Rows go to disk as they come; texts are texts, whatever they begin with.
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Workbook:
    """What a workbook is written from."""

    explored: Explored
    words: Words
    lines: Sequence[Line]
    about: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of the sheet: text of each line, or its number, whose total is a formula with the value that it has now."""

    head: str
    values: Sequence[str | Decimal | None]
    style: str
    # How the total is made: added up, derived from the columns beside it, or not at all.
    formula: str = ""
    total: Decimal | None = None


def write_workbook(target: BytesIO, book: Workbook) -> None:
    """Write the workbook into a file that is open for writing."""
    workbook = xlsxwriter.Workbook(target, OPTIONS)
    money = "#,##0" if not book.words.is_money else _money_format(book.words.currency)
    styles = {
        "head": workbook.add_format({"bold": True, "text_wrap": True, "bottom": 1, "valign": "top"}),
        "text": workbook.add_format({}),
        "number": workbook.add_format({"num_format": money}),
        "percent": workbook.add_format({"num_format": "0.0%"}),
        "text total": workbook.add_format({"bold": True}),
        "number total": workbook.add_format({"bold": True, "num_format": money}),
        "percent total": workbook.add_format({"bold": True, "num_format": "0.0%"}),
    }
    _write_rows(workbook.add_worksheet(gettext("Explore")), book, styles)
    _write_about(workbook.add_worksheet(gettext("About")), book, styles)
    workbook.close()


def _write_rows(sheet: Any, book: Workbook, styles: dict[str, Any]) -> None:
    columns = list(_columns(book))
    sheet.freeze_panes(FIRST_ROW, 1)
    for index, column in enumerate(columns):
        sheet.set_column(index, index, WIDTH_OF_TEXT if column.style == "text" else WIDTH_OF_NUMBER)
    for index, column in enumerate(columns):
        sheet.write_string(0, index, column.head, styles["head"])
    for index, column in enumerate(columns):
        style = styles[f"{column.style} total"]
        if column.formula:
            sheet.write_formula(
                1, index, column.formula, style, float(column.total) if column.total is not None else ""
            )
        elif index == 0:
            sheet.write_string(1, index, gettext("Total"), style)
    for place in range(len(book.lines)):
        for index, column in enumerate(columns):
            _write_cell(sheet, (place + FIRST_ROW, index), column.values[place], styles[column.style])


def _write_cell(sheet: Any, place: tuple[int, int], value: str | Decimal | None, style: Any) -> None:
    if isinstance(value, str):
        sheet.write_string(*place, value, style)
    elif value is not None:
        # A workbook knows floating numbers only: fifteen digits.
        sheet.write_number(*place, float(value), style)


def _columns(book: Workbook) -> Iterator[Column]:
    asked, stretch, words, lines = book.explored.exploration, book.explored.stretch, book.words, book.lines
    index = 0
    for depth, dimension in enumerate(asked.group_by or ()):
        yield Column(
            head=words.dimension(dimension), values=[words.key(depth, line.key[depth]) for line in lines], style="text"
        )
        index += 1
        if dimension in NAMED:
            head = gettext("%(dimension)s, code") % {"dimension": words.dimension(dimension)}
            yield Column(head=head, values=[line.key[depth] or "" for line in lines], style="text")
            index += 1
    if not asked.group_by:
        yield Column(head=gettext("All"), values=[gettext("All") for _ in lines], style="text")
        index += 1
    unit = words.currency if words.is_money else words.unit
    now = add_up(line.now for line in lines)
    head = gettext("%(period)s, %(unit)s")
    yield _summed(
        head % {"period": figures.days(stretch.days, language()), "unit": unit}, index, [line.now for line in lines]
    )
    here, index = index, index + 1
    if stretch.days_before:
        before = [line.before for line in lines]
        yield _summed(head % {"period": figures.days(stretch.days_before, language()), "unit": unit}, index, before)
        total_before = add_up(value for value in before if value is not None)
        change = gettext("Change, %(unit)s") % {"unit": unit}
        yield _summed(change, index + 1, [line.change for line in lines])
        yield Column(
            head=gettext("Relative change"),
            values=[line.change_percent for line in lines],
            style="percent",
            formula=f'=IF({_cell(index)}=0,"",{_cell(index + 1)}/{_cell(index)})',
            total=(now - total_before) / abs(total_before) if total_before else None,
        )
        index += 3
    yield Column(
        head=gettext("Share"),
        values=[line.share for line in lines],
        style="percent",
        formula=f'=IF({_cell(here)}=0,"",1)',
        total=Decimal(1) if now else None,
    )
    if asked.basis is Basis.RATED and asked.measure is Measure.COST:
        unpriced: list[Decimal | None] = [Decimal(line.unpriced) for line in lines]
        yield _summed(gettext("Tokens without a price"), index + 1, unpriced)


def _summed(head: str, index: int, values: Sequence[Decimal | None]) -> Column:
    letter = xl_col_to_name(index)
    last = FIRST_ROW + max(1, len(values))
    return Column(
        head=head,
        values=values,
        style="number",
        formula=f"=SUM({letter}{FIRST_ROW + 1}:{letter}{last})",
        total=add_up(value for value in values if value is not None),
    )


def _cell(index: int) -> str:
    """The cell of a column's total."""
    return f"{xl_col_to_name(index)}{FIRST_ROW}"


def _money_format(currency: str) -> str:
    decimals = figures.decimals_of(currency)
    return "#,##0" + (f".{'0' * decimals}" if decimals else "")


def _write_about(sheet: Any, book: Workbook, styles: dict[str, Any]) -> None:
    sheet.set_column(0, 0, WIDTH_OF_TEXT)
    sheet.set_column(1, 1, WIDTH_OF_ABOUT)
    for row, (name, text) in enumerate(book.about):
        sheet.write_string(row, 0, name, styles["text total"])
        sheet.write_string(row, 1, text, styles["text"])
