"""The client of the control plane; standard library only."""

from __future__ import annotations

import json
import urllib.request
from datetime import date, datetime
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode


class ControlRefused(Exception):
    """The sandbox did not understand a control call."""


class Control:
    """Talks to one running sandbox at `url`."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    def call(self, method: str, name: str, content: dict[str, Any] | None = None) -> Any:
        body = None if content is None else json.dumps(content, default=str).encode()
        request = urllib.request.Request(f"{self.url}/_sandbox/{name}", data=body, method=method)  # noqa: S310
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=60) as answer:
                return json.load(answer)
        except HTTPError as error:
            with error:
                raise ControlRefused(error.read().decode()) from error

    def health(self) -> dict[str, Any]:
        found: dict[str, Any] = self.call("GET", "health")
        return found

    def put_role(
        self, role_arn: str, external_id: str | None, denied_actions: tuple[str, ...] | list[str] = ()
    ) -> None:
        """Create or replace a role that trusts the vendor; external_id None is a role without that condition."""
        self.call(
            "PUT",
            "roles",
            {"role_arn": role_arn, "external_id": external_id, "denied_actions": list(denied_actions)},
        )

    def delete_role(self, role_arn: str) -> None:
        self.call("DELETE", "roles", {"role_arn": role_arn})

    def put_fault(self, action: str, kind: str, **options: Any) -> None:
        """kind: throttle, error, delay, partial_data, late_data; options: count, every, delay_seconds, hours, share, role_arn."""
        self.call("PUT", "faults", {"action": action, "kind": kind, **options})

    def clear_faults(self) -> None:
        self.call("DELETE", "faults")

    def restate(self, day: date, *, service: str, usage_type: str, factor: str, quantity_factor: str = "1") -> None:
        """Multiply the cost of a line on a day, and what is counted on it."""
        line = {"date": day.isoformat(), "service": service, "usage_type": usage_type}
        self.call("PUT", "restate", {**line, "factor": factor, "quantity_factor": quantity_factor})

    def charge(self, day: date, *, service: str, record_type: str, amount: str, usage_type: str = "") -> None:
        """Put money on the payer's bill that is for no usage: Credit, Refund, Tax…"""
        line = {"date": day.isoformat(), "service": service, "usage_type": usage_type}
        self.call("PUT", "charges", {**line, "record_type": record_type, "amount": amount})

    def forget_changes(self) -> None:
        """Take restatements and charges back."""
        self.call("DELETE", "changes")

    def set_now(self, now: datetime) -> None:
        """Move the clock of a sandbox that was started with a fixed time."""
        self.call("PUT", "clock", {"now": now.isoformat()})

    def advance(self, seconds: float) -> None:
        self.call("PUT", "clock", {"advance_seconds": seconds})

    def expire_sessions(self) -> None:
        """Every session given so far is expired from now on."""
        self.call("DELETE", "sessions")

    def set_page_size(self, action: str, size: int) -> None:
        self.call("PUT", "page_sizes", {"action": action, "size": size})

    def calls(self) -> dict[str, int]:
        """How often each operation was asked, refused calls included."""
        found: dict[str, int] = self.call("GET", "calls")["calls"]
        return found

    def clear_calls(self) -> None:
        self.call("DELETE", "calls")

    def truth(self, start: date | None = None, end: date | None = None, *, granularity: str = "day") -> dict[str, Any]:
        """rows, orphaned (their profile is deleted, so no model can be told) and guardrails; end is exclusive."""
        found: dict[str, Any] = self.call("GET", f"truth?{_range(start, end, granularity=granularity)}")
        return found

    def bill(self, start: date | None = None, end: date | None = None) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("GET", f"bill?{_range(start, end)}")["rows"]
        return found

    def prices(self) -> dict[str, Any]:
        """The price file under `list`, and the tenant's private rates with their dates under `private`."""
        found: dict[str, Any] = self.call("GET", "prices")
        return found

    def series(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.call("GET", "series")["series"]
        return found


def _range(start: date | None, end: date | None, **more: str) -> str:
    days = {name: day.isoformat() for name, day in (("start", start), ("end", end)) if day is not None}
    return urlencode({**days, **more})
