"""The demonstration raises exactly one alert, whatever day it is, and can be read as it grows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.freshness import Backfill
from billing.domain.periods import Month
from config.local import demonstration
from config.local.installation import Installation
from config.local.processes import StartRefused
from forecasting.domain.forecasts import PublishedForecast
from forecasting.domain.series import WHOLE_ORGANIZATION
from tests.cast import Cast

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
AMOUNTS = st.decimals(min_value=0, max_value=10**7, places=6)


def forecast(spent: Decimal, total: Decimal) -> PublishedForecast:
    return PublishedForecast(
        scope=WHOLE_ORGANIZATION,
        month=Month(2026, 11),
        made_at=NOW,
        data_until=NOW,
        method="seasonal_naive",
        calibrated=True,
        history_days=120,
        currency="USD",
        spent_to_date=spent,
        total=total,
        lo_50=total,
        hi_50=total,
        lo_80=total,
        hi_80=total,
        lo_95=total,
        hi_95=total,
        days=(),
    )


@given(spent=AMOUNTS, coming=AMOUNTS)
def test_the_budget_lies_between_what_is_spent_and_what_is_forecast(spent: Decimal, coming: Decimal) -> None:
    amount = demonstration.amount_below(forecast(spent, spent + coming))
    assert amount == amount.quantize(Decimal("0.01"))
    if coming > Decimal("0.1"):
        assert spent < amount < spent + coming


def test_the_budget_is_a_round_amount() -> None:
    assert demonstration.amount_below(forecast(Decimal("16561.25"), Decimal("20860.61"))) == Decimal(20000)


def test_progress_says_rate_and_time_left() -> None:
    found = Backfill(
        days_done=25,
        days_total=100,
        windows_left=9,
        windows_failed=0,
        days_per_second=5.0,
        waits_until=None,
        last_error="",
    )
    assert demonstration.line_of(found).endswith("25%, 5 days/s, about 15 s left")
    assert "left" not in demonstration.line_of(replace(found, days_done=100))


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_it_does_not_take_over_an_organization_that_is_not_its_own(
    fresh_installation: Installation, cast: Cast
) -> None:
    assert cast.acme.slug == demonstration.SLUG
    with pytest.raises(StartRefused, match="begin anew with `make reset`"):
        demonstration.seed(fresh_installation)
    assert not fresh_installation.demonstration_file.exists()
