"""Files of bills: their formats, the states of an import, the periods it replaces, and why it or a row of it is refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import ClassVar

from accounts.domain.errors import CallerError, Conflict, Invalid, NotFound
from accounts.domain.text import gettext_noop

MEBIBYTE = 1024 * 1024
# A month of a large bill as Parquet; what is larger comes by way of S3, where it lies in parts.
FILE_BYTES = 1024 * MEBIBYTE
FILE_NAME_LENGTH = 255
SOURCE_NAME_LENGTH = 120
# What the page shows of rows that were left aside, and how much of each.
SHOWN = 100
RAW_LENGTH = 300
# An import that dies with its process is begun again by another; one that kills every process is given up.
ATTEMPTS = 3
LEASE = timedelta(minutes=2)
RESTATED_FOR = timedelta(days=14)
# What nobody fetched a row for any more; a file that is being received has no row yet.
ORPHANED_AFTER = timedelta(days=1)


class CostFormat(StrEnum):
    """What a file is written in; read by the presence of columns, so that later versions are read as well."""

    FOCUS = "FOCUS"
    CUR2 = "CUR2"


FORMAT_LABELS: Mapping[CostFormat, str] = {CostFormat.FOCUS: "FOCUS", CostFormat.CUR2: "CUR 2.0"}


class ImportOrigin(StrEnum):
    """How a file came."""

    UPLOAD = "UPLOAD"
    POST = "POST"
    S3 = "S3"


ORIGIN_LABELS: Mapping[ImportOrigin, str] = {
    ImportOrigin.UPLOAD: gettext_noop("Uploaded"),
    ImportOrigin.POST: gettext_noop("By the API"),
    ImportOrigin.S3: gettext_noop("From S3"),
}


class ImportState(StrEnum):
    """DUE: waits for a worker; STARTED: is being read; DONE: its periods stand; FAILED: nothing of it was kept.

    REMOVED: a person took it back.
    """

    DUE = "DUE"
    STARTED = "STARTED"
    DONE = "DONE"
    FAILED = "FAILED"
    REMOVED = "REMOVED"


STATE_LABELS: Mapping[ImportState, str] = {
    ImportState.DUE: gettext_noop("Waiting"),
    ImportState.STARTED: gettext_noop("Being read"),
    ImportState.DONE: gettext_noop("Imported"),
    ImportState.FAILED: gettext_noop("Failed"),
    ImportState.REMOVED: gettext_noop("Removed"),
}
OPEN_STATES = (ImportState.DUE, ImportState.STARTED)


class ImportFailure(StrEnum):
    """Why a whole file is refused; each has a sentence that says what to do."""

    UNREADABLE = "UNREADABLE"
    UNKNOWN_FORMAT = "UNKNOWN_FORMAT"
    COLUMNS_MISSING = "COLUMNS_MISSING"
    NO_ROWS = "NO_ROWS"
    TOO_LARGE = "TOO_LARGE"
    GAVE_UP = "GAVE_UP"
    NOT_FETCHED = "NOT_FETCHED"
    MONTH_CLOSED = "MONTH_CLOSED"


FAILURE_SENTENCES: Mapping[ImportFailure, str] = {
    ImportFailure.UNREADABLE: gettext_noop(
        "The file could not be read as Parquet or CSV: export it again, and upload it as it was delivered."
    ),
    ImportFailure.UNKNOWN_FORMAT: gettext_noop(
        "The columns are neither those of FOCUS nor those of CUR 2.0: choose one of the two when you export."
    ),
    ImportFailure.COLUMNS_MISSING: gettext_noop(
        "Columns that every bill needs are missing: export the file again with all of them."
    ),
    ImportFailure.NO_ROWS: gettext_noop("The file has no row that could be read, so nothing was replaced."),
    ImportFailure.TOO_LARGE: gettext_noop(
        "Reading the file took more memory or disk than this installation allows: export fewer months at once."
    ),
    ImportFailure.GAVE_UP: gettext_noop(
        "Reading the file was interrupted three times: upload it again, and tell your operator if that does not help."
    ),
    ImportFailure.NOT_FETCHED: gettext_noop("AWS did not let us read a file that its manifest names."),
    ImportFailure.MONTH_CLOSED: gettext_noop(
        "The file tells of a closed month, whose figures stay as they are: reopen the month, and import the file again."
    ),
}


class RejectedCostRow(StrEnum):
    """What is wrong with a row of a file."""

    MALFORMED = "MALFORMED"
    VALUE_MISSING = "VALUE_MISSING"
    NOT_A_NUMBER = "NOT_A_NUMBER"
    NOT_A_DATE = "NOT_A_DATE"
    NOT_A_CURRENCY = "NOT_A_CURRENCY"


REJECTED_LABELS: Mapping[RejectedCostRow, str] = {
    RejectedCostRow.MALFORMED: gettext_noop("The line has not as many values as there are columns."),
    RejectedCostRow.VALUE_MISSING: gettext_noop("A value that every row needs is missing."),
    RejectedCostRow.NOT_A_NUMBER: gettext_noop("An amount is not a number."),
    RejectedCostRow.NOT_A_DATE: gettext_noop("A date cannot be read, or lies outside the years 2015 to 2099."),
    RejectedCostRow.NOT_A_CURRENCY: gettext_noop("The currency is not three letters."),
}


class ImportNote(StrEnum):
    """What was done with a file that somebody might wonder about; nothing of it is lost."""

    REPLACED = "REPLACED"
    MOVED_INTO_PERIOD = "MOVED_INTO_PERIOD"
    CATEGORY_UNKNOWN = "CATEGORY_UNKNOWN"
    UNIT_UNPROVEN = "UNIT_UNPROVEN"
    CONNECTION_YIELDED = "CONNECTION_YIELDED"
    FILE_YIELDED = "FILE_YIELDED"
    OTHER_FILE_YIELDED = "OTHER_FILE_YIELDED"


class UnknownCostFormat(Exception):
    """The columns are those of no format that we read."""


class ColumnsMissing(Exception):
    """The format is known, but a column that every bill needs is not there."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(names)
        super().__init__(", ".join(self.names))


