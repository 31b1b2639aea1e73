"""The bill as a Parquet file in FOCUS, made on disk and sent piece by piece."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from billing.adapters.focus_files import write_parquet
from billing.domain.focus import COLUMNS, MOMENTS, NUMBERS, csv_lines

CHUNK = 1 << 16


def parquet_chunks(rows: Iterable[Mapping[str, str]]) -> Iterator[bytes]:
    """Yield a Parquet file of FOCUS rows; what it takes on disk is gone with the last piece."""
    with TemporaryDirectory(prefix="yosan-focus-") as folder:
        path = write_parquet(csv_lines(rows), columns=COLUMNS, numbers=NUMBERS, moments=MOMENTS, folder=Path(folder))
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk
