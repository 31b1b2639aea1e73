"""Files of the Explore page: every row, exact in CSV, counting along in a workbook, harmless when opened."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.test import Client
from openpyxl import load_workbook

from billing.web.explore.exports import MARK, harmless
from tests.cast import Cast, inside
from tests.factories.accounts import make_cost_center
from tests.factories.billing import make_assignment, make_series, make_usage
from tests.journeys.story import DATA_UNTIL, NOW, tell_november

pytestmark = pytest.mark.django_db(databases=["default", "owner"])

EXPORT = "/o/acme/explore/export/"
ASKED = {"group_by": "cost_center,model", "sort": "name"}


@pytest.fixture
def ada(client: Client, cast: Cast) -> Iterator[Client]:
    with time_machine.travel(NOW, tick=False):
        tell_november(cast)
        client.force_login(cast.ada)
        yield client


def read_csv(answer: Any) -> list[dict[str, str]]:
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    text = b"".join(answer.streaming_content).decode()
    assert text.startswith(MARK)
    return list(csv.DictReader(io.StringIO(text.removeprefix(MARK), newline="")))


def read_workbook(answer: Any, **options: Any) -> Any:
    assert answer.status_code == 200
    return load_workbook(io.BytesIO(answer.content), **options)


def test_a_csv_has_every_row_with_raw_numbers_and_iso_days(ada: Client) -> None:
    rows = read_csv(ada.get(EXPORT, {**ASKED, "format": "csv"}))
    assert [(row["cost_center"], row["cost_center_name"], row["model"]) for row in rows] == [
        ("search", "Search", "claude-sonnet-4-5"),
        ("support", "Support", "claude-haiku-4-5"),
        ("support", "Support", "llama-3-3-70b"),
        ("", "", "nova-pro"),
        ("", "", ""),
    ]
    first = rows[0]
    assert (first["first_day"], first["last_day"], first["basis"], first["currency"]) == (
        "2026-11-01",
        "2026-11-10",
        "rated",
        "JPY",
    )
    assert first["time_zone"] == "Asia/Tokyo"
    assert Decimal(first["cost"]) - Decimal(first["before"]) == Decimal(first["change"])
    assert re.fullmatch(r"\d+\.\d+", first["cost"])


def test_the_file_names_what_it_holds(ada: Client) -> None:
    answer = ada.get(EXPORT, {**ASKED, "format": "csv"})
    assert answer["Content-Disposition"] == 'attachment; filename="acme-cost-2026-11-01-2026-11-10-rated.csv"'


def test_rows_of_other_pages_are_in_the_file_too(ada: Client, cast: Cast) -> None:
    with inside(cast.acme):
        for number in range(30):
            center = make_cost_center(code=f"team-{number:02}")
            series = make_series(aws_account_id=f"2222333344{number:02}")
            make_assignment(series, center.pk)
            make_usage(series, {DATA_UNTIL.replace(hour=1): 1_000_000 + number})
    assert len(read_csv(ada.get(EXPORT, {"format": "csv", "limit": "25"}))) == 33


def test_a_name_that_looks_like_a_formula_stays_a_text(ada: Client, cast: Cast) -> None:
    with inside(cast.acme):
        center = make_cost_center(code="=1+1", name='@SUM("x")')
        series = make_series(aws_account_id="222233334444")
        make_assignment(series, center.pk)
        make_usage(series, {DATA_UNTIL.replace(hour=1): 1_000_000})
    (row,) = read_csv(ada.get(EXPORT, {"format": "csv", "cost_center": "=1+1"}))
    assert (row["cost_center"], row["cost_center_name"]) == ("'=1+1", '\'@SUM("x")')
    book = read_workbook(ada.get(EXPORT, {"format": "xlsx", "cost_center": "=1+1"}))
    assert (book.worksheets[0]["A3"].value, book.worksheets[0]["A3"].data_type) == ('@SUM("x")', "s")
    assert (book.worksheets[0]["B3"].value, book.worksheets[0]["B3"].data_type) == ("=1+1", "s")


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\tx", "\rx"])
def test_what_a_program_would_run_is_quoted(text: str) -> None:
    assert harmless(text) == f"'{text}"
    assert harmless(f"a{text}") == f"a{text}"


def test_a_workbook_has_real_numbers_and_totals_that_count_along(ada: Client) -> None:
    answer = ada.get(EXPORT, {**ASKED, "format": "xlsx"})
    formulas = read_workbook(answer).worksheets[0]
    values = read_workbook(answer, data_only=True).worksheets[0]
    heads = [cell.value.replace("\N{NO-BREAK SPACE}", " ") for cell in formulas[1]]
    assert heads[:5] == ["Cost center", "Cost center, code", "Model", "Model, code", "1–10 Nov 2026, JPY"]
    assert formulas["E2"].value == "=SUM(E3:E7)"
    assert formulas["A2"].value == "Total"
    rows = [row[4].value for row in values.iter_rows(min_row=3)]
    assert all(isinstance(value, int | float) for value in rows)
    assert values["E2"].value == pytest.approx(sum(rows))
    assert values["H2"].value == pytest.approx(values["E2"].value / values["F2"].value - 1)
    assert formulas.freeze_panes == "B3"


def test_a_workbook_says_what_its_figures_are(ada: Client) -> None:
    asked = {**ASKED, "format": "xlsx", "exclude_model": "nova-pro", "period": "this_month"}
    sheet = read_workbook(ada.get(EXPORT, asked)).worksheets[1]
    told = [(name.value, text.value.replace("\N{NO-BREAK SPACE}", " ")) for name, text in sheet.iter_rows()]
    about = dict(told)
    assert sheet.title == "About"
    assert about["Basis"] == "Estimated cost"
    assert about["Filter"] == "exclude_model=nova-pro"
    assert about["Estimated until"] == "10 Nov 22:00 JST"
    assert about["Version"] == f"Yosan {settings.VERSION}"
    assert "http://testserver/o/acme/explore/?period=custom" in about["Address"]
    assert "from=2026-11-01&to=2026-11-10" in about["Address"]
    assert ("Exchange rate", "152.57 JPY/USD, the rate of 2026-11") in told


def test_a_question_with_a_fault_is_shown_on_its_page_instead(ada: Client) -> None:
    answer = ada.get(EXPORT, {"format": "csv", "group_by": "colour"})
    assert (answer.status_code, answer["Location"]) == (302, "/o/acme/explore/?group_by=colour")
    assert ada.get(EXPORT, {"format": "pdf"})["Location"] == "/o/acme/explore/?"


def test_a_workbook_speaks_the_readers_language_and_a_csv_that_of_programs(ada: Client, cast: Cast) -> None:
    cast.ada.language = "ja"
    cast.ada.save()
    rows = read_csv(ada.get(EXPORT, {"format": "csv"}))
    assert "cost_center" in rows[0]
    book = read_workbook(ada.get(EXPORT, {"format": "xlsx"}))
    assert book.worksheets[0]["A2"].value != ""


def test_tokens_are_exported_as_counts(ada: Client) -> None:
    rows = read_csv(ada.get(EXPORT, {"format": "csv", "measure": "tokens_input", "compare": "none", "group_by": ""}))
    (row,) = rows
    assert row["tokens_input"].isdigit()
    assert "currency" not in row
    assert "before" not in row


def test_another_organization_gets_no_file(client: Client, cast: Cast) -> None:
    client.force_login(cast.cleo)
    assert client.get(EXPORT, {"format": "csv"}).status_code == 404
