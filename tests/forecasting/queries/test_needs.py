"""What waits for somebody on the first page."""

from __future__ import annotations

from datetime import timedelta

import pytest

from forecasting.domain.dashboard import NeedKind
from forecasting.queries.needs import list_needs
from tests.cast import NOW, Cast, inside
from tests.factories.bills import make_read_bill

pytestmark = pytest.mark.django_db


def test_usage_types_that_are_not_recognised_wait_for_somebody(cast: Cast) -> None:
    with inside(cast.acme):
        before = list_needs([], [], 0)
        make_read_bill(NOW.date() - timedelta(days=2), NOW)
        after = list_needs([], [], 0)

    assert before == ()
    assert [(need.kind, need.usage_types) for need in after] == [(NeedKind.UNREAD, 1)]
