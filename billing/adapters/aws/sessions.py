"""Assumes the customer's role with its external id; hands out clients with time-outs, never the credentials."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from botocore.config import Config
from botocore.utils import parse_timestamp

from billing.adapters.aws.errors import Denied, aws_errors
from billing.adapters.aws.meter import count_request

# A regional end point always: the global one is a single region, and its tokens are not valid in opt-in regions.
DEFAULT_STS_REGION = "us-east-1"
SESSION_SECONDS = 3600
# Credentials are renewed this long before they end, so that no call starts with dying ones.
RENEWAL = timedelta(minutes=5)
SESSION_NAME_LENGTH = 64
NOT_IN_A_SESSION_NAME = re.compile(r"[^\w+=,.@-]", re.ASCII)
# Waiting longer than this is the window's business: it knows when to be tried again.
CONFIG = Config(
    connect_timeout=5,
    read_timeout=30,
    retries={"total_max_attempts": 2, "mode": "standard"},
    user_agent_extra="yosan",
)
ASSUME_ROLE = "sts:AssumeRole"
GET_CALLER_IDENTITY = "sts:GetCallerIdentity"
ASSUMED_ROLE = re.compile(r"arn:(?P<partition>[a-z-]+):sts::(?P<account>[0-9]{12}):assumed-role/(?P<role>[^/]+)/.+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """What we need to enter an account: the role, the connection's external id, and the name the customer will see."""

    role_arn: str
    external_id: str | None
    session_name: str


@dataclass(slots=True)
class _Entry:
    """Credentials in use and the clients made with them."""

    credentials: Mapping[str, Any]
    expires_at: datetime
    clients: dict[tuple[str, str], Any] = field(default_factory=dict)


class Sessions:
    """The roles this process has assumed: credentials are kept until five minutes before their end, in memory only."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: dict[tuple[str, Role], _Entry] = {}  # by end point, which the environment may change
        # Any: its stubs describe every service of AWS, and checking them takes longer than all the rest.
        self._boto: Any = boto3.Session()
        # Botocore reads times into the local zone by way of dateutil, which takes half of all the time of a backfill.
        factory = self._boto._session.get_component("response_parser_factory")  # noqa: SLF001 - as its own command line does
        factory.set_parser_defaults(timestamp_parser=parse_time)
        self._boto.events.register("before-call", count_request)

    def client(self, role: Role, service: str, aws_region: str) -> Any:
        """Return a client of an AWS service in the customer's account. Raises Denied and the other errors of STS."""
        with self._lock:
            entry = self._entry(role)
            key = (service, aws_region)
            if key not in entry.clients:
                entry.clients[key] = self._client(service, aws_region, entry.credentials)
            return entry.clients[key]

    def prove(self, role: Role) -> bool:
        """Return whether the role can be assumed now; what was kept for it is dropped first."""
        with self._lock:
            self._entries.pop((get_endpoint_url(), role), None)
            try:
                self._entry(role)
            except Denied:
                return False
            return True

    def forget(self, role: Role) -> None:
        """Drop what is kept for a role, so that the next call assumes it anew."""
        with self._lock:
            self._entries.pop((get_endpoint_url(), role), None)

    def principal_arn(self) -> str:
        """Return the ARN of our own identity, a role rather than one of its sessions."""
        with self._lock, aws_errors(GET_CALLER_IDENTITY):
            arn = str(self._client("sts", get_home_region(), {}).get_caller_identity()["Arn"])
        session = ASSUMED_ROLE.fullmatch(arn)
        return f"arn:{session['partition']}:iam::{session['account']}:role/{session['role']}" if session else arn

    def own_client(self, service: str, aws_region: str) -> Any:
        """Return a client with our own credentials, those of the usual variables or of the machine."""
        with self._lock:
            return self._client(service, aws_region, {})

    def _entry(self, role: Role) -> _Entry:
        key = (get_endpoint_url(), role)
        entry = self._entries.get(key)
        if entry is None or entry.expires_at - RENEWAL <= datetime.now(UTC):
            entry = self._entries[key] = self._assume(role)
        return entry

    def _assume(self, role: Role) -> _Entry:
        request: dict[str, Any] = {
            "RoleArn": role.role_arn,
            "RoleSessionName": role.session_name,
            "DurationSeconds": SESSION_SECONDS,
        }
        if role.external_id is not None:
            request["ExternalId"] = role.external_id
        asked_at = datetime.now(UTC)
        with aws_errors(ASSUME_ROLE):
            answer = self._client("sts", get_home_region(), {}).assume_role(**request)
        granted = answer["Credentials"]
        credentials = {
            "aws_access_key_id": granted["AccessKeyId"],
            "aws_secret_access_key": granted["SecretAccessKey"],
            "aws_session_token": granted["SessionToken"],
        }
        # Measured by our own clock from before the call: a clock that is off at either end must not matter.
        return _Entry(credentials=credentials, expires_at=asked_at + timedelta(seconds=SESSION_SECONDS))

    def _client(self, service: str, aws_region: str, credentials: Mapping[str, Any]) -> Any:
        return self._boto.client(service, region_name=aws_region, config=CONFIG, **credentials)


def parse_time(value: Any) -> datetime:
    """Return a time out of AWS's answers: seconds since the epoch, or one of the texts that botocore knows."""
    return datetime.fromtimestamp(value, UTC) if isinstance(value, int | float) else parse_timestamp(value)


SESSIONS = Sessions()


def client(role: Role, service: str, aws_region: str) -> Any:
    """Return a client of an AWS service in the customer's account, from this process's sessions."""
    return SESSIONS.client(role, service, aws_region)


def own_client(service: str, aws_region: str) -> Any:
    """Return a client of an AWS service in our own account. Its calls raise NotConfigured where we have no credentials."""
    return SESSIONS.own_client(service, aws_region)


def forget(role: Role) -> None:
    """Drop a role's credentials, after a failure that they may be the cause of."""
    SESSIONS.forget(role)


def make_session_name(organization: str, job: str) -> str:
    """Return the name under which the customer's CloudTrail shows us: the organization and the job."""
    return NOT_IN_A_SESSION_NAME.sub("-", f"yosan-{organization[:40]}-{job}")[:SESSION_NAME_LENGTH]


def can_assume(role: Role) -> bool:
    """Return whether AWS lets us assume the role as named; asks anew each time. Raises what is not a clear no."""
    return SESSIONS.prove(role)


def get_endpoint_url() -> str:
    """Return the address that AWS calls go to when it is not AWS's own, else an empty text."""
    return os.environ.get("AWS_ENDPOINT_URL", "")


def get_home_region() -> str:
    """Return the region whose STS we ask: ours, as the usual variables name it."""
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or DEFAULT_STS_REGION


def get_principal_arn() -> str:
    """Return who we are to AWS: what a customer's trust policy has to name. Raises AwsError."""
    return SESSIONS.principal_arn()
