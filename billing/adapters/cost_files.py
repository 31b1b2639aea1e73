"""Reads cost files of any size with DuckDB, in bounded memory: rows are added up there, and only sums come out."""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillRunning
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple, Self

import duckdb

from billing.adapters.cost_file_sql import (
    FACTS,
    GROUPED,
    PLACES,
    SURVEY,
    as_literal,
    described,
    from_csv,
    staged,
    told_view,
)
from billing.domain.parsing.lines import FileLayout, Offering

# Of the process that reads, DuckDB may have this much; what is more goes to files beside the one that is read.
MEMORY = "512MB"
DISK = "50GB"
THREADS = 2
TICK_SECONDS = 1.0
FETCHED_AT_ONCE = 20_000
# A file that words its lines in more ways than this is none that we can keep an overview of.
OFFERINGS = 300_000
REJECTS_KEPT = 10_000
HEADER_LENGTH = 256 * 1024
PARQUET, GZIP = b"PAR1", b"\x1f\x8b"
# DuckDB names the place of a file on this machine, which is nobody's business.
OUR_PATH = re.compile(r"""(?<!\w)["']?/[\w./-]+["']?""")

Tick = Callable[[float], None]


class CostFileUnreadable(Exception):
    """The file is not what it seems to be."""


class CostFileTooLarge(Exception):
    """Reading took more memory or disk than there is."""


class Surveyed(NamedTuple):
    """The lines of one offering on one invoice: how many, and what they add up to."""

    key: int
    offering: Offering
    period_start: date
    period_end: date
    invoice: str
    issuer: str
    rows: int
    last_day: date
    billed: Decimal
    list_cost: Decimal
    quantity: Decimal
    moved: int


class Place(NamedTuple):
    """Where lines of an offering belong: what, beside the offering, makes them one line of ours."""

    number: int
    line: int
    account: str
    region: str
    resource: str
    principal: str
    tags: str
    more_tags: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Faulty:
    """A row that is wrong, and why."""

    reason: str
    raw: str


