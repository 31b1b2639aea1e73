"""Reads the Bedrock inventory of a region: application inference profiles with their models, and their tags."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from billing.adapters.aws.errors import Gone, aws_errors
from billing.adapters.aws.sessions import Role, client

LIST_PROFILES = "bedrock:ListInferenceProfiles"
LIST_TAGS = "bedrock:ListTagsForResource"
LIST_MODELS = "bedrock:ListFoundationModels"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One inference profile as AWS lists it."""

    profile_id: str
    name: str
    arn: str
    model_arns: tuple[str, ...]


def list_application_profiles(role: Role, aws_region: str) -> tuple[Profile, ...]:
    """Return the application inference profiles of a region, without their tags."""
    found: list[Profile] = []
    with aws_errors(LIST_PROFILES):
        # Without the type AWS lists its own profiles only.
        paginator = client(role, "bedrock", aws_region).get_paginator("list_inference_profiles")
        for page in paginator.paginate(typeEquals="APPLICATION"):
            found.extend(_profile(summary) for summary in page["inferenceProfileSummaries"])
    return tuple(found)


def list_tags(role: Role, aws_region: str, arn: str) -> dict[str, str]:
    """Return the tags of a profile; none when it was deleted meanwhile."""
    try:
        with aws_errors(LIST_TAGS):
            answer = client(role, "bedrock", aws_region).list_tags_for_resource(resourceARN=arn)
    except Gone:
        return {}
    return {tag["key"]: tag["value"] for tag in answer["tags"]}


def list_system_profile_ids(role: Role, aws_region: str) -> tuple[str, ...]:
    """Return the ids of AWS's own cross-region profiles in a region."""
    found: list[str] = []
    with aws_errors(LIST_PROFILES):
        paginator = client(role, "bedrock", aws_region).get_paginator("list_inference_profiles")
        for page in paginator.paginate(typeEquals="SYSTEM_DEFINED"):
            found.extend(item["inferenceProfileId"] for item in page["inferenceProfileSummaries"])
    return tuple(found)


def list_foundation_model_ids(role: Role, aws_region: str) -> tuple[str, ...]:
    """Return the ids of the models that a region offers."""
    with aws_errors(LIST_MODELS):
        answer = client(role, "bedrock", aws_region).list_foundation_models()
    return tuple(item["modelId"] for item in answer["modelSummaries"])


def _profile(summary: dict[str, Any]) -> Profile:
    return Profile(
        profile_id=summary["inferenceProfileId"],
        name=summary["inferenceProfileName"],
        arn=summary["inferenceProfileArn"],
        model_arns=tuple(model["modelArn"] for model in summary.get("models", ())),
    )
