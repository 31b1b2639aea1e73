#!/usr/bin/env python3
"""Django's own entry; settings default to `config.settings.local`, whose servers are started when missing."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

LOCAL = "config.settings.local"
# They touch no server, or only look at files.
WITHOUT_SERVERS = frozenset(
    {
        "",
        "check",
        "collectstatic",
        "compilemessages",
        "explain_usage_types",
        "help",
        "makemessages",
        "makemigrations",
        "spectacular",
        "test",
        "version",
    }
)
# They talk to AWS, which the sandbox plays.
WITH_SANDBOX = frozenset({"collect", "connect_aws"})


def main(arguments: Sequence[str]) -> int:
    """Run one command, with this installation's servers around it where it needs them."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", LOCAL)
    command = next((argument for argument in arguments[1:] if not argument.startswith("-")), "")
    wants_help = not {"--help", "-h", "--version"}.isdisjoint(arguments)
    local = os.environ["DJANGO_SETTINGS_MODULE"] == LOCAL
    if not local or command in WITHOUT_SERVERS or wants_help or os.environ.get("YOSAN_SUPERVISED"):
        return _execute(arguments)
    return _execute_with_servers(arguments, command)


def _execute(arguments: Sequence[str]) -> int:
    try:
        from django.core.management import execute_from_command_line  # noqa: PLC0415 - explains a missing set-up
    except ImportError:
        sys.stderr.write("Yosan's environment is not set up: run `make setup`, then use .venv/bin/python manage.py.\n")
        return 1
    execute_from_command_line(list(arguments))
    return 0


def _execute_with_servers(arguments: Sequence[str], command: str) -> int:
    try:
        from config.local import installation, processes, servers  # noqa: PLC0415 - explains a missing set-up
    except ImportError:
        return _execute(arguments)
    try:
        current = installation.current()
        os.environ.update(servers.child_environment(current))
        what = f"manage.py {command}"
        with servers.available(current, what=what, sandbox=command in WITH_SANDBOX):
            return _execute(arguments)
    except processes.StartRefused as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv))
