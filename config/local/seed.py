"""Sets Django up and makes the demonstration: a process of its own, so that `make up` itself stays small."""

from __future__ import annotations

import importlib
import signal
import sys
from types import FrameType

import django

from config.local import installation as installations
from config.local.processes import StartRefused

INTERRUPTED = 130


def _end(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(INTERRUPTED)


def main() -> int:
    """Make the demonstration, or say in one sentence why not."""
    signal.signal(signal.SIGTERM, _end)
    django.setup()
    # It imports models, which only exist from here on.
    demonstration = importlib.import_module("config.local.demonstration")
    try:
        demonstration.seed(installations.current())
    except StartRefused as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
