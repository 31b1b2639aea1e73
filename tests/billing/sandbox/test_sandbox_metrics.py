"""Which metrics the sandbox lists, and under which names and dimensions the same traffic appears."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.factories.aws import MEMBER_ROLE, NOW, PAYER_ROLE, SONNET, Aws, listed, one, running_aws


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    with running_aws(tmp_path_factory.mktemp("sandbox")) as found:
        yield found


@pytest.fixture(autouse=True)
def _calm(aws: Aws) -> None:
    aws.control.clear_faults()
    aws.control.set_now(NOW)


def test_metrics_are_listed_in_pages(aws: Aws) -> None:
    client = aws.client("cloudwatch")
    whole = listed(client)
    aws.control.set_page_size("ListMetrics", 50)
    paged = listed(client)
    aws.control.set_page_size("ListMetrics", 500)

    assert paged == whole
    assert len(whole) > 200
    assert {namespace for namespace, _, _ in whole} == {
        "AWS/Bedrock",
        "AWS/BedrockMantle",
        "AWS/Bedrock/Agents",
        "AWS/Bedrock/Guardrails",
    }


def test_listing_narrows_by_name_and_dimension(aws: Aws) -> None:
    client = aws.client("cloudwatch")
    found = listed(
        client,
        Namespace="AWS/Bedrock",
        MetricName="InputTokenCount",
        Dimensions=[{"Name": "ModelId", "Value": SONNET}],
    )

    assert [dimensions for _, _, dimensions in found] == [
        {"ModelId": SONNET},
        {"ModelId": SONNET, "ResolvedServiceTier": "default", "ServiceTier": "default"},
    ]


def test_a_metric_silent_for_two_weeks_vanishes_but_its_data_remains(aws: Aws) -> None:
    deleted = next(row for row in aws.control.series() if not row["alive"])
    own = {"ModelId": deleted["inference_profile_id"]}
    filters = {"Namespace": "AWS/Bedrock", "Dimensions": [{"Name": "ModelId", "Value": own["ModelId"]}]}
    client = aws.client("cloudwatch", deleted["region"])
    ten_days_later = listed(client, **filters)
    aws.control.set_now(NOW + timedelta(days=5))
    client = aws.client("cloudwatch", deleted["region"])

    assert ten_days_later
    assert listed(client, **filters) == []
    assert sum(one(client, dimensions=own, start=NOW - timedelta(days=30)).values()) > 0


def test_recently_active_means_three_hours(aws: Aws) -> None:
    client = aws.client("cloudwatch", "eu-central-1")
    lately = listed(client, RecentlyActive="PT3H")

    assert 0 < len(lately) < len(listed(client))


def test_the_cache_metrics_are_spelled_by_account_and_once_both_ways(aws: Aws) -> None:
    def spellings(region: str, role_arn: str) -> set[str]:
        rows = listed(aws.client("cloudwatch", region, role_arn=role_arn), Namespace="AWS/Bedrock")
        return {name for _, name, _ in rows if name.startswith("CacheRead")}

    assert spellings("us-east-1", PAYER_ROLE) == {"CacheReadInputTokens"}
    assert spellings("us-east-1", MEMBER_ROLE) == {"CacheReadInputTokenCount"}
    assert spellings("eu-central-1", PAYER_ROLE) == {"CacheReadInputTokens", "CacheReadInputTokenCount"}
    profile = next(row for row in aws.control.series() if row["series"] == "p-euc1-sonnet45-geo-support")
    own = {"ModelId": profile["aws_model_id"]}
    client = aws.client("cloudwatch", "eu-central-1")
    assert one(client, name="CacheReadInputTokens", dimensions=own) == one(
        client, name="CacheReadInputTokenCount", dimensions=own
    )


def test_mantle_tells_the_same_inferences_at_four_levels(aws: Aws) -> None:
    client = aws.client("cloudwatch")
    rows = listed(client, Namespace="AWS/BedrockMantle", MetricName="TotalInputTokens")
    sums: dict[tuple[str, ...], float] = {}
    for _, name, dimensions in rows:
        total = sum(one(client, name=name, namespace="AWS/BedrockMantle", dimensions=dimensions).values())
        level = tuple(sorted(dimensions))
        sums[level] = sums.get(level, 0) + total

    assert set(sums) == {(), ("Model",), ("Project",), ("Model", "Project")}
    assert len(set(sums.values())) == 1


def test_agents_repeat_tokens_and_tiers_duplicate_them(aws: Aws) -> None:
    client = aws.client("cloudwatch")
    rows = listed(client, Namespace="AWS/Bedrock/Agents", MetricName="InputTokenCount")
    model = rows[0][2]["ModelId"]

    repeated = one(client, namespace="AWS/Bedrock/Agents", dimensions=rows[0][2])
    again = one(client, dimensions={"ModelId": model, "ServiceTier": "default", "ResolvedServiceTier": "default"})

    assert repeated == again == one(client, dimensions={"ModelId": model})


def test_an_account_sees_itself_and_a_region_only(aws: Aws) -> None:
    member = aws.client("cloudwatch", role_arn=MEMBER_ROLE)
    elsewhere = aws.client("cloudwatch", "eu-west-1")

    assert one(member) != one(aws.client("cloudwatch"))
    assert listed(elsewhere) == []
    assert one(elsewhere) == {}
