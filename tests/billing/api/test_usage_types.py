"""Usage types over REST: how each was read, and what its unit rests on."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from tests.billing.api.conftest import Api
from tests.cast import NOW, Cast, inside
from tests.factories.bills import make_read_bill

pytestmark = pytest.mark.django_db


@time_machine.travel(NOW, tick=False)
def test_usage_types_are_listed_with_their_reading_and_filtered(api: Api, globex_api: Api, cast: Cast) -> None:
    with inside(cast.acme):
        make_read_bill(NOW.date() - timedelta(days=2), NOW)

    states = {row["usage_type"]: (row["state"], row["unit_proof"]) for row in api.rows("usage-types/")}
    (sonnet,) = [row for row in api.rows("usage-types/", state="READ", heading="TOKENS") if "MP:" in row["usage_type"]]
    first = api.get("usage-types/", limit=3).json()
    second = api.get("usage-types/", limit=3, after=first["next"]).json()

    assert states == {
        "USE1-MP:USE1_OutputTokenCount_Global-Units": ("READ", "PROVED"),
        "USE1-NovaPro-input-tokens": ("READ", "PROVED"),
        "USE1-NovaPro-output-tokens": ("CONTRADICTED", "CONTRADICTED"),
        "USE1-Zephyr3.1Ultra-input-tokens": ("UNRECOGNIZED", "UNPROVED"),
        "USE1-Guardrail-ContentPolicyUnitsConsumed": ("READ", ""),
    }
    assert (sonnet["model"], sonnet["routing"], sonnet["tokens_per_unit"]) == ("claude-sonnet-4-5", "GLOBAL", 1_000_000)
    assert (sonnet["cost"], sonnet["quantity"], sonnet["rate_per_million"]) == ("45", "3", "15")
    assert first["rows"] + second["rows"] == api.rows("usage-types/")
    assert api.refusal("usage-types/", state="odd") == ("invalid_choice", "state")
    assert globex_api.rows("usage-types/") == []
