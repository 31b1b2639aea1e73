"""Programs that read the API: `curl`, as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from typing import Any

STATUS = "\n%{http_code} %{content_type}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    content_type: str
    body: Any


def run_command(command: str, *, key: str) -> Answer:
    """Run a command as a page shows it, with the key where the page says that it goes."""
    return _run(["bash", "-c", f'{command} --silent --show-error --write-out "$STATUS"'], key=key)


def curl(url: str, *more: str, key: str) -> Answer:
    """Ask for one address."""
    header = f"Authorization: Bearer {key}"
    return _run(["curl", "--silent", "--show-error", "--write-out", STATUS, "--header", header, *more, url], key=key)


def _run(command: list[str], *, key: str) -> Answer:
    environment = {**os.environ, "no_proxy": "*", "STATUS": STATUS, "YOSAN_API_KEY": key}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=10, check=False)
    assert done.returncode == 0, done.stderr
    text, _, outcome = done.stdout.rpartition("\n")
    status, _, content_type = outcome.partition(" ")
    return Answer(status=int(status), content_type=content_type, body=json.loads(text) if text else None)
