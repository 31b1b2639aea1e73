"""A line that is drawn again on a terminal, and written now and then to a log."""

from __future__ import annotations

import sys
import time

LOG_SECONDS = 5.0


class Bar:
    """One line of progress."""

    def __init__(self) -> None:
        self._is_terminal = sys.stdout.isatty()
        self._written_at = float("-inf")

    def show(self, line: str) -> None:
        """Draw the line in place of the one before; a log gets one every few seconds."""
        now = time.monotonic()
        if self._is_terminal:
            sys.stdout.write(f"\r\x1b[K{line}")
        elif now - self._written_at >= LOG_SECONDS:
            self._written_at = now
            sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    def end(self) -> None:
        """Leave the last line standing."""
        if self._is_terminal:
            sys.stdout.write("\n")
            sys.stdout.flush()
