"""The sandbox knows who calls, and refuses whom AWS refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from billing.sandbox.control import ControlRefused
from tests.factories.aws import EXTERNAL_ID, MEMBER_ROLE, NOW, PAYER_ROLE, Aws, code_of, running_aws

JUNE = {"Start": "2026-06-01", "End": "2026-06-02"}
ASK: dict[str, Callable[[Any], object]] = {
    "sts": lambda client: client.get_caller_identity(),
    "cloudwatch": lambda client: client.list_metrics(),
    "bedrock": lambda client: client.list_inference_profiles(),
    "ce": lambda client: client.get_tags(TimePeriod=JUNE),
}


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[Aws]:
    with running_aws(tmp_path) as found:
        yield found


def assume(aws: Aws, role_arn: str, external_id: str | None) -> None:
    given = {} if external_id is None else {"ExternalId": external_id}
    aws.vendor("sts").assume_role(RoleArn=role_arn, RoleSessionName="yosan", **given)


def test_a_role_is_assumed_with_its_external_id(aws: Aws) -> None:
    identity = aws.client("sts", role_arn=MEMBER_ROLE).get_caller_identity()

    assert identity["Account"] == "444455556666"
    assert identity["Arn"] == "arn:aws:sts::444455556666:assumed-role/Yosan/yosan"


@pytest.mark.parametrize("external_id", [None, "another", EXTERNAL_ID.upper()])
def test_a_missing_or_wrong_external_id_is_refused(aws: Aws, external_id: str | None) -> None:
    with pytest.raises(ClientError) as refused:
        assume(aws, PAYER_ROLE, external_id)

    assert code_of(refused.value) == "AccessDenied"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_a_role_that_trusts_nobody_is_refused_in_the_same_words(aws: Aws) -> None:
    with pytest.raises(ClientError) as refused:
        assume(aws, "arn:aws:iam::111122223333:role/Other", EXTERNAL_ID)

    assert code_of(refused.value) == "AccessDenied"
    assert "sts:AssumeRole on resource: arn:aws:iam::111122223333:role/Other" in str(refused.value)


def test_a_role_without_the_condition_can_be_assumed_by_anybody(aws: Aws) -> None:
    aws.control.put_role("arn:aws:iam::777788889999:role/Open", None)

    assume(aws, "arn:aws:iam::777788889999:role/Open", None)
    assume(aws, "arn:aws:iam::777788889999:role/Open", "anything")


def test_a_role_that_was_taken_away_is_refused_and_its_sessions_may_do_nothing(aws: Aws) -> None:
    client = aws.client("cloudwatch")
    aws.control.delete_role(PAYER_ROLE)

    with pytest.raises(ClientError, match="AccessDenied"):
        assume(aws, PAYER_ROLE, EXTERNAL_ID)
    with pytest.raises(ClientError, match="AccessDenied"):
        client.list_metrics()


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"RoleArn": "arn:aws:iam::12:role/Short-account"}, "ValidationError"),
        ({"ExternalId": "with space"}, "ValidationError"),
        ({"RoleSessionName": "no spaces please"}, "ValidationError"),
        ({"DurationSeconds": 60 * 60 * 13}, "ValidationError"),
        ({"Policy": "{}"}, "SandboxNotImplemented"),
    ],
)
def test_malformed_requests_to_assume_a_role_are_refused(aws: Aws, parameters: dict[str, str], code: str) -> None:
    request = {"RoleArn": PAYER_ROLE, "RoleSessionName": "yosan", "ExternalId": EXTERNAL_ID} | parameters

    with pytest.raises(ClientError) as refused:
        aws.vendor("sts").assume_role(**request)

    assert code_of(refused.value) == code


@pytest.mark.parametrize(
    ("service", "code"),
    [
        ("sts", "ExpiredToken"),
        ("cloudwatch", "ExpiredToken"),
        ("bedrock", "ExpiredTokenException"),
        ("ce", "ExpiredTokenException"),
    ],
)
def test_a_session_ends(aws: Aws, service: str, code: str) -> None:
    client = aws.client(service)
    aws.control.advance(3601)

    with pytest.raises(ClientError) as refused:
        ASK[service](client)

    assert code_of(refused.value) == code


def test_the_end_of_a_session_is_told_and_can_be_forced(aws: Aws) -> None:
    answer = aws.vendor("sts").assume_role(
        RoleArn=PAYER_ROLE, RoleSessionName="yosan", ExternalId=EXTERNAL_ID, DurationSeconds=900
    )
    client = aws.client("cloudwatch")
    aws.control.expire_sessions()

    assert answer["Credentials"]["Expiration"] == NOW + timedelta(seconds=900)
    with pytest.raises(ClientError, match="ExpiredToken"):
        client.list_metrics()


@pytest.mark.parametrize(
    ("service", "code"), [("cloudwatch", "InvalidClientTokenId"), ("bedrock", "UnrecognizedClientException")]
)
def test_unknown_keys_and_tokens_are_refused(aws: Aws, service: str, code: str) -> None:
    keys = aws.credentials()
    for change in ({"aws_access_key_id": "ASIAUNKNOWN000000000"}, {"aws_session_token": "another"}):
        client = aws.vendor(service, **(keys | change))
        with pytest.raises(ClientError) as refused:
            ASK[service](client)
        assert code_of(refused.value) == code


def test_a_request_signed_with_another_secret_is_refused(aws: Aws) -> None:
    client = aws.vendor("cloudwatch", **(aws.credentials() | {"aws_secret_access_key": "guessed"}))

    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        client.list_metrics()


def test_the_vendors_secret_is_checked_where_it_is_given(tmp_path: Path) -> None:
    with running_aws(tmp_path, vendor_secret="kept") as aws:
        with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
            aws.vendor("sts").get_caller_identity()
        answer = aws.vendor("sts", aws_secret_access_key="kept").get_caller_identity()

    assert answer["Account"] == "999988887777"


def test_a_request_without_a_signature_is_refused(aws: Aws) -> None:
    connection = HTTPConnection(aws.control.url.removeprefix("http://"))
    connection.request("GET", "/inference-profiles")
    answer = connection.getresponse()
    connection.close()

    assert answer.status == 403
    assert answer.headers["x-amzn-ErrorType"] == "MissingAuthenticationTokenException"


@pytest.mark.parametrize(
    ("service", "denied", "code"),
    [
        ("cloudwatch", "cloudwatch:ListMetrics", "AccessDenied"),
        ("bedrock", "bedrock:*", "AccessDeniedException"),
        ("ce", "ce:GetTags", "AccessDeniedException"),
    ],
)
def test_what_a_role_may_not_do_is_refused_in_the_protocols_own_words(
    aws: Aws, service: str, denied: str, code: str
) -> None:
    aws.control.put_role(PAYER_ROLE, EXTERNAL_ID, [denied])
    client = aws.client(service)

    with pytest.raises(ClientError) as refused:
        ASK[service](client)

    assert code_of(refused.value) == code
    assert "is not authorized to perform" in str(refused.value)


def test_the_vendors_own_key_reads_nothing(aws: Aws) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        aws.vendor("cloudwatch").list_metrics()


def test_services_and_operations_that_are_not_played_fail_loudly(aws: Aws) -> None:
    keys = aws.credentials()
    with pytest.raises(ClientError, match="SandboxNotImplemented"):
        aws.vendor("bedrock", **keys).list_guardrails()
    with pytest.raises(ClientError, match="SandboxNotImplemented"):
        aws.vendor("cloudwatch", **keys).describe_alarms()
    with pytest.raises(ClientError, match="501"):
        aws.vendor("organizations", **keys).list_accounts()


def test_roles_and_sessions_outlive_a_restart_and_so_does_the_epoch(tmp_path: Path) -> None:
    with running_aws(tmp_path) as aws:
        keys = aws.credentials()
        epoch = aws.control.health()["epoch"]
    with running_aws(tmp_path, now=NOW + timedelta(minutes=30)) as aws:
        account = aws.vendor("sts", **keys).get_caller_identity()["Account"]
        later = aws.control.health()

    assert account == "111122223333"
    assert later["epoch"] == epoch == "2026-07-27"
    assert datetime.fromisoformat(later["now"]) == NOW + timedelta(minutes=30)


@pytest.mark.parametrize(
    ("method", "name", "content"),
    [
        ("PUT", "roles", {"role_arn": "Yosan", "external_id": None}),
        ("PUT", "roles", {"role_arn": PAYER_ROLE}),
        ("PUT", "roles", {"role_arn": PAYER_ROLE, "external_id": "abc", "denied_actions": ["everything"]}),
        ("PUT", "faults", {"action": "*", "kind": "earthquake"}),
        ("PUT", "faults", {"action": "*", "kind": "throttle", "surprise": 1}),
        ("PUT", "restate", {"date": "2026-11-31", "service": "a", "usage_type": "b", "factor": "1"}),
        ("PUT", "restate", {"date": "2026-11-20", "service": "a", "usage_type": "b", "factor": "1"}),
        ("PUT", "clock", {"now": "yesterday"}),
        ("GET", "nothing", None),
        ("GET", "truth?start=never", None),
    ],
)
def test_control_calls_that_make_no_sense_are_refused(
    aws: Aws, method: str, name: str, content: dict[str, object] | None
) -> None:
    with pytest.raises(ControlRefused):
        aws.control.call(method, name, content)
