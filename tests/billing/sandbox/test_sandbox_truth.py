"""The sandbox's traffic is real in shape, never random, and its truth agrees with what it tells by AWS's APIs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from billing.sandbox.bill import BILLED_CLASSES
from billing.sandbox.prices import DATA
from billing.sandbox.traffic import ANOMALY_DAY, all_series, hourly_tokens
from billing.sandbox.world import compute
from tests.factories.aws import MEMBER_ROLE, NOW, PAYER_ROLE, Aws, running_aws

EPOCH = date(2026, 7, 27)
REGIONS = ("us-east-1", "eu-central-1", "ap-northeast-1")
CLASSES = {
    "InputTokenCount": "input",
    "OutputTokenCount": "output",
    "TotalInputTokens": "input",
    "TotalOutputTokens": "output",
    "CacheReadInputTokens": "cache_read",
    "CacheReadInputTokenCount": "cache_read",
    "CacheWriteInputTokens": "cache_write",
    "CacheWriteInputTokenCount": "cache_write",
}


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    with running_aws(tmp_path_factory.mktemp("sandbox")) as found:
        yield found


@pytest.fixture(scope="module")
def truth(aws: Aws) -> dict[str, Any]:
    return aws.control.truth(end=NOW.date())


def named(name: str) -> Any:
    return next(series for series in all_series() if series.name == name)


def test_the_past_never_changes_when_time_goes_on() -> None:
    short, long = compute(EPOCH, 24 * 100), compute(EPOCH, 24 * 150)

    for name, tokens in short.tokens.items():
        for field, values in tokens.items():
            assert np.array_equal(values, long.tokens[name][field][: 24 * 100]), (name, field)


def test_series_are_as_many_and_as_large_as_a_real_customers(truth: dict[str, Any]) -> None:
    months: dict[str, Decimal] = defaultdict(Decimal)
    for row in truth["rows"]:
        months[row["period"][:7]] += Decimal(row["cost_billed"])

    assert 30 <= len(all_series()) <= 45
    assert Decimal(15_000) < months["2026-08"] < months["2026-10"] < Decimal(30_000)


def test_weekends_are_quieter_and_the_whole_grows() -> None:
    snapshot = compute(EPOCH, 24 * 112)
    calls = sum(tokens["input"] for name, tokens in snapshot.tokens.items() if "sonnet45" in name)
    days = np.asarray(calls).reshape(-1, 24).sum(axis=1)
    weekday = np.array([(EPOCH + timedelta(days=day)).weekday() for day in range(112)])

    assert days[weekday >= 5].mean() < 0.85 * days[weekday < 5].mean()
    assert 1.15 < days[-28:].mean() / days[:28].mean() < 1.45


def test_the_anomaly_strikes_llama_in_tokyo_for_some_hours() -> None:
    struck = hourly_tokens(named("p-apn1-llama33-search"), EPOCH, 24 * 120)
    calls = struck["invocations"].reshape(-1, 24)
    usual = (calls[ANOMALY_DAY - 14, 2:9] + calls[ANOMALY_DAY + 14, 2:9]) / 2

    assert np.all(np.abs(calls[ANOMALY_DAY, 2:9] / usual - 3) < 0.5)
    assert struck["throttles"].reshape(-1, 24)[ANOMALY_DAY].sum() > 0.15 * calls[ANOMALY_DAY, 2:9].sum()


def test_a_model_is_launched_and_a_profile_deleted_midway() -> None:
    launched = hourly_tokens(named("p-use1-sonnet5-global-search"), EPOCH, 24 * 120)["input"].reshape(-1, 24).sum(1)
    deleted = hourly_tokens(named("p-euc1-mistral-platform"), EPOCH, 24 * 120)["input"].reshape(-1, 24).sum(1)

    assert launched[:60].sum() == 0 < launched[61]
    assert deleted[109] > 0 == deleted[110:].sum()


def test_the_committed_trace_is_small() -> None:
    assert (DATA / "trace.csv.gz").stat().st_size < 1_000_000


def test_cache_writes_are_one_number_in_cloudwatch_and_two_on_the_bill() -> None:
    tokens = hourly_tokens(named("p-use1-sonnet45-global-support"), EPOCH, 24 * 30)

    assert np.array_equal(tokens["cache_write"], tokens["cache_write_5m"] + tokens["cache_write_1h"])
    assert tokens["cache_write_1h"].sum() > 0


def test_what_tiers_served_adds_up_and_what_fell_back_is_billed_as_standard() -> None:
    snapshot = compute(EPOCH, 24 * 120)
    for name, tokens in snapshot.tokens.items():
        for field, values in tokens.items():
            assert np.array_equal(sum(part[field] for _, part in snapshot.served[name]), values), (name, field)

    (standard, rest), (priority, served) = snapshot.served["p-use1-novapro-geo-platform"]
    assert (standard.tier, priority.tier) == ("standard", "priority")
    assert served["input"][: 62 * 24].sum() == 0 < served["input"][62 * 24 :].sum()
    # A quarter was served with priority; of the twentieth that fell back nothing is told apart on the bill.
    fell_back = [
        source
        for key, source in snapshot.metrics.items()
        if key.name == "InputTokenCount"
        and dict(key.dimensions).items() >= {"ServiceTier": "priority", "ResolvedServiceTier": "default"}.items()
    ]
    assert len(fell_back) == 1
    late = rest["input"][62 * 24 :]
    assert 0 < fell_back[0].values.sum() < late.sum() / 10


def list_prices(aws: Aws) -> dict[tuple[str, ...], Decimal]:
    return {
        (row["model"], row["region"], row["routing"], row["tier"], row["token_class"]): Decimal(
            row["rate_usd_per_million"]
        )
        for row in aws.control.prices()["list"]
    }


def inventory(aws: Aws, role_arn: str, region: str) -> dict[str, tuple[str, str]]:
    """Foundation model and routing behind every ModelId, as a stranger can find them out."""
    client = aws.client("bedrock", region, role_arn=role_arn)
    found: dict[str, tuple[str, str]] = {}
    for model in client.list_foundation_models()["modelSummaries"]:
        found[model["modelId"]] = (model["modelId"], "regional")
        found[model["modelId"].split("-v1:0")[0].rsplit("-20", 1)[0]] = (model["modelId"], "regional")
    for kind in ("SYSTEM_DEFINED", "APPLICATION"):
        for profile in client.list_inference_profiles(typeEquals=kind)["inferenceProfileSummaries"]:
            arns = [model["modelArn"] for model in profile["models"]]
            routing = "global" if any(":bedrock:::" in arn for arn in arns) else "regional"
            found[profile["inferenceProfileId"]] = (arns[0].split("/")[1], routing)
    return found


def visible_tokens(aws: Aws, role_arn: str, region: str) -> Iterator[tuple[str, str, str, date, int]]:
    """(ModelId, token class, tier, day, tokens) in one spelling: all of a model as standard, and the other tiers again."""
    client = aws.client("cloudwatch", region, role_arn=role_arn)
    rows: dict[tuple[str, str, str], dict[str, Any]] = {}
    for page in client.get_paginator("list_metrics").paginate():
        for metric in page["Metrics"]:
            level = {pair["Name"]: pair["Value"] for pair in metric["Dimensions"]}
            wanted = {"AWS/Bedrock": "ModelId", "AWS/BedrockMantle": "Model"}.get(metric["Namespace"])
            tier = level.pop("ResolvedServiceTier", "standard")
            level.pop("ServiceTier", None)
            if list(level) == [wanted] and tier != "default" and metric["MetricName"] in CLASSES:
                rows[metric["Dimensions"][0]["Value"], CLASSES[metric["MetricName"]], tier] = metric
    queries = [
        {"Id": f"q{place}", "MetricStat": {"Metric": metric, "Period": 86_400, "Stat": "Sum"}}
        for place, metric in enumerate(rows.values())
    ]
    start = datetime(EPOCH.year, EPOCH.month, EPOCH.day, tzinfo=UTC)
    end = NOW.replace(hour=0, minute=0)
    answer = client.get_metric_data(MetricDataQueries=queries, StartTime=start, EndTime=end)
    assert "NextToken" not in answer
    for (model, token_class, tier), result in zip(rows, answer["MetricDataResults"], strict=True):
        for stamp, value in zip(result["Timestamps"], result["Values"], strict=True):
            yield model, token_class, tier, stamp.astimezone(UTC).date(), int(value)


def test_rating_what_cloudwatch_shows_gives_the_published_truth(aws: Aws, truth: dict[str, Any]) -> None:
    prices = list_prices(aws)
    names = {row["foundation_model_id"]: row["model"] for row in aws.control.series()}
    rated: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for role_arn in (PAYER_ROLE, MEMBER_ROLE):
        for region in REGIONS:
            known = inventory(aws, role_arn, region)
            for aws_model, token_class, tier, day, tokens in visible_tokens(aws, role_arn, region):
                if aws_model not in known:
                    continue  # the deleted profile
                model, routing = known[aws_model]
                rated_as = "cache_write_5m" if token_class == "cache_write" else token_class
                rate = prices[names[model], region, routing, tier, rated_as]
                if tier != "standard":
                    rate -= prices[names[model], region, routing, "standard", rated_as]
                rated[role_arn.split(":")[4], names[model], day.isoformat()] += tokens * rate / 1_000_000
    published: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for row in truth["rows"]:
        if row["tier"] != "batch":
            published[row["account"], row["model"], row["period"]] += Decimal(row["cost_visible_list"])

    assert {key: cost for key, cost in rated.items() if cost} == {key: cost for key, cost in published.items() if cost}


def test_the_bill_is_the_visible_part_and_the_hidden_part(aws: Aws, truth: dict[str, Any]) -> None:
    until = date.fromisoformat(truth["billed_until"][:10])
    billed = sum(
        (Decimal(row["cost"]) for row in aws.control.bill(end=until) if row["bedrock"]),
        Decimal(0),
    )
    rows = [*truth["rows"], *truth["orphaned"]]
    visible = sum(Decimal(row["cost_visible"]) for row in rows if row["period"] < until.isoformat())
    unseen = [*truth["guardrails"], *truth["others"]]
    hidden = sum(Decimal(row["cost_hidden"]) for row in [*rows, *unseen] if row["period"] < until.isoformat())

    assert billed == visible + hidden
    assert hidden > 0


def test_the_private_rate_is_the_whole_difference_between_list_and_paid(aws: Aws, truth: dict[str, Any]) -> None:
    (cut,) = aws.control.prices()["private"]

    assert (cut["factor"], cut["routing"], cut["effective_from"]) == ("0.75", "global", "2026-10-15")
    for row in truth["rows"]:
        is_cut = (row["foundation_model_id"], row["routing"]) == (cut["foundation_model_id"], "global")
        factor = Decimal("0.75") if is_cut and row["period"] >= cut["effective_from"] else Decimal(1)
        assert Decimal(row["cost_visible"]) == Decimal(row["cost_visible_list"]) * factor


def test_what_is_assumed_is_the_cache_writes_and_what_is_hidden_is_their_hour(truth: dict[str, Any]) -> None:
    for row in truth["rows"]:
        assert Decimal(row["cost_assumed"]) == Decimal(row["cost_by_class"].get("cache_write", 0))
        if row["tier"] == "batch":
            assert Decimal(row["cost_visible"]) == 0 < Decimal(row["cost_hidden"])
        else:
            assert (Decimal(row["cost_hidden"]) > 0) == (row["tokens"]["cache_write_1h"] > 0)


def test_the_three_families_of_usage_types_are_on_the_bill(aws: Aws) -> None:
    lines = {(row["service"], row["usage_type"], row["unit"]) for row in aws.control.bill(date(2026, 11, 1))}

    assert ("Amazon Bedrock", "USE1-Llama3-3-70B-input-tokens", "1K tokens") in lines
    assert ("Amazon Bedrock", "USE1-NovaPro-output-tokens-priority", "1K tokens") in lines
    assert ("Amazon Bedrock", "USE1-Qwen3-32B-input-tokens-flex", "1K tokens") in lines
    assert ("Amazon Bedrock Service", "USE1-Claude4.5Opus-output-tokens-cross-region-global", "1K tokens") in lines
    assert (
        "Amazon Bedrock Service",
        "USE1-anthropic.claude-haiku-4-5-mantle-input-tokens-standard",
        "1K tokens",
    ) in lines
    assert (
        "Claude Sonnet 5 (Amazon Bedrock Edition)",
        "USE1-MP:USE1_cache_write_tokens_1h_global_standard-Units",
        "Units",
    ) in lines
    assert ("Amazon Bedrock", "USE1-Guardrail-ContentPolicyUnitsConsumed", "TextUnits") in lines


def test_every_billed_token_has_a_price(aws: Aws) -> None:
    prices = list_prices(aws)

    for series, tokens in (part for parts in compute(EPOCH, 24 * 120).served.values() for part in parts):
        routing = "global" if series.routing == "global" else "regional"
        for token_class in BILLED_CLASSES:
            if tokens[token_class].any():
                assert prices[series.model, series.region, routing, series.tier, token_class] > 0


def test_hours_of_the_truth_add_up_to_its_days(aws: Aws, truth: dict[str, Any]) -> None:
    hours: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for row in aws.control.truth(date(2026, 10, 10), date(2026, 10, 20), granularity="hour")["rows"]:
        hours[row["series"], row["tier"], row["period"][:10]] += Decimal(row["cost_billed"])
    days = {
        (row["series"], row["tier"], row["period"]): Decimal(row["cost_billed"])
        for row in truth["rows"]
        if "2026-10-10" <= row["period"] < "2026-10-20"
    }

    assert hours == days
