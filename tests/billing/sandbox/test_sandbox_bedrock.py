"""The sandbox's inventory of inference profiles and models."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.factories.aws import MEMBER_ROLE, NOW, Aws, code_of, running_aws


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    with running_aws(tmp_path_factory.mktemp("sandbox")) as found:
        yield found


@pytest.fixture(autouse=True)
def _today(aws: Aws) -> None:
    aws.control.set_now(NOW)


def profiles(client: Any, **more: Any) -> list[dict[str, Any]]:
    pages = client.get_paginator("list_inference_profiles").paginate(**more)
    return [profile for page in pages for profile in page["inferenceProfileSummaries"]]


def test_only_system_profiles_are_listed_unless_applications_are_asked_for(aws: Aws) -> None:
    client = aws.client("bedrock")

    assert {profile["type"] for profile in profiles(client)} == {"SYSTEM_DEFINED"}
    assert {profile["type"] for profile in profiles(client, typeEquals="APPLICATION")} == {"APPLICATION"}
    assert "global.anthropic.claude-sonnet-5" in {profile["inferenceProfileId"] for profile in profiles(client)}


def test_a_profile_of_an_application_leads_to_its_models_and_team(aws: Aws) -> None:
    client = aws.client("bedrock")
    found = {profile["inferenceProfileName"]: profile for profile in profiles(client, typeEquals="APPLICATION")}
    profile = found["p-use1-sonnet45-global-search"]
    tags = client.list_tags_for_resource(resourceARN=profile["inferenceProfileArn"])["tags"]

    assert {"key": "team", "value": "search"} in tags
    assert [model["modelArn"] for model in profile["models"]] == [
        "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-sonnet-4-5-20250929-v1:0",
        "arn:aws:bedrock:::foundation-model/anthropic.claude-sonnet-4-5-20250929-v1:0",
    ]
    for name in ("inferenceProfileId", "inferenceProfileArn"):
        again = client.get_inference_profile(inferenceProfileIdentifier=profile[name])
        assert again["inferenceProfileName"] == profile["inferenceProfileName"]


def test_profiles_are_paged(aws: Aws) -> None:
    client = aws.client("bedrock")
    whole = profiles(client, typeEquals="APPLICATION")
    first = client.list_inference_profiles(typeEquals="APPLICATION", maxResults=4)

    assert len(first["inferenceProfileSummaries"]) == 4
    assert profiles(client, typeEquals="APPLICATION", PaginationConfig={"PageSize": 4}) == whole
    with pytest.raises(ClientError, match="ValidationException"):
        client.list_inference_profiles(typeEquals="SYSTEM_DEFINED", maxResults=4, nextToken=first["nextToken"])


def test_a_deleted_profile_is_gone_and_a_launched_one_arrives(aws: Aws) -> None:
    deleted = next(row for row in aws.control.series() if not row["alive"])
    arn = f"arn:aws:bedrock:{deleted['region']}:{deleted['account']}:application-inference-profile/"
    arn += deleted["inference_profile_id"]

    def ids(region: str) -> set[str]:
        return {
            row["inferenceProfileName"] for row in profiles(aws.client("bedrock", region), typeEquals="APPLICATION")
        }

    assert deleted["series"] not in ids(deleted["region"])
    for ask in ("get_inference_profile", "list_tags_for_resource"):
        name = "inferenceProfileIdentifier" if ask == "get_inference_profile" else "resourceARN"
        with pytest.raises(ClientError) as refused:
            getattr(aws.client("bedrock", deleted["region"]), ask)(**{name: arn})
        assert code_of(refused.value) == "ResourceNotFoundException"

    aws.control.set_now(datetime(2026, 9, 1, tzinfo=UTC))
    assert deleted["series"] in ids(deleted["region"])
    assert "p-use1-sonnet5-global-search" not in ids("us-east-1")


def test_each_account_and_region_has_its_own_profiles(aws: Aws) -> None:
    payer = {row["inferenceProfileId"] for row in profiles(aws.client("bedrock"), typeEquals="APPLICATION")}
    member = {
        row["inferenceProfileId"]
        for row in profiles(aws.client("bedrock", role_arn=MEMBER_ROLE), typeEquals="APPLICATION")
    }

    assert payer
    assert member
    assert payer.isdisjoint(member)
    assert profiles(aws.client("bedrock", "eu-west-1"), typeEquals="APPLICATION") == []


def test_models_are_listed_by_provider(aws: Aws) -> None:
    client = aws.client("bedrock")

    assert len(client.list_foundation_models()["modelSummaries"]) == 9
    found = client.list_foundation_models(byProvider="Meta")["modelSummaries"]
    assert [model["modelId"] for model in found] == ["meta.llama3-3-70b-instruct-v1:0"]


def test_what_this_customer_does_not_have_is_empty(aws: Aws) -> None:
    client = aws.client("bedrock")

    assert client.list_provisioned_model_throughputs()["provisionedModelSummaries"] == []
    assert client.list_imported_models()["modelSummaries"] == []
    assert "loggingConfig" not in client.get_model_invocation_logging_configuration()


def test_malformed_arns_are_refused(aws: Aws) -> None:
    with pytest.raises(ClientError, match="ValidationException"):
        aws.client("bedrock").list_tags_for_resource(resourceARN="arn:aws:s3:::a-bucket-of-ours")
