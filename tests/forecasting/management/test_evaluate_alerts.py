"""`manage.py evaluate_alerts`: the same as the worker's, in the foreground."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.management import CommandError, call_command

from tests.cast import NOW, Cast, inside
from tests.factories.forecasting import make_alert_rule, make_budget, make_channel, make_data_until, make_spend

pytestmark = pytest.mark.django_db(databases=["default"])


def run(*arguments: str) -> str:
    out = StringIO()
    with time_machine.travel(NOW, tick=False):
        call_command("evaluate_alerts", "--organization", "acme", *arguments, stdout=out)
    return out.getvalue()


def as_json() -> dict[str, Any]:
    result: dict[str, Any] = json.loads(run("--json"))
    return result


def test_it_raises_sends_and_says_so_once(cast: Cast) -> None:
    with inside(cast.acme):
        make_data_until(NOW - timedelta(hours=1))
        make_spend({NOW - timedelta(hours=5): 850})
        budget = make_budget()
        make_alert_rule(budget, make_channel(), percent=80)
    key = f"{budget.pk}/80/ACTUAL/2026-11-01"

    assert as_json() == {
        "budgets": 1,
        "crossed": [key],
        "raised": [key],
        "sent": 1,
        "retried_later": 0,
        "failed": 0,
        "data_until": "2026-11-10T08:00:00+00:00",
    }
    again = as_json()
    assert (again["crossed"], again["raised"], again["sent"]) == ([key], [], 0)
    assert len(mail.outbox) == 1


@pytest.mark.usefixtures("cast")
def test_people_get_lines() -> None:
    lines = run().splitlines()

    assert lines[:3] == ["budgets: 0", "crossed: none", "raised: none"]


@pytest.mark.usefixtures("cast")
def test_an_unknown_organization_is_named() -> None:
    with pytest.raises(CommandError, match="There is no organization 'nobody'"):
        call_command("evaluate_alerts", "--organization", "nobody")
