"""What every service module gets with a call: who asks, the world, the state, and the faults that strike."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from billing.sandbox.caller import Caller
from billing.sandbox.errors import AwsError
from billing.sandbox.state import Fault, State
from billing.sandbox.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    caller: Caller
    world: World
    state: State
    faults: tuple[Fault, ...]

    def now(self) -> datetime:
        return self.world.clock.now()

    def fault(self, kind: str) -> Fault | None:
        return next((fault for fault in self.faults if fault.kind == kind), None)


Operation = Callable[[Context, dict[str, Any]], Mapping[str, Any]]


def _digest(parameters: Mapping[str, Any], caller: Caller) -> str:
    text = json.dumps([caller.account, caller.region, parameters], default=str, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def make_token(position: int, parameters: Mapping[str, Any], caller: Caller) -> str:
    """An opaque page mark that remembers which question it belongs to."""
    return base64.urlsafe_b64encode(f"{position}:{_digest(parameters, caller)}".encode()).decode()


def read_token(
    token: str | None, parameters: Mapping[str, Any], caller: Caller, *, invalid: AwsError, changed: AwsError
) -> int:
    """The position in a page mark; another question's mark, or no mark at all, is refused."""
    if token is None:
        return 0
    try:
        position, _, digest = base64.urlsafe_b64decode(token.encode()).decode().partition(":")
        start = int(position)
    except (ValueError, binascii.Error) as error:
        raise invalid from error
    if digest != _digest(parameters, caller):
        raise changed
    return start


def without(parameters: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in parameters.items() if name not in names}