class CostFiles:
    """One or several files of the same columns, open for reading; a context, so that nothing is left behind."""

    def __init__(self, paths: Sequence[Path], *, folder: Path, tick: Tick) -> None:
        self._folder = folder
        self._tick = tick
        self._rejects: list[tuple[str, str]] = []
        self.rejected_lines = 0
        with _our_errors():
            self._database = duckdb.connect(":memory:", config=_config(folder))
            self._database.execute("SET TimeZone = 'UTC'")
            self._database.execute("SET enable_progress_bar = true")
            self._database.execute("SET enable_progress_bar_print = false")
        self._paths = [str(path) for path in paths]
        self._is_csv = not all(_starts_with(path, PARQUET) for path in paths)
        self._compression = "gzip" if any(_starts_with(path, GZIP) for path in paths) else "none"
        self._is_strict = True
        self._header = _header(paths[0]) if self._is_csv else ()
        self._runner = ThreadPoolExecutor(max_workers=1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_why: object) -> None:
        self._database.interrupt()
        self._runner.shutdown(wait=True)
        self._database.close()

    def columns(self) -> Mapping[str, str]:
        """Return the names of the columns and their types. Raises CostFileUnreadable."""
        rows = self._run(described(self._source()))
        return {str(name): str(kind) for name, kind, *_ in rows}

    def survey(self, layout: FileLayout) -> tuple[tuple[Surveyed, ...], Mapping[str, int]]:
        """Look through the files: what is sold on which invoice, and how many rows are wrong for which reason."""
        kinds = self.columns()
        if self._is_csv:
            self._stage(layout)
        self._run(told_view(layout, {} if self._is_csv else kinds, self._source()))
        found: list[Surveyed] = []
        faults: dict[str, int] = {}
        for fault, rows, *told in self._run(SURVEY):
            if fault:
                faults[fault] = faults.get(fault, 0) + rows
            else:
                found.append(_surveyed(rows, told))
        if len(found) > OFFERINGS:
            raise CostFileTooLarge(f"{len(found)} offerings")
        return tuple(found), faults

    def faulty_rows(self, limit: int) -> tuple[Faulty, ...]:
        """Return the first rows that are wrong."""
        wrong = [Faulty(reason=reason, raw=raw) for reason, raw in self._rejects[:limit]]
        rows = self._run(
            f"SELECT fault, raw FROM told WHERE fault IS NOT NULL LIMIT {limit - len(wrong)}"  # noqa: S608 - a number
        )
        return (*wrong, *(Faulty(reason=reason, raw=raw) for reason, raw in rows))

    def group(self, line_of: Mapping[int, int]) -> tuple[Place, ...]:
        """Add up, by day and place, the rows of the offerings that are kept; returns the places."""
        self._run("CREATE OR REPLACE TEMP TABLE kept (key UBIGINT, line INTEGER)")
        self._run("INSERT INTO kept SELECT unnest($1), unnest($2)", [list(line_of), list(line_of.values())])
        self._run(GROUPED)
        self._run(PLACES)
        return tuple(Place(*row) for row in self._run("FROM places"))

    def facts(
        self, series_of: Mapping[int, int], *, start: date, end: date
    ) -> Iterator[tuple[date, int, Decimal, Decimal, Decimal, Decimal]]:
        """Yield day, series, unblended, net, amortized and quantity of a billing period, each day and series once."""
        self._run("CREATE OR REPLACE TEMP TABLE series (place INTEGER, series_id BIGINT)")
        self._run("INSERT INTO series SELECT unnest($1), unnest($2)", [list(series_of), list(series_of.values())])
        with _our_errors():
            answer = self._database.execute(FACTS, {"start": start, "end": end})
            while rows := answer.fetchmany(FETCHED_AT_ONCE):
                yield from rows

    def _source(self) -> str:
        if not self._is_csv:
            return f"read_parquet([{', '.join(map(as_literal, self._paths))}], union_by_name = true)"
        return from_csv(self._paths, self._header, self._compression, is_strict=self._is_strict, rejects=REJECTS_KEPT)

    def _stage(self, layout: FileLayout) -> None:
        """Parse text once, and only the columns that are read; everything after that reads Parquet."""
        path = self._folder / "staged.parquet"
        try:
            self._run(staged(layout, self._source(), str(path)))
        except CostFileUnreadable:
            # Files that were put together by hand have lines that end in different ways.
            self._is_strict = False
            self._run(staged(layout, self._source(), str(path)))
        wrong = self._run("SELECT DISTINCT file_id, line, csv_line FROM reject_errors ORDER BY 1, 2")
        self.rejected_lines = len(wrong)
        self._rejects = [("MALFORMED", str(text)) for _, _, text in wrong]
        self._paths = [str(path)]
        self._is_csv = False

    def _run(self, statement: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        """Run a statement in a thread of its own, so that the row that says how far we are can be kept meanwhile."""
        running = self._runner.submit(self._fetch, statement, parameters)
        while True:
            try:
                return running.result(timeout=TICK_SECONDS)
            except StillRunning:
                if running.done():
                    raise
            try:
                self._tick(self._database.query_progress())
            except BaseException:
                self._database.interrupt()
                raise

    def _fetch(self, statement: str, parameters: Any) -> list[tuple[Any, ...]]:
        with _our_errors():
            return self._database.execute(statement, parameters).fetchall()


def _config(folder: Path) -> dict[str, str | bool | int | float | list[str]]:
    return {
        "memory_limit": MEMORY,
        "threads": THREADS,
        "temp_directory": str(folder / "spill"),
        "max_temp_directory_size": DISK,
        "preserve_insertion_order": False,
        # Nothing is fetched from anywhere while a customer's file is read.
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }


def _surveyed(rows: int, told: Sequence[Any]) -> Surveyed:
    key, last_day, moved, billed, list_cost, quantity, start, end, invoice, issuer, *words = told
    return Surveyed(
        key=key,
        offering=Offering(*words),
        period_start=start,
        period_end=end,
        invoice=invoice,
        issuer=issuer,
        rows=rows,
        last_day=last_day,
        billed=billed,
        list_cost=list_cost or Decimal(0),
        quantity=quantity or Decimal(0),
        moved=moved,
    )


def _header(path: Path) -> tuple[str, ...]:
    """The names of the columns of a text file. Never guessed from its rows, one of which may be wrong."""
    try:
        with path.open("rb") as raw:
            unpacked = gzip.GzipFile(fileobj=raw) if _starts_with(path, GZIP) else raw
            file = io.TextIOWrapper(io.BufferedReader(unpacked), encoding="utf-8-sig")
            names = next(csv.reader([file.readline(HEADER_LENGTH)]), [])
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise CostFileUnreadable(str(error)) from error
    if not names or len({name.casefold() for name in names}) < len(names):
        raise CostFileUnreadable("no header, or two columns of one name")
    return tuple(names)


def _starts_with(path: Path, mark: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(mark)) == mark


@contextmanager
def _our_errors() -> Iterator[None]:
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise CostFileTooLarge(str(error)) from error
    except (duckdb.InterruptException, duckdb.InternalException):
        raise
    except duckdb.Error as error:
        text = str(error)
        if "max_temp_directory_size" in text or "No space left" in text:
            raise CostFileTooLarge(text) from error
        raise CostFileUnreadable(OUR_PATH.sub("the file", text.splitlines()[0])) from error
