"""A running sandbox of AWS with roles in both accounts, and boto3 clients that speak to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
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
SONNET: Final = "global.anthropic.claude-sonnet-4-5-20250929-v1:0"
HOUR: Final = timedelta(hours=1)
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


def query(
    name: str = "InputTokenCount",
    *,
    query_id: str = "q1",
    dimensions: dict[str, str] | None = None,
    namespace: str = "AWS/Bedrock",
    period: int = 3600,
    stat: str = "Sum",
    **more: Any,
) -> dict[str, Any]:
    own = {"ModelId": SONNET} if dimensions is None else dimensions
    metric = {
        "Namespace": namespace,
        "MetricName": name,
        "Dimensions": [{"Name": key, "Value": value} for key, value in own.items()],
    }
    unit = {"Unit": more.pop("unit")} if "unit" in more else {}
    return {"Id": query_id, "MetricStat": {"Metric": metric, "Period": period, "Stat": stat, **unit}, **more}


def ask(
    client: Any, *queries: dict[str, Any], start: datetime = NOW - 24 * HOUR, end: datetime = NOW, **more: Any
) -> dict[str, dict[datetime, float]]:
    """All pages, merged by id."""
    answer: dict[str, dict[datetime, float]] = {}
    pages = client.get_paginator("get_metric_data").paginate(
        MetricDataQueries=list(queries), StartTime=start, EndTime=end, **more
    )
    for page in pages:
        for result in page["MetricDataResults"]:
            points = answer.setdefault(result["Id"], {})
            stamps = [stamp.astimezone(UTC) for stamp in result["Timestamps"]]
            points.update(zip(stamps, result["Values"], strict=True))
    return answer


def one(client: Any, **more: Any) -> dict[datetime, float]:
    times = {name: more.pop(name) for name in ("start", "end") if name in more}
    return ask(client, query(**more), **times)["q1"]


def listed(client: Any, **filters: Any) -> list[tuple[str, str, dict[str, str]]]:
    pages = client.get_paginator("list_metrics").paginate(**filters)
    return [
        (row["Namespace"], row["MetricName"], {pair["Name"]: pair["Value"] for pair in row["Dimensions"]})
        for page in pages
        for row in page["Metrics"]
    ]