class CostImportNotFound(NotFound):
    """There is no import with this number."""

    code: ClassVar[str] = "cost_import_not_found"
    message: ClassVar[str] = gettext_noop("There is no such import.")


class CostFileEmpty(Invalid):
    """Nothing was sent."""

    code: ClassVar[str] = "cost_file_empty"
    message: ClassVar[str] = gettext_noop("The file is empty.")


class CostFileTooLarge(Invalid):
    """More was sent than is taken at once."""

    code: ClassVar[str] = "cost_file_too_large"
    message: ClassVar[str] = gettext_noop(
        "The file is larger than %(mebibytes)s MiB: export fewer months at once, or let it be read from S3."
    )


class SourceNameMissing(Invalid):
    """A source needs a name to be told from others."""

    code: ClassVar[str] = "source_name_missing"
    message: ClassVar[str] = gettext_noop("Name the source with 1 to 120 characters.")


class ImportUnderWay(Conflict):
    """The import is being read right now."""

    code: ClassVar[str] = "import_under_way"
    message: ClassVar[str] = gettext_noop("The file is being read right now: try again when that is done.")


class FilesNotKept(CallerError):
    """The folder for files cannot be written to."""

    code: ClassVar[str] = "files_not_kept"
    message: ClassVar[str] = gettext_noop("This installation cannot keep files at the moment: tell its operator.")


@dataclass(frozen=True, slots=True, order=True)
class BilledPeriod:
    """The days that one invoice is about: from, and up to but not including."""

    start: date
    end: date

    def day_within(self, day: date) -> date:
        """Return the day on which a charge of this period counts.

        A charge of another month that is billed now (a late correction) counts on the first day, so that the days of a
        period add up to its invoice and a period can be replaced as a whole.
        """
        return day if self.start <= day < self.end else self.start


def merged_periods(told: Iterable[BilledPeriod]) -> tuple[BilledPeriod, ...]:
    """Return periods that do not overlap: what overlaps (an end that is told otherwise) becomes one."""
    merged: list[BilledPeriod] = []
    for period in sorted(told):
        if merged and period.start < merged[-1].end:
            merged[-1] = BilledPeriod(merged[-1].start, max(merged[-1].end, period.end))
        else:
            merged.append(period)
    return tuple(merged)


def complete_until(period: BilledPeriod, *, last_day: date, now: datetime) -> date:
    """Return up to which day a file can be taken to tell a period in full.

    While a period goes on, the newest day of a file may have been cut off anywhere.
    """
    return period.end if now.date() > period.end else min(last_day, period.end)


def is_final(period: BilledPeriod, *, has_invoice: bool, now: datetime) -> bool:
    """Return whether a period's figures stand: it is invoiced, or has been over for as long as providers restate one.

    AWS may change a period in the first two weeks after its end (Data Exports user guide, data refresh).
    """
    is_over = now.date() >= period.end
    return is_over and (has_invoice or now.date() >= period.end + RESTATED_FOR)


def progress_percent(*, survey: float, stored: float) -> int:
    """Return how far an import is: looking through the file is half of it, reading it for good the other half."""
    return round(min(max(survey, 0.0), 100.0) * 0.5 + min(max(stored, 0.0), 100.0) * 0.5)
