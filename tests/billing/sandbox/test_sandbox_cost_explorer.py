"""The sandbox's Cost Explorer tells its bill, and refuses what Cost Explorer refuses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from botocore.exceptions import ClientError

from billing.sandbox.control import ControlRefused
from tests.factories.aws import MEMBER_ROLE, NOW, Aws, code_of, running_aws

OCTOBER = {"Start": "2026-10-01", "End": "2026-11-01"}
BY_TYPE = [{"Type": "DIMENSION", "Key": "SERVICE"}, {"Type": "DIMENSION", "Key": "USAGE_TYPE"}]
BEDROCK = {"Dimensions": {"Key": "SERVICE", "Values": ["Amazon Bedrock", "Amazon Bedrock Service"]}}


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    with running_aws(tmp_path_factory.mktemp("sandbox")) as found:
        yield found


@pytest.fixture
def own_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    with running_aws(tmp_path_factory.mktemp("sandbox")) as found:
        yield found


def pages(client: Any, **question: Any) -> list[dict[str, Any]]:
    asked = {"TimePeriod": OCTOBER, "Granularity": "DAILY", "Metrics": ["UnblendedCost", "UsageQuantity"]} | question
    found = [client.get_cost_and_usage(**asked)]
    while "NextPageToken" in found[-1]:
        found.append(client.get_cost_and_usage(**asked, NextPageToken=found[-1]["NextPageToken"]))
    return found


def groups(client: Any, **question: Any) -> dict[tuple[str, ...], Decimal]:
    """Unblended cost by start and keys."""
    sums: dict[tuple[str, ...], Decimal] = {}
    for page in pages(client, **question):
        for period in page["ResultsByTime"]:
            for group in period["Groups"]:
                key = (period["TimePeriod"]["Start"], *group["Keys"])
                assert key not in sums
                sums[key] = Decimal(group["Metrics"]["UnblendedCost"]["Amount"])
    return sums


def total(client: Any, **question: Any) -> Decimal:
    return sum(
        (
            Decimal(period["Total"]["UnblendedCost"]["Amount"])
            for page in pages(client, **question)
            for period in page["ResultsByTime"]
        ),
        Decimal(0),
    )


def test_the_payers_bill_is_the_published_bill(aws: Aws) -> None:
    wanted: dict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    for row in aws.control.bill(date(2026, 10, 1), date(2026, 11, 1)):
        wanted[row["date"], row["service"], row["usage_type"]] += Decimal(row["cost"])

    assert groups(aws.client("ce"), GroupBy=BY_TYPE) == wanted


def test_a_day_may_continue_on_the_next_page(own_aws: Aws) -> None:
    client = own_aws.client("ce")
    question = {"GroupBy": BY_TYPE, "TimePeriod": {"Start": "2026-10-01", "End": "2026-10-05"}}
    whole = groups(client, **question)
    own_aws.control.set_page_size("GetCostAndUsage", 37)
    edges = [
        (page["ResultsByTime"][0]["TimePeriod"], page["ResultsByTime"][-1]["TimePeriod"])
        for page in pages(client, **question)
    ]

    assert len(edges) == -(-len(whole) // 37)
    assert groups(client, **question) == whole
    assert any(last == first for (_, last), (first, _) in pairwise(edges))


def test_a_page_mark_with_another_question_is_refused(own_aws: Aws) -> None:
    client = own_aws.client("ce")
    own_aws.control.set_page_size("GetCostAndUsage", 10)
    question = {"TimePeriod": OCTOBER, "Granularity": "DAILY", "Metrics": ["UnblendedCost"], "GroupBy": BY_TYPE}
    mark = client.get_cost_and_usage(**question)["NextPageToken"]

    with pytest.raises(ClientError, match="RequestChangedException"):
        client.get_cost_and_usage(**(question | {"Metrics": ["AmortizedCost"]}), NextPageToken=mark)
    with pytest.raises(ClientError, match="RequestChangedException"):
        client.get_cost_and_usage(
            **{name: value for name, value in question.items() if name != "GroupBy"}, NextPageToken=mark
        )
    with pytest.raises(ClientError, match="InvalidNextTokenException"):
        client.get_cost_and_usage(**question, NextPageToken="forged")


def test_the_payer_sees_its_members_and_a_member_itself(aws: Aws) -> None:
    by_account = [{"Type": "DIMENSION", "Key": "LINKED_ACCOUNT"}]
    payer, member = aws.client("ce"), aws.client("ce", role_arn=MEMBER_ROLE)
    answer = pages(payer, GroupBy=by_account)[0]

    assert {key for _, key in groups(payer, GroupBy=by_account)} == {"111122223333", "444455556666"}
    assert {key for _, key in groups(member, GroupBy=by_account)} == {"444455556666"}
    assert {row["Value"]: row["Attributes"]["description"] for row in answer["DimensionValueAttributes"]} == {
        "111122223333": "Acme Production",
        "444455556666": "Acme Research",
    }
    alone = {"Dimensions": {"Key": "LINKED_ACCOUNT", "Values": ["444455556666"]}}
    assert total(member) == total(payer, Filter=alone) > 0


def test_an_account_that_never_was_has_an_empty_bill(own_aws: Aws) -> None:
    role = "arn:aws:iam::777788889999:role/Yosan"
    own_aws.control.put_role(role, "a-long-random-text")

    assert total(own_aws.client("ce", role_arn=role)) == 0


def test_services_are_discovered_by_name(aws: Aws) -> None:
    answer = aws.client("ce").get_dimension_values(TimePeriod=OCTOBER, Dimension="SERVICE", SearchString="bedrock")

    assert [row["Value"] for row in answer["DimensionValues"]] == [
        "Amazon Bedrock",
        "Amazon Bedrock AgentCore",
        "Amazon Bedrock Service",
        "Claude Haiku 4.5 (Amazon Bedrock Edition)",
        "Claude Opus 4.5 (Amazon Bedrock Edition)",
        "Claude Sonnet 4.5 (Amazon Bedrock Edition)",
        "Claude Sonnet 5 (Amazon Bedrock Edition)",
    ]
    assert answer["ReturnSize"] == answer["TotalSize"] == 7


def test_a_filter_leaves_the_other_services_out(aws: Aws) -> None:
    client = aws.client("ce")
    storage = {"Dimensions": {"Key": "SERVICE", "Values": ["Amazon Simple Storage Service"]}}

    assert total(client, Filter={"Not": storage}) == total(client) - total(client, Filter=storage)
    assert total(client, Filter={"Or": [BEDROCK, storage]}) == total(client, Filter=BEDROCK) + total(
        client, Filter=storage
    )
    assert total(client, Filter={"And": [BEDROCK, storage]}) == 0
    nobody = {"Dimensions": {"Key": "SERVICE", "Values": ["Amazon Nothing"]}}
    assert total(client, Filter=nobody) == 0


def test_tags_group_by_team_and_an_unknown_key_costs_nothing(aws: Aws) -> None:
    client = aws.client("ce")
    found = groups(client, Granularity="MONTHLY", GroupBy=[{"Type": "TAG", "Key": "team"}])

    assert {key for _, key in found} == {"team$", "team$search", "team$support", "team$platform", "team$research"}
    assert sum(found.values()) == total(client)
    assert total(client, Filter={"Tags": {"Key": "colour", "Values": ["red"]}}) == 0
    assert client.get_tags(TimePeriod=OCTOBER)["Tags"] == ["team"]
    assert "search" in client.get_tags(TimePeriod=OCTOBER, TagKey="team")["Tags"]


def test_product_attributes_start_in_september(own_aws: Aws) -> None:
    client = own_aws.client("ce")
    by_model = [{"Type": "PRODUCT_ATTRIBUTE", "Key": "model"}]

    found = groups(client, GroupBy=by_model)

    assert ("2026-10-15", "model$Claude Sonnet 4.5") in found
    with pytest.raises(ClientError, match="DataUnavailableException"):
        groups(client, GroupBy=by_model, TimePeriod={"Start": "2026-08-31", "End": "2026-09-02"})


def test_months_and_hours_add_up_to_days(aws: Aws) -> None:
    client = aws.client("ce")
    day = {"Start": "2026-11-20", "End": "2026-11-21"}
    hours = {"Start": "2026-11-20T00:00:00Z", "End": "2026-11-21T00:00:00Z"}

    assert total(client, Granularity="MONTHLY") == total(client)
    assert total(client, Granularity="HOURLY", TimePeriod=hours) == total(client, TimePeriod=day) > 0


def test_costs_come_in_every_metric_and_quantities_with_their_unit(aws: Aws) -> None:
    metrics = [
        "AmortizedCost",
        "BlendedCost",
        "NetAmortizedCost",
        "NetUnblendedCost",
        "NormalizedUsageAmount",
        "UnblendedCost",
        "UsageQuantity",
    ]
    found = pages(aws.client("ce"), Metrics=metrics, GroupBy=BY_TYPE)[0]["ResultsByTime"][0]["Groups"]
    by_key = {tuple(group["Keys"]): group["Metrics"] for group in found}
    marketplace = by_key["Claude Sonnet 4.5 (Amazon Bedrock Edition)", "USE1-MP:USE1_InputTokenCount_Global-Units"]
    nova = by_key["Amazon Bedrock", "USE1-NovaPro-input-tokens"]

    assert sorted(nova) == metrics
    assert marketplace["UsageQuantity"]["Unit"] == "Units"
    assert nova["UsageQuantity"]["Unit"] == "1K tokens"
    assert Decimal(nova["UnblendedCost"]["Amount"]) / Decimal(nova["UsageQuantity"]["Amount"]) == Decimal("0.0008")
    mixed = pages(aws.client("ce"))[0]["ResultsByTime"][0]["Total"]["UsageQuantity"]
    assert mixed["Unit"] == "N/A"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"Granularity": "WEEKLY"}, "ValidationException"),
        ({"Metrics": []}, "ValidationException"),
        ({"Metrics": ["UNBLENDED_COST"]}, "ValidationException"),
        ({"TimePeriod": {"Start": "2026-11-31", "End": "2026-12-01"}}, "ValidationException"),
        ({"TimePeriod": {"Start": "2026-11-03", "End": "2026-11-03"}}, "ValidationException"),
        ({"TimePeriod": {"Start": "2026-11-03T00:00:00Z", "End": "2026-11-04T00:00:00Z"}}, "ValidationException"),
        ({"TimePeriod": {"Start": "2025-09-30", "End": "2025-10-02"}}, "ValidationException"),
        ({"TimePeriod": {"Start": "2026-11-01", "End": "2026-12-02"}}, "ValidationException"),
        ({"Granularity": "HOURLY", "TimePeriod": OCTOBER}, "ValidationException"),
        (
            {
                "Granularity": "HOURLY",
                "TimePeriod": {"Start": "2026-11-09T00:00:00Z", "End": "2026-11-09T05:00:00Z"},
            },
            "ValidationException",
        ),
        ({"GroupBy": [*BY_TYPE, {"Type": "TAG", "Key": "team"}]}, "ValidationException"),
        ({"GroupBy": [BY_TYPE[0], BY_TYPE[0]]}, "ValidationException"),
        ({"GroupBy": [{"Type": "DIMENSION"}]}, "ValidationException"),
        ({"GroupBy": [{"Key": "SERVICE"}]}, "ValidationException"),
        ({"GroupBy": [{"Type": "DIMENSION", "Key": "COLOUR"}]}, "ValidationException"),
        ({"GroupBy": [{"Type": "COST_CATEGORY", "Key": "x"}]}, "SandboxNotImplemented"),
        ({"Filter": {}}, "ValidationException"),
        ({"Filter": {**BEDROCK, "Tags": {"Key": "team", "Values": ["search"]}}}, "ValidationException"),
        ({"Filter": {"And": [BEDROCK]}}, "ValidationException"),
        ({"Filter": {"Dimensions": {"Key": "SERVICE", "Values": []}}}, "ValidationException"),
        (
            {"Filter": {"Dimensions": {"Key": "SERVICE", "Values": ["Bedrock"], "MatchOptions": ["CONTAINS"]}}},
            "ValidationException",
        ),
        ({"Filter": {"Dimensions": {"Key": "TENANCY", "Values": ["x"]}}}, "SandboxNotImplemented"),
        ({"BillingViewArn": "arn:aws:billing::111122223333:billingview/primary"}, "SandboxNotImplemented"),
    ],
)
def test_bad_questions_are_refused(aws: Aws, wrong: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as refused:
        pages(aws.client("ce"), **wrong)

    assert code_of(refused.value) == code


def test_thirteen_months_back_is_the_limit(aws: Aws) -> None:
    assert total(aws.client("ce"), TimePeriod={"Start": "2025-10-01", "End": "2025-10-02"}) == 0


def test_page_size_of_values_needs_an_order(aws: Aws) -> None:
    with pytest.raises(ClientError, match="ValidationException"):
        aws.client("ce").get_dimension_values(TimePeriod=OCTOBER, Dimension="SERVICE", MaxResults=5)


def test_today_is_absent_and_yesterday_grows_until_it_is_whole(own_aws: Aws) -> None:
    question = {"TimePeriod": {"Start": "2026-11-22", "End": "2026-11-25"}}

    def by_day() -> list[Decimal]:
        found = pages(own_aws.client("ce"), **question)[0]["ResultsByTime"]
        return [Decimal(period["Total"]["UnblendedCost"]["Amount"]) for period in found]

    early = by_day()
    own_aws.control.set_now(datetime(2026, 11, 24, 16, 30, tzinfo=UTC))
    late = by_day()

    assert early[0] == late[0]
    assert 0 < early[1] < late[1]
    assert early[2] == late[2] == 0


def test_a_month_is_an_estimate_until_the_fifth_of_the_next(own_aws: Aws) -> None:
    question = {"TimePeriod": {"Start": "2026-10-31", "End": "2026-11-02"}}

    def marks() -> list[bool]:
        return [period["Estimated"] for period in pages(own_aws.client("ce"), **question)[0]["ResultsByTime"]]

    assert marks() == [False, True]
    own_aws.control.set_now(datetime(2026, 12, 5, 1, tzinfo=UTC))
    assert marks() == [False, True]
    own_aws.control.set_now(datetime(2026, 12, 6, 1, tzinfo=UTC))
    assert marks() == [False, False]


def test_a_restatement_changes_one_line_of_one_day(own_aws: Aws) -> None:
    line = ("2026-11-10", "Amazon Bedrock", "USE1-NovaPro-input-tokens")
    before = groups(own_aws.client("ce"), GroupBy=BY_TYPE, TimePeriod={"Start": "2026-11-09", "End": "2026-11-12"})
    own_aws.control.restate(date(2026, 11, 10), service=line[1], usage_type=line[2], factor="0.9")
    after = groups(own_aws.client("ce"), GroupBy=BY_TYPE, TimePeriod={"Start": "2026-11-09", "End": "2026-11-12"})

    assert after.pop(line) == before.pop(line) * Decimal("0.9")
    assert after == before


def test_a_bill_that_comes_late_tells_a_share_of_what_was_used_until_the_change_is_taken_back(own_aws: Aws) -> None:
    period = {"TimePeriod": {"Start": "2026-11-10", "End": "2026-11-11"}}
    line = ("2026-11-10", "Amazon Bedrock", "USE1-NovaPro-input-tokens")
    before = groups(own_aws.client("ce"), GroupBy=BY_TYPE, **period)
    own_aws.control.restate(
        date(2026, 11, 10), service=line[1], usage_type=line[2], factor="0.5", quantity_factor="0.5"
    )
    (row,) = [
        row for row in own_aws.control.bill(date(2026, 11, 10), date(2026, 11, 11)) if row["usage_type"] == line[2]
    ]
    assert Decimal(row["cost"]) == before[line] / 2
    own_aws.control.forget_changes()
    assert groups(own_aws.client("ce"), GroupBy=BY_TYPE, **period) == before


def test_a_credit_stands_under_its_record_type(own_aws: Aws) -> None:
    period = {"TimePeriod": {"Start": "2026-11-10", "End": "2026-11-11"}}
    by_record = [{"Type": "DIMENSION", "Key": "LINKED_ACCOUNT"}, {"Type": "DIMENSION", "Key": "RECORD_TYPE"}]
    before = groups(own_aws.client("ce"), GroupBy=by_record, **period)
    own_aws.control.charge(date(2026, 11, 10), service="Amazon Bedrock", record_type="Credit", amount="-12.50")
    after = groups(own_aws.client("ce"), GroupBy=by_record, **period)
    assert after.pop(("2026-11-10", "111122223333", "Credit")) == Decimal("-12.50")
    assert after == before
    with pytest.raises(ControlRefused):
        own_aws.control.charge(date(2026, 11, 10), service="Amazon Bedrock", record_type="Gift", amount="1")


def test_throttled_and_failing_calls_look_like_cost_explorers(own_aws: Aws) -> None:
    own_aws.control.put_fault("GetCostAndUsage", "throttle", count=1)

    with pytest.raises(ClientError) as refused:
        pages(own_aws.client("ce"))

    assert code_of(refused.value) == "ThrottlingException"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert pages(own_aws.client("ce"))


def test_yesterday_is_at_least_begun_at_noon(own_aws: Aws) -> None:
    own_aws.control.set_now(NOW + timedelta(hours=6))

    assert total(own_aws.client("ce"), TimePeriod={"Start": "2026-11-23", "End": "2026-11-24"}) > 0
