"""The Explore page: two stretches of time side by side, in the address, and the same as the API says."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from django.test import Client

from accounts.domain.roles import Permission
from accounts.operations.api_keys import issue_api_key
from accounts.queries.organizations import get_organization
from billing.domain.explore import read_exploration
from billing.queries.explore import explore
from tests.cast import Cast, inside
from tests.factories.accounts import make_cost_center
from tests.factories.billing import make_assignment, make_billed, make_connection, make_series, make_usage
from tests.journeys.story import DATA_UNTIL, NOW, tell_november

pytestmark = pytest.mark.django_db(databases=["default", "owner"])

PAGE = "/o/acme/explore/"
OCTOBER = {"period": "last_month", "group_by": "cost_center,model"}


@pytest.fixture
def ada(client: Client, cast: Cast) -> Iterator[Client]:
    with time_machine.travel(NOW, tick=False):
        tell_november(cast)
        client.force_login(cast.ada)
        yield client


def text_of(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status
    return html.unescape(answer.content.decode()).replace("\N{NO-BREAK SPACE}", " ")


def table_of(text: str) -> list[list[str]]:
    """The cells of the table of figures, row by row."""
    body = text.split('class="table explore-table"')[1].split("</table>", maxsplit=1)[0].split("<tbody>")[1]
    rows = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in body.split("</tr>")]
    return [[re.sub(r"<[^>]+>| <span.*", "", cell).strip() for cell in row] for row in rows if row]


def test_the_first_answer_holds_the_finding_and_the_total(ada: Client) -> None:
    text = text_of(ada.get(PAGE))
    finding = re.sub(r"\s+", " ", text.split('class="finding">')[1].split("</p>")[0])
    assert "Search is 61 % of November so far." in finding
    assert "The total is ¥2.4 M, +¥396 K (+20 %) against 1–10 Oct 2026." in finding
    assert "Most of the change is Search: +¥281 K." in finding
    assert table_of(text)[0] == ["Total of all 3 rows", "2,401,711", "2,005,700", "+396,012", "+20 %", "100.0 %"]
    assert "Data until 10 Nov 22:00 JST" in text


def test_two_dimensions_are_lines_with_their_parts(ada: Client) -> None:
    rows = table_of(text_of(ada.get(PAGE, OCTOBER)))
    assert [row[0] for row in rows] == [
        "Total of all 4 rows",
        "Search",
        "Claude Sonnet 4.5",
        "Support",
        "Claude Haiku 4.5",
        "Llama 3.3 70B Instruct",
        "Unassigned",
        "Nova Pro",
    ]


@pytest.mark.usefixtures("ada")
def test_a_total_is_the_sum_of_its_rows_to_the_last_digit(cast: Cast) -> None:
    question = read_exploration({"period": "last_90_days", "group_by": "model,token_class"}).exploration
    with inside(cast.acme):
        explored = explore(question, organization=get_organization(cast.acme.id), now=NOW)
        whole = explore(
            read_exploration({"period": "last_90_days", "group_by": ""}).exploration,
            organization=get_organization(cast.acme.id),
            now=NOW,
        )
    assert explored.rates.currency == "USD"  # no rate is entered for August
    assert sum(part.now for part in explored.parts) == whole.parts[0].now
    for part in whole.chart:
        assert sum(part.values.values()) == whole.parts[0].now


def test_the_page_and_its_api_button_say_the_same(ada: Client, cast: Cast) -> None:
    asked = {**OCTOBER, "exclude_cost_center": "~none", "currency": "usd", "columns": "before"}
    text = text_of(ada.get(PAGE, asked))
    with inside(cast.acme):
        issued = issue_api_key(
            actor=cast.ada_acts,
            issuer=[Permission.VIEW_SPEND],
            name="A program",
            scopes=[Permission.VIEW_SPEND],
            expires_at=None,
            now=NOW,
        )
    urls = re.findall(r'"(http://testserver/api/v1/spend/[^"]+)"', text)
    assert len(urls) == 2
    shown = [row for row in table_of(text)[1:] if row[0] not in ("Search", "Support")]
    for index, url in enumerate(urls, start=1):
        place = urlsplit(url)
        answer = Client().get(f"{place.path}?{place.query}", headers={"authorization": f"Bearer {issued.text}"})
        assert answer.status_code == 200, answer.content
        rows = answer.json()["rows"]
        told = sorted(f"{Decimal(row['cost']):,.2f}" for row in rows)
        assert told == sorted(row[index] for row in shown)


def test_rows_are_sorted_by_any_column_of_the_address(ada: Client) -> None:
    text = text_of(ada.get(PAGE, {"sort": "name"}))
    assert [row[0] for row in table_of(text)[1:]] == ["Search", "Support", "Unassigned"]
    assert text.count('aria-sort="ascending"') == 1
    smallest = text_of(ada.get(PAGE, {"sort": "change"}))
    assert [row[0] for row in table_of(smallest)[1:]] == ["Unassigned", "Support", "Search"]


def test_a_filter_of_a_form_becomes_an_address(ada: Client) -> None:
    sent = {"group_by": "model", "dimension": "cost_center", "how": "is_not", "value": ["~none", "search"]}
    answer = ada.get(PAGE, sent)
    assert (answer.status_code, answer["Location"]) == (
        302,
        f"{PAGE}?group_by=model&exclude_cost_center=~none,search",
    )
    text = text_of(ada.get(answer["Location"]))
    assert "Cost center is not Unassigned, Search" in text
    assert sorted(row[0] for row in table_of(text)[1:]) == ["Claude Haiku 4.5", "Llama 3.3 70B Instruct"]


def test_every_name_in_a_row_leads_into_it(ada: Client) -> None:
    text = text_of(ada.get(PAGE, OCTOBER))
    link = re.search(r'<a href="([^"]+)">Search</a>', text)
    assert link is not None
    inner = text_of(ada.get(link[1]))
    assert [row[0] for row in table_of(inner)] == ["Total of all 1 rows", "Claude Sonnet 4.5"]


@pytest.mark.parametrize(
    ("asked", "name", "sentence"),
    [
        ({"period": "yesterday"}, "period", "yesterday is not one of"),
        ({"from": "2026-13-01", "to": "2026-10-01"}, "from", "is not a date such as 2026-10-01"),
        ({"from": "2026-10-02", "to": "2026-10-01"}, "to", "must not come before"),
        ({"from": "2016-10-02", "to": "2026-10-01"}, "to", "at most 1100 days"),
        ({"group_by": "model,model"}, "group_by", "one or two different"),
        ({"basis": "rated", "group_by": "heading"}, "group_by", "The rated basis has no heading"),
        ({"basis": "billed", "group_by": "service", "measure": "tokens_input"}, "measure", "cost only"),
        ({"group_by": "token_class", "measure": "invocations"}, "measure", "Only cost can be grouped"),
        ({"sort": "-colour"}, "sort", "colour is not one of"),
        ({"colour": "red"}, "colour", "There is no such parameter"),
        ({"model": "m" * 300}, "model", "at most 255 characters"),
    ],
)
def test_what_cannot_be_is_named_and_the_rest_is_answered(
    ada: Client, asked: dict[str, str], name: str, sentence: str
) -> None:
    text = text_of(ada.get(PAGE, {"exclude_cost_center": "growth", **asked}), 422)
    assert f"<code>{name}</code>" in text
    assert sentence in text
    assert "Cost center is not growth" in text
    assert 'class="total"' in text


def test_a_value_that_is_gone_is_said_to_be_gone(ada: Client) -> None:
    text = text_of(ada.get(PAGE, {"cost_center": "growth"}))
    assert "Cost center growth does not exist, or no longer: no row can match it." in text
    assert "No rows match 1 filter." in text


def test_the_bill_is_in_utc_days_and_labelled(ada: Client) -> None:
    text = text_of(ada.get(PAGE, {"basis": "billed", "group_by": "service", "compare": "none"}))
    assert "UTC days, as AWS bills" in text
    assert "Billed cost in ¥" in text
    assert '<span class="badge badge-solid">Billed</span>' in text


def test_another_currency_of_the_bill_is_never_added(ada: Client, cast: Cast) -> None:
    with inside(cast.acme):
        connection = make_connection(aws_account_id="999988887777")
        make_billed(connection, {DATA_UNTIL.date(): "12.5"}, currency="EUR", aws_account_id="999988887777")
    text = text_of(ada.get(PAGE, {"basis": "billed", "group_by": "service"}))
    assert "€12.50 of the bill is in another currency" in text


def test_without_a_rate_amounts_are_dollars_and_the_page_says_so(ada: Client) -> None:
    text = text_of(ada.get(PAGE, {"from": "2026-09-01", "to": "2026-09-30", "compare": "none"}))
    assert "All amounts are in US dollars: there is no JPY exchange rate for Sep 2026 or earlier." in text
    assert "Estimated cost in $" in text


def test_units_and_measures_change_the_figures_and_their_heads(ada: Client) -> None:
    thousand = text_of(ada.get(PAGE, {"unit": "thousand"}))
    assert table_of(thousand)[0][1] == "2,402"
    assert "¥ thousand" in thousand
    tokens = text_of(ada.get(PAGE, {"measure": "tokens_input"}))
    assert "Input tokens</h2>" in tokens
    assert int(table_of(tokens)[0][1].replace(",", "")) > 1_000_000


def test_unpriced_tokens_and_what_is_unassigned_have_their_own_lines(ada: Client, cast: Cast) -> None:
    with inside(cast.acme):
        unknown = make_series(model_id="", aws_region="eu-west-1")
        make_usage(unknown, {DATA_UNTIL.replace(hour=1): 41_200})
    line = r'without a cost center; in the total</span></span><span class="tabular">'
    text = text_of(ada.get(PAGE, {"group_by": "model", "aws_region": "eu-west-1"}))
    assert "41,200 tokens" in text
    assert re.search(line + "¥0<", text)
    assert re.search(line + r"¥[\d,]+ · 8.1 %", text_of(ada.get(PAGE, {"group_by": "model"})))


def test_groups_are_paged_and_the_total_is_over_all_of_them(ada: Client, cast: Cast) -> None:
    with inside(cast.acme):
        for number in range(30):
            center = make_cost_center(code=f"team-{number:02}")
            series = make_series(aws_account_id=f"2222333344{number:02}")
            make_assignment(series, center.pk)
            make_usage(series, {DATA_UNTIL.replace(hour=1): 1_000_000 + number})
    first = text_of(ada.get(PAGE, {"sort": "name"}))
    assert "1–25 of 33 groups" in first
    assert len(table_of(first)) == 26
    link = re.search(r'rel="next" href="([^"]+)"', first)
    assert link is not None
    second = text_of(ada.get(link[1]))
    assert "26–33 of 33 groups" in second
    assert table_of(first)[0] == table_of(second)[0]
    assert len({row[0] for row in table_of(first)[1:] + table_of(second)[1:]}) == 33
    assert 'rel="prev"' in second


def test_htmx_gets_the_answer_and_the_controls_alone(ada: Client) -> None:
    answer = ada.get(PAGE, OCTOBER, headers={"HX-Request": "true"})
    text = text_of(answer)
    assert "<html" not in text
    assert 'hx-swap-oob="innerHTML"' in text
    assert answer["HX-Push-Url"] == f"{PAGE}?period=last_month&group_by=cost_center,model"
    assert "HX-Request" in answer["Vary"]


def test_an_organization_without_data_is_told_how_to_begin(client: Client, cast: Cast) -> None:
    client.force_login(cast.cleo)
    text = text_of(client.get("/o/globex/explore/"))
    assert "No spend yet." in text
    assert "Connect AWS" in text
