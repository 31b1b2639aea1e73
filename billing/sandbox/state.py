"""What a test or a customer may change: roles, sessions, faults, restatements; kept in one file across restarts."""

from __future__ import annotations

import json
import os
import secrets
import threading
from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

VENDOR_ACCOUNT: Final = "999988887777"
REMEMBERED: Final = timedelta(days=1)
VENDOR_KEY: Final = "AKIASANDBOXVENDOR0001"


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    role_arn: str
    external_id: str | None
    denied_actions: tuple[str, ...] = ()

    @property
    def account(self) -> str:
        return self.role_arn.split(":")[4]

    def denies(self, action: str) -> bool:
        service = action.split(":", maxsplit=1)[0]
        return not {action, f"{service}:*", "*"}.isdisjoint(self.denied_actions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    access_key: str
    secret_key: str
    token: str
    role_arn: str
    session_name: str
    expires_at: datetime

    @property
    def account(self) -> str:
        return self.role_arn.split(":")[4]

    @property
    def caller_arn(self) -> str:
        return f"arn:aws:sts::{self.account}:assumed-role/{self.role_arn.rsplit('/', 1)[-1]}/{self.session_name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that goes wrong on demand: for the next `count` calls, or every `every`-th call."""

    action: str  # GetMetricData, ... or *
    kind: str  # throttle, error, delay, partial_data, late_data
    count: int | None = None
    every: int | None = None
    delay_seconds: float = 0.0
    hours: int = 1
    share: float = 0.0
    role_arn: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Restatement:
    date: date
    service: str
    usage_type: str
    factor: Decimal
    # Of what is counted on the line; its cost is multiplied by `factor` alone.
    quantity_factor: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtraCharge:
    """Money on the bill that is for no usage: a credit, a refund, tax."""

    date: date
    account: str
    service: str
    usage_type: str
    record_type: str
    amount: Decimal


def _role(row: dict[str, Any]) -> Role:
    return Role(role_arn=row["role_arn"], external_id=row["external_id"], denied_actions=tuple(row["denied_actions"]))


def _session(row: dict[str, Any]) -> Session:
    return Session(**{**row, "expires_at": datetime.fromisoformat(row["expires_at"])})


def _restatement(row: dict[str, Any]) -> Restatement:
    return Restatement(
        date=date.fromisoformat(row["date"]),
        service=row["service"],
        usage_type=row["usage_type"],
        factor=Decimal(row["factor"]),
        quantity_factor=Decimal(row.get("quantity_factor", "1")),
    )


def _extra_charge(row: dict[str, Any]) -> ExtraCharge:
    return ExtraCharge(**{**row, "date": date.fromisoformat(row["date"]), "amount": Decimal(row["amount"])})


@dataclass(slots=True)
class State:
    path: Path
    epoch: date | None = None
    roles: dict[str, Role] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    restatements: list[Restatement] = field(default_factory=list)
    extra_charges: list[ExtraCharge] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    page_sizes: dict[str, int] = field(default_factory=dict)
    url: str = ""  # where this server listens, for the addresses of files
    calls: Counter[str] = field(default_factory=Counter)
    lock: threading.RLock = field(default_factory=threading.RLock)

    @classmethod
    def load(cls, directory: Path) -> State:
        directory.mkdir(parents=True, exist_ok=True)
        state = cls(path=directory / "sandbox.json")
        if state.path.exists():
            kept = json.loads(state.path.read_text(encoding="utf-8"))
            state.epoch = date.fromisoformat(kept["epoch"])
            state.roles = {row["role_arn"]: _role(row) for row in kept["roles"]}
            state.sessions = {row["access_key"]: _session(row) for row in kept["sessions"]}
            state.restatements = [_restatement(row) for row in kept["restatements"]]
            state.extra_charges = [_extra_charge(row) for row in kept.get("extra_charges", [])]
        return state

    def save(self) -> None:
        """Write the whole state beside the old one, then replace it: a crash leaves one or the other."""
        with self.lock:
            assert self.epoch is not None
            kept = {
                "epoch": self.epoch.isoformat(),
                "roles": [asdict(role) for role in self.roles.values()],
                "sessions": [asdict(session) for session in self.sessions.values()],
                "restatements": [asdict(row) for row in self.restatements],
                "extra_charges": [asdict(row) for row in self.extra_charges],
            }
            text = json.dumps(kept, default=str, indent=1)
            waiting = self.path.with_suffix(".new")
            waiting.write_text(text, encoding="utf-8")
            waiting.chmod(0o600)
            os.replace(waiting, self.path)  # noqa: PTH105

    def put_role(self, role: Role) -> None:
        with self.lock:
            self.roles[role.role_arn] = role
            self.save()

    def delete_role(self, role_arn: str) -> None:
        with self.lock:
            self.roles.pop(role_arn, None)
            self.save()

    def restate(self, row: Restatement) -> None:
        with self.lock:
            self.restatements.append(row)
            self.save()

    def charge(self, row: ExtraCharge) -> None:
        with self.lock:
            self.extra_charges.append(row)
            self.save()

    def forget_changes(self) -> None:
        """Make the bill say what it would have said by itself."""
        with self.lock:
            self.restatements.clear()
            self.extra_charges.clear()
            self.save()

    def open_session(self, *, role_arn: str, session_name: str, now: datetime, expires_at: datetime) -> Session:
        session = Session(
            access_key=f"ASIA{secrets.token_hex(8).upper()}",
            secret_key=secrets.token_urlsafe(30),
            token=secrets.token_urlsafe(60),
            role_arn=role_arn,
            session_name=session_name,
            expires_at=expires_at,
        )
        with self.lock:
            self.sessions = {key: kept for key, kept in self.sessions.items() if _worth_keeping(kept, now)}
            self.sessions[session.access_key] = session
            self.save()
        return session

    def expire_sessions(self, now: datetime) -> int:
        with self.lock:
            self.sessions = {key: replace(kept, expires_at=now) for key, kept in self.sessions.items()}
            self.save()
            return len(self.sessions)

    def note_call(self, key: str) -> int:
        with self.lock:
            self.calls[key] += 1
            return self.calls[key]

    def take_faults(self, action: str, role_arn: str | None, call: int) -> tuple[Fault, ...]:
        """The faults that strike this call; counted ones are used up by it."""
        with self.lock:
            struck = [fault for fault in self.faults if _strikes(fault, action, role_arn, call)]
            self.faults = [left for fault in self.faults if (left := _use_up(fault, struck)) is not None]
            return tuple(struck)


def _worth_keeping(session: Session, now: datetime) -> bool:
    # Expired ones stay known for a day, so that they are refused as expired and not as unknown.
    return now - session.expires_at < REMEMBERED


def _strikes(fault: Fault, action: str, role_arn: str | None, call: int) -> bool:
    if fault.action not in {action, "*"} or (fault.role_arn is not None and fault.role_arn != role_arn):
        return False
    return fault.every is None or call % fault.every == 0


def _use_up(fault: Fault, struck: list[Fault]) -> Fault | None:
    if fault.count is None or not any(fault is one for one in struck):
        return fault
    return replace(fault, count=fault.count - 1) if fault.count > 1 else None
