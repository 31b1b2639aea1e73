"""The adapters against the sandbox: every page, no query too many, credentials kept while they last, calls kept apart."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from billing.adapters.aws import bedrock, cloudwatch, cost_explorer, sessions
from billing.adapters.aws.errors import Denied, Refused
from billing.adapters.aws.sessions import Role, can_assume, make_session_name, parse_time
from billing.domain.collection import is_ai_service
from billing.domain.connections import Charge
from billing.sandbox.control import Control
from config.local.installation import SANDBOX_CREDENTIALS
from tests.factories.aws import EXTERNAL_ID, NOW, PAYER_ROLE, SONNET, running_aws

ROLE = Role(role_arn=PAYER_ROLE, external_id=EXTERNAL_ID, session_name="yosan-acme-test")
INPUT = cloudwatch.Metric(namespace="AWS/Bedrock", name="InputTokenCount", dimensions=(("ModelId", SONNET),))
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Control]:
    with running_aws(tmp_path_factory.mktemp("sandbox")) as started:
        yield started.control


@pytest.fixture(autouse=True)
def aws(server: Control, monkeypatch: pytest.MonkeyPatch) -> Control:
    for name, value in {**SANDBOX_CREDENTIALS, "AWS_ENDPOINT_URL": server.url}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sessions, "SESSIONS", sessions.Sessions())
    monkeypatch.setattr(cost_explorer, "SECONDS_BETWEEN_CALLS", 0.0)
    server.clear_faults()
    server.clear_calls()
    return server


def test_a_role_is_assumed_once_and_again_when_its_credentials_are_about_to_end(
    aws: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        cloudwatch.list_metrics(ROLE, "us-east-1", "AWS/BedrockMantle")
    assert aws.calls()["AssumeRole"] == 1
    monkeypatch.setattr(sessions, "RENEWAL", timedelta(hours=2))
    cloudwatch.list_metrics(ROLE, "us-east-1", "AWS/BedrockMantle")
    assert aws.calls()["AssumeRole"] == 2


def test_the_proof_is_asked_of_aws_every_time(aws: Control) -> None:
    assert can_assume(ROLE)
    assert can_assume(ROLE)
    assert not can_assume(Role(role_arn=PAYER_ROLE, external_id="wrong", session_name="yosan-acme-test"))
    assert not can_assume(Role(role_arn=PAYER_ROLE, external_id=None, session_name="yosan-acme-test"))
    assert aws.calls()["AssumeRole"] == 4


def test_the_customer_sees_who_came_for_what() -> None:
    assert make_session_name("acme", "collect") == "yosan-acme-collect"
    assert make_session_name("x" * 60, "collect") == f"yosan-{'x' * 40}-collect"
    assert make_session_name("日本", "verify") == "yosan----verify"
    assert sessions.get_principal_arn().startswith("arn:aws:iam::")


def test_times_are_utc_however_aws_writes_them() -> None:
    for written in (1763366400, 1763366400.0, "2025-11-17T08:00:00Z"):
        assert parse_time(written) == datetime(2025, 11, 17, 8, tzinfo=UTC)
        assert parse_time(written).utcoffset() == timedelta(0)


def test_all_pages_of_metrics_are_read(aws: Control) -> None:
    whole = cloudwatch.list_metrics(ROLE, "us-east-1", "AWS/Bedrock")
    aws.set_page_size("ListMetrics", 7)
    try:
        assert cloudwatch.list_metrics(ROLE, "us-east-1", "AWS/Bedrock") == whole
    finally:
        aws.set_page_size("ListMetrics", 500)
    assert INPUT in whole


def test_all_pages_of_values_are_put_together(aws: Control) -> None:
    end = NOW.replace(minute=0)
    charge = Charge()
    (whole,) = cloudwatch.fetch_sums(ROLE, "us-east-1", [INPUT], end - 3 * DAY, end, charge=charge)
    assert charge.metrics == 1
    assert len(whole.starts) == len(whole.sums) > 40
    assert list(whole.starts) == sorted(whole.starts)
    aws.set_page_size("GetMetricData", 5)
    try:
        assert cloudwatch.fetch_sums(ROLE, "us-east-1", [INPUT], end - 3 * DAY, end, charge=Charge()) == (whole,)
    finally:
        aws.set_page_size("GetMetricData", 100_800)


def test_a_metric_without_data_is_empty_and_not_an_error() -> None:
    nothing = cloudwatch.Metric(namespace="AWS/Bedrock", name="InputTokenCount", dimensions=(("ModelId", "none"),))
    (found,) = cloudwatch.fetch_sums(ROLE, "us-east-1", [nothing], NOW - DAY, NOW, charge=Charge())
    assert (found.starts, found.sums) == ((), ())


def test_no_call_asks_more_than_aws_answers() -> None:
    with pytest.raises(AssertionError):
        cloudwatch.fetch_sums(ROLE, "us-east-1", [INPUT] * 501, NOW - DAY, NOW, charge=Charge())


def test_a_request_that_aws_calls_wrong_is_refused() -> None:
    with pytest.raises(Refused):
        cloudwatch.fetch_sums(ROLE, "us-east-1", [INPUT], NOW, NOW - DAY, charge=Charge())


def test_all_pages_of_the_bill_are_read(aws: Control) -> None:
    end = NOW.date()
    found = cost_explorer.list_values(ROLE, "SERVICE", end - 9 * DAY, end, charge=Charge())
    services = [service for service in found if is_ai_service(service)]
    assert services
    assert all("Bedrock" in service for service in services)

    def read(charge: Charge) -> list[cost_explorer.CostGroup]:
        pages = cost_explorer.fetch_daily_costs(
            ROLE,
            end - 9 * DAY,
            end,
            group_by=["SERVICE", "USAGE_TYPE"],
            only={"SERVICE": services},
            charge=charge,
        )
        return [group for page in pages for group in page]

    at_once, page_by_page = Charge(), Charge()
    whole = read(at_once)
    aws.set_page_size("GetCostAndUsage", 3)
    try:
        paged = read(page_by_page)
    finally:
        aws.set_page_size("GetCostAndUsage", 10_000)
    # Every page costs the customer a cent, and is counted.
    assert at_once.cost_explorer_requests == 1
    assert page_by_page.cost_explorer_requests == aws.calls()["GetCostAndUsage"] - 1 == -(-len(whole) // 3)
    assert sorted(paged, key=str) == sorted(whole, key=str)
    assert {group.day for group in whole} <= {date.fromordinal(end.toordinal() - back) for back in range(1, 10)}


def test_calls_to_one_bill_are_a_second_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost_explorer, "SECONDS_BETWEEN_CALLS", 0.2)
    monkeypatch.setattr(cost_explorer, "PACE", cost_explorer._Pace())
    began = time.monotonic()
    for _ in range(3):
        cost_explorer.list_values(ROLE, "SERVICE", NOW.date() - DAY, NOW.date(), charge=Charge())
    assert time.monotonic() - began >= 0.4


def test_profiles_come_with_their_models_and_tags() -> None:
    profiles = bedrock.list_application_profiles(ROLE, "us-east-1")
    assert profiles
    assert all(profile.model_arns for profile in profiles)
    tags = [bedrock.list_tags(ROLE, "us-east-1", profile.arn) for profile in profiles]
    assert any(found.get("team") == "search" for found in tags)
    gone = profiles[0].arn[:-4] + "0000"
    assert bedrock.list_tags(ROLE, "us-east-1", gone) == {}
    assert bedrock.list_foundation_model_ids(ROLE, "us-east-1")
    assert all("." in profile_id for profile_id in bedrock.list_system_profile_ids(ROLE, "us-east-1"))


def test_a_denied_call_names_the_action(aws: Control) -> None:
    aws.put_role(PAYER_ROLE, EXTERNAL_ID, ["bedrock:ListInferenceProfiles"])
    try:
        with pytest.raises(Denied) as caught:
            bedrock.list_application_profiles(ROLE, "us-east-1")
    finally:
        aws.put_role(PAYER_ROLE, EXTERNAL_ID)
    assert caught.value.action == "bedrock:ListInferenceProfiles"
