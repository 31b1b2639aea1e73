"""The command `forecast`: one JSON object or a few lines, and a clear sentence where there is nothing to forecast."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command

from tests.cast import NOW, Cast, inside
from tests.factories.forecasting import make_data_until, make_spend

DAYS = 30


@pytest.fixture
def acme(cast: Cast) -> Cast:
    """24 dollars a day for thirty days, today's half of it."""
    with inside(cast.acme):
        make_data_until(NOW)
        noon = datetime(2026, 11, 10, 3, tzinfo=UTC)
        make_spend({noon - ahead * timedelta(days=1): 24 for ahead in range(DAYS)})
    return cast


def run(*arguments: str) -> str:
    out = StringIO()
    with time_machine.travel(NOW, tick=False):
        call_command("forecast", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.usefixtures("acme")
def test_json_holds_every_scope_with_exact_amounts() -> None:
    answer = json.loads(run("--organization", "acme", "--json"))

    whole = answer["forecasts"][0]
    assert answer["data_until"] == NOW.isoformat()
    assert answer["method"] == "median_of_five"
    assert [(one["scope"], one["key"]) for one in answer["forecasts"]] == [
        ("ORGANIZATION", ""),
        ("COST_CENTER", ""),
        ("COST_CENTER_OWN", ""),
        ("MODEL", "amazon.nova-pro"),
    ]
    assert (whole["month"], whole["currency"], whole["calibrated"]) == ("2026-11", "USD", False)
    assert Decimal(whole["spent_to_date"]) == 240
    assert Decimal(whole["total"]) == 240 + 6 + 480
    assert Decimal(whole["lo_95"]) <= Decimal(whole["lo_80"]) <= Decimal(whole["total"]) <= Decimal(whole["hi_80"])


@pytest.mark.usefixtures("acme")
def test_people_read_a_few_lines() -> None:
    lines = run("--organization", "acme").splitlines()

    assert lines[1:3] == ["method: median_of_five (TOO_LITTLE_HISTORY)", "scopes: 4"]
    assert lines[3].startswith("month 2026-11: 726.00 USD, 80 % between ")
    assert lines[3].endswith(", not yet calibrated; 240.00 spent to date")


@pytest.mark.usefixtures("cast")
def test_where_nothing_was_collected_the_command_says_so() -> None:
    with pytest.raises(CommandError, match="no spend has been collected yet"):
        run("--organization", "globex")
