"""Starts the sandbox: `python -m billing.sandbox --port 4566 --state-dir DIR`."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

from billing.sandbox.server import create_server, port_is_free


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m billing.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--state-dir", type=Path, required=True, help="keeps the epoch, roles and sessions")
    parser.add_argument("--now", type=_moment, help="a time that stands still (ISO, UTC unless it says otherwise)")
    parser.add_argument("--vendor-key", help="the secret of the vendor's key; without it any secret is taken")
    return parser.parse_args()


def main() -> int:
    given = _arguments()
    if given.port and not port_is_free(given.port):
        sys.stderr.write(f"Port {given.port} on 127.0.0.1 is in use; choose another with --port.\n")
        return 1
    server = create_server(state_dir=given.state_dir, port=given.port, now=given.now, vendor_secret=given.vendor_key)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    sys.stdout.write(f"{server.url}\n")
    sys.stdout.flush()
    server.serve_forever()
    server.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
