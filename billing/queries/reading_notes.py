"""What the readings of a connection noted, as far as it still holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef

from billing.domain.reading_notes import note_sentence
from billing.models import CollectionRun

STORED = "STORED"
SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingNote:
    """One thing that a reading noted: what it means, what exactly was told, where and when last."""

    aws_region: str
    reason: str
    raw: str
    read_at: datetime

    @property
    def sentence(self) -> str:
        """What it means, in words."""
        return note_sentence(self.reason)


def list_reading_notes(connection_id: int) -> tuple[ReadingNote, ...]:
    """Return what the last reading of each window noted, each thing once, the newest first and at most twenty."""
    stored = CollectionRun.objects.filter(outcome=STORED)
    # A window that was read again without a note has nothing to tell any more.
    later = stored.filter(window_id=OuterRef("window_id"), attempt__gt=OuterRef("attempt"))
    last = stored.filter(window__connection_id=connection_id).exclude(notes=[]).exclude(Exists(later))
    found: dict[tuple[str, str, str], ReadingNote] = {}
    for aws_region, finished_at, notes in last.order_by("-finished_at", "-id").values_list(
        "window__aws_region", "finished_at", "notes"
    ):
        for note in notes:
            key = (aws_region, note["reason"], note["raw"])
            made = ReadingNote(aws_region=aws_region, reason=note["reason"], raw=note["raw"], read_at=finished_at)
            found.setdefault(key, made)
    return tuple(found.values())[:SHOWN]
