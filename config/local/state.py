"""`make down` and `make reset`: stop an installation, and delete all that it holds."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from config.local import installation as installations
from config.local import processes, servers
from config.local.installation import SHARED_STATE, Installation
from config.local.processes import StartRefused

STOP_SECONDS = 90
# What makes a folder recognisable as an installation's: nothing else is ever deleted.
MARKS = ("secrets.json", "run", "logs", "mail")


def down(installation: Installation) -> bool:
    """Stop whatever holds the installation, and return whether anything did."""
    lock = servers.owner_lock(installation)
    holder = lock.holder()
    if holder is None:
        return False
    if holder.pid:
        os.kill(holder.pid, signal.SIGTERM)
    if not processes.poll(lambda: lock.holder() is None, seconds=STOP_SECONDS):
        msg = f"`{holder.what}` (pid {holder.pid}) does not stop: see {installation.logs}."
        raise StartRefused(msg)
    return True


def reset(installation: Installation) -> None:
    """Stop the installation and delete its folder, with the database wherever it lies."""
    down(installation)
    home = installation.home
    if not home.exists():
        return
    if any(home.iterdir()) and not any((home / mark).exists() for mark in MARKS):
        msg = f"{home} does not look like a folder of Yosan, so nothing is deleted."
        raise StartRefused(msg)
    pointer = home / "database-path"
    if pointer.exists():
        place = Path(pointer.read_text(encoding="utf-8").strip())
        if place.parent == SHARED_STATE:
            shutil.rmtree(place, ignore_errors=True)
    if installation.run.parent != home:
        shutil.rmtree(installation.run, ignore_errors=True)
    shutil.rmtree(home)


def main(arguments: Sequence[str]) -> int:
    """Do what is named, and say what came of it."""
    try:
        installation = installations.current()
        if arguments == ["reset"]:
            reset(installation)
            sys.stdout.write(f"Everything in {installation.home} is deleted.\n")
        else:
            stopped = down(installation)
            sys.stdout.write("Yosan is stopped.\n" if stopped else "Yosan does not run.\n")
    except StartRefused as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
