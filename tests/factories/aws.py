"""A running sandbox of AWS with roles in both accounts, and boto3 clients that speak to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from billing.sandbox.control import Control
from billing.sandbox.server import running_sandbox
from billing.sandbox.state import VENDOR_KEY

NOW: Final = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
PAYER_ROLE: Final = "arn:aws:iam::111122223333:role/Yosan"
MEMBER_ROLE: Final = "arn:aws:iam::444455556666:role/Yosan"
EXTERNAL_ID: Final = "a-long-random-text"
ONE_ATTEMPT: Final = Config(retries={"total_max_attempts": 1, "mode": "standard"})


class Aws:
    """One sandbox; `client` assumes the role first, as the product does."""

    def __init__(self, control: Control) -> None:
        self.control = control

    def vendor(self, service: str, **more: Any) -> Any:
        keys = {"aws_access_key_id": VENDOR_KEY, "aws_secret_access_key": "any"}
        return self._client(service, **(keys | more))

    def credentials(self, role_arn: str = PAYER_ROLE, **more: Any) -> dict[str, str]:
        answer = self.vendor("sts").assume_role(
            RoleArn=role_arn, RoleSessionName="yosan", ExternalId=EXTERNAL_ID, **more
        )
        given = answer["Credentials"]
        return {
            "aws_access_key_id": given["AccessKeyId"],
            "aws_secret_access_key": given["SecretAccessKey"],
            "aws_session_token": given["SessionToken"],
        }

    def client(self, service: str, region: str = "us-east-1", *, role_arn: str = PAYER_ROLE) -> Any:
        return self._client(service, region_name=region, **self.credentials(role_arn))

    def _client(self, service: str, *, region_name: str = "us-east-1", **keys: str) -> Any:
        make: Any = _session().client
        return make(service, region_name=region_name, endpoint_url=self.control.url, config=ONE_ATTEMPT, **keys)


@cache
def _session() -> boto3.session.Session:
    return boto3.session.Session()  # keeps the service models that it has read


@contextmanager
def running_aws(state_dir: Path, *, now: datetime = NOW, vendor_secret: str | None = None) -> Iterator[Aws]:
    """A sandbox whose clock stands still, with a role in the payer's and in the member's account."""
    with running_sandbox(state_dir, now, vendor_secret=vendor_secret) as control:
        control.put_role(PAYER_ROLE, EXTERNAL_ID)
        control.put_role(MEMBER_ROLE, EXTERNAL_ID)
        yield Aws(control)


def code_of(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])
