"""Who owns the installation's servers: one process at a time, which everybody else asks or waits for."""

from __future__ import annotations

import fcntl
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

MAKE_UP = "make up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who holds the lock, as it wrote itself."""

    pid: int
    what: str


class Lock:
    """A file lock that the kernel releases when its holder dies, however it dies."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[str] | None = None

    def acquire(self, what: str, *, seconds: float = 0) -> bool:
        """Take the lock, waiting at most the given time, and write down who holds it."""
        # Opened for appending: opening for writing would empty the holder's own line before we know whether we get it.
        file = self.path.open("a+", encoding="utf-8")
        deadline = time.monotonic() + seconds
        while not _try(file, fcntl.LOCK_EX):
            if time.monotonic() >= deadline:
                file.close()
                return False
            time.sleep(0.1)
        file.seek(0)
        file.truncate()
        file.write(json.dumps({"pid": os.getpid(), "what": what}))
        file.flush()
        self._file = file
        return True

    def share(self) -> None:
        """Hold the lock together with others, so that who wants it alone has to wait."""
        file = self.path.open("a+", encoding="utf-8")
        fcntl.flock(file, fcntl.LOCK_SH)
        self._file = file

    def release(self) -> None:
        """Let go; the file stays, since removing it would let two processes hold two files of one name."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def holder(self) -> Holder | None:
        """Return who holds the lock, or None when nobody does."""
        try:
            file = self.path.open("r", encoding="utf-8")
        except FileNotFoundError:
            return None
        with file:
            if _try(file, fcntl.LOCK_SH):
                return None
            try:
                written = json.loads(file.read())
                return Holder(pid=int(written["pid"]), what=str(written["what"]))
            except (ValueError, KeyError, TypeError):
                # Between taking the lock and writing the line there is a moment.
                return Holder(pid=0, what="another command")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _try(file: IO[str], operation: int) -> bool:
    try:
        fcntl.flock(file, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
