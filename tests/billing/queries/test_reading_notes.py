"""What a reading noted is shown until a later reading of the same window has nothing to note."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from billing.domain.parsing.cloudwatch import Remark
from billing.domain.reading_notes import NOTE_SENTENCES, note_sentence
from billing.domain.tiers import TierDoubt
from billing.domain.usage_types import BillRemark
from billing.models import AwsConnection, CollectionRun, CollectionWindow
from billing.queries.reading_notes import SHOWN, list_reading_notes
from tests.cast import Cast, inside
from tests.factories.billing import make_connection, make_window

pytestmark = pytest.mark.django_db(databases=["default"])

NOW = datetime(2026, 11, 17, 12, tzinfo=UTC)
DAY = timedelta(days=1)
STRANGE = {"reason": "UNKNOWN_DIMENSIONS", "raw": "AWS/Bedrock ModelId + Something"}
TOO_MUCH = {"reason": "TIERS_EXCEED_TOTAL", "raw": "qwen.qwen3-32b-v1:0 input: 170 by tier, 110 in all, 2 h"}


def note(window: CollectionWindow, attempt: int, *notes: dict[str, str], outcome: str = "STORED") -> None:
    CollectionRun.objects.create(
        window=window,
        attempt=attempt,
        started_at=NOW,
        finished_at=NOW + attempt * timedelta(minutes=1),
        outcome=outcome,
        notes=list(notes),
    )


def raws(connection: AwsConnection) -> list[tuple[str, str]]:
    return [(found.aws_region, found.raw) for found in list_reading_notes(connection.pk)]


def test_each_thing_is_told_once_and_the_newest_first(cast: Cast) -> None:
    with inside(cast.acme):
        connection = make_connection()
        yesterday, today = (make_window(connection, start=NOW.replace(hour=0) - back * DAY) for back in (1, 0))
        note(yesterday, 1, STRANGE, TOO_MUCH)
        note(today, 2, STRANGE)
        assert raws(connection) == [("us-east-1", STRANGE["raw"]), ("us-east-1", TOO_MUCH["raw"])]
        # A reading that failed says nothing; one that had nothing to note ends it.
        note(yesterday, 3, outcome="THROTTLED")
        assert len(raws(connection)) == 2
        note(yesterday, 4)
        assert raws(connection) == [("us-east-1", STRANGE["raw"])]
        assert list_reading_notes(connection.pk + 1) == ()


def test_the_list_has_an_end(cast: Cast) -> None:
    with inside(cast.acme):
        connection = make_connection()
        note(make_window(connection, start=NOW.replace(hour=0)), 1, *({**STRANGE, "raw": str(at)} for at in range(30)))
        assert len(raws(connection)) == SHOWN


def test_every_note_has_a_sentence_and_an_unknown_one_is_told_as_it_is() -> None:
    assert set(NOTE_SENTENCES) == {*Remark, *TierDoubt, *BillRemark}
    assert note_sentence("FROM_THE_FUTURE") == "FROM_THE_FUTURE"


def test_the_connection_shows_what_was_noted_and_nothing_when_nothing_was(client: Client, cast: Cast) -> None:
    client.force_login(cast.ada)
    with inside(cast.acme):
        connection = make_connection()
        window = make_window(connection, start=NOW.replace(hour=0))
    page = f"/o/acme/connections/{connection.pk}/"
    assert "Noted while reading" not in client.get(page).content.decode()
    with inside(cast.acme):
        note(window, 1, TOO_MUCH)
    text = client.get(page).content.decode()
    assert "Noted while reading" in text
    assert NOTE_SENTENCES["TIERS_EXCEED_TOTAL"] in text
    assert TOO_MUCH["raw"] in text
