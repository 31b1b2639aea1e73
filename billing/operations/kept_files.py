"""The folder for files that wait to be read: written piece by piece, known by content, gone once they are read."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from secrets import token_hex

from django.conf import settings

from accounts.tenancy.context import current_organization_id
from billing.domain.imports import FILE_BYTES, MEBIBYTE, ORPHANED_AFTER, CostFileEmpty, CostFileTooLarge, FilesNotKept


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFile:
    """A file in the folder: its name there, its size, and the SHA-256 of its content."""

    name: str
    bytes: int
    digest: str


def keep_file(chunks: Iterable[bytes]) -> KeptFile:
    """Write a file piece by piece. Raises CostFileEmpty, CostFileTooLarge and FilesNotKept; then nothing is kept."""
    name, size, digest = f"{_mark()}{token_hex(12)}", 0, sha256()
    path = _folder() / name
    try:
        with path.open("xb") as file:
            for chunk in chunks:
                size += len(chunk)
                digest.update(chunk)
                file.write(chunk)
                _check_size(size)
        _check_size(size or None)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise FilesNotKept from error
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return KeptFile(name=name, bytes=size, digest=digest.hexdigest())


def _check_size(size: int | None) -> None:
    if size is None:
        raise CostFileEmpty(field="file")
    if size > FILE_BYTES:
        raise CostFileTooLarge(field="file", mebibytes=FILE_BYTES // MEBIBYTE)


def path_of(name: str) -> Path:
    """Return where a kept file lies."""
    return _folder() / Path(name).name


def drop_file(name: str) -> None:
    """Delete a kept file; one that is gone already is no failure."""
    if name:
        path_of(name).unlink(missing_ok=True)


def drop_orphans(wanted: Collection[str], now: datetime) -> int:
    """Delete what no import of the organization waits for any more: left by a process that died. Returns how many."""
    limit = (now - ORPHANED_AFTER).timestamp()
    orphans = [
        path for path in _folder().glob(f"{_mark()}*") if path.name not in wanted and path.stat().st_mtime < limit
    ]
    for path in orphans:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return len(orphans)


@contextmanager
def workshop() -> Iterator[Path]:
    """Give a folder for what is spilled and fetched while one import is read, deleted as a whole afterwards."""
    folder = Path(tempfile.mkdtemp(prefix=f"{_mark()}reading-", dir=_folder()))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _mark() -> str:
    """What names of the organization's files begin with, so that it sweeps before its own door only."""
    return f"{current_organization_id().hex}-"


def _folder() -> Path:
    """All workers and web processes must see the same folder (docs/deployment.md)."""
    folder = Path(settings.MEDIA_ROOT) / "imports"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise FilesNotKept from error
    return folder
