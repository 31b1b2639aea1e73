"""Bedrock's inventory: inference profiles with their tags, foundation models, and what does not exist here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from billing.sandbox import names
from billing.sandbox.errors import AwsError, NotStaged, validation_exception
from billing.sandbox.service import Context, make_token, read_token, without
from billing.sandbox.traffic import Series, all_series

DEFAULT_PAGE: Final = 100
ARN: Final = re.compile(r"^arn:aws:bedrock:[a-z0-9-]+:\d{12}:[a-z0-9-]+/\S+$")


def _created(context: Context, series: Series) -> Any:
    return context.world.start + timedelta(days=series.from_day - 1, hours=9)


def _application(context: Context, series: Series) -> dict[str, Any]:
    created = _created(context, series)
    return {
        "inferenceProfileName": series.name,
        "description": f"{series.team} on {names.MODELS[series.model].title}",
        "createdAt": created,
        "updatedAt": created,
        "inferenceProfileArn": names.profile_arn(series),
        "models": [{"modelArn": arn} for arn in names.model_arns(series.model, series.region, series.routing)],
        "inferenceProfileId": names.profile_id(series),
        "status": "ACTIVE",
        "type": "APPLICATION",
    }


def _applications(context: Context) -> Iterator[Series]:
    for series in all_series():
        here = (series.account, series.region) == (context.caller.account, context.caller.region)
        if here and names.has_profile(series) and context.world.series_alive(series):
            yield series


def _systems(context: Context) -> Iterator[dict[str, Any]]:
    region, account = context.caller.region, context.caller.account
    if region not in names.REGION_PREFIX:
        return
    for model, facts in names.MODELS.items():
        for routing in ("geo", "global") if model.startswith("claude") else ("geo",):
            profile = names.routed_id(model, region, routing)
            yield {
                "inferenceProfileName": f"{profile.split('.')[0].upper()} {facts.provider} {facts.title}",
                "description": f"Routes requests to {facts.title}",
                "createdAt": context.world.start - timedelta(days=200),
                "updatedAt": context.world.start - timedelta(days=200),
                "inferenceProfileArn": f"arn:aws:bedrock:{region}:{account}:inference-profile/{profile}",
                "models": [{"modelArn": arn} for arn in names.model_arns(model, region, routing)],
                "inferenceProfileId": profile,
                "status": "ACTIVE",
                "type": "SYSTEM_DEFINED",
            }


def list_inference_profiles(context: Context, parameters: dict[str, Any]) -> dict[str, Any]:
    """Only system profiles, unless application profiles are asked for."""
    if parameters.get("typeEquals", "SYSTEM_DEFINED") == "APPLICATION":
        found = [_application(context, series) for series in _applications(context)]
    else:
        found = list(_systems(context))
    bare = without(parameters, "nextToken")
    invalid = validation_exception("The provided nextToken is invalid.")
    start = read_token(parameters.get("nextToken"), bare, context.caller, invalid=invalid, changed=invalid)
    size = context.state.page_sizes.get("ListInferenceProfiles", DEFAULT_PAGE)
    end = start + min(parameters.get("maxResults", size), size)
    answer: dict[str, Any] = {"inferenceProfileSummaries": found[start:end]}
    if end < len(found):
        answer["nextToken"] = make_token(end, bare, context.caller)
    return answer


def get_inference_profile(context: Context, parameters: dict[str, Any]) -> dict[str, Any]:
    wanted = parameters["inferenceProfileIdentifier"]
    found = [*(_application(context, series) for series in _applications(context)), *_systems(context)]
    for profile in found:
        if wanted in {profile["inferenceProfileId"], profile["inferenceProfileArn"]}:
            return profile
    raise AwsError("ResourceNotFoundException", f"Inference profile {wanted} not found", status=404)


def list_tags_for_resource(context: Context, parameters: dict[str, Any]) -> dict[str, Any]:
    arn = parameters["resourceARN"]
    if not ARN.match(arn):
        raise validation_exception("Provided ARN is invalid")
    for series in _applications(context):
        if names.profile_arn(series) == arn:
            tags = {"team": series.team, "managed-by": "terraform"}
            return {"tags": [{"key": key, "value": value} for key, value in tags.items()]}
    raise AwsError("ResourceNotFoundException", f"The resource {arn} was not found", status=404)


def list_foundation_models(context: Context, parameters: dict[str, Any]) -> dict[str, Any]:
    unsupported = sorted(set(parameters) - {"byProvider"})
    if unsupported:
        raise NotStaged(f"ListFoundationModels with {', '.join(unsupported)}")
    provider = parameters.get("byProvider")
    return {
        "modelSummaries": [
            _summary(context.caller.region, model)
            for model in names.MODELS.values()
            if context.caller.region in names.REGION_PREFIX and provider in {None, model.provider}
        ]
    }


def _summary(region: str, model: names.Model) -> dict[str, Any]:
    return {
        "modelArn": f"arn:aws:bedrock:{region}::foundation-model/{model.aws_id}",
        "modelId": model.aws_id,
        "modelName": model.title,
        "providerName": model.provider,
        "inputModalities": ["TEXT"],
        "outputModalities": ["TEXT"],
        "responseStreamingSupported": True,
        "customizationsSupported": [],
        "inferenceTypesSupported": ["ON_DEMAND", "INFERENCE_PROFILE"],
        "modelLifecycle": {"status": "ACTIVE"},
    }


def list_provisioned_model_throughputs(_context: Context, _parameters: dict[str, Any]) -> dict[str, Any]:
    return {"provisionedModelSummaries": []}


def list_imported_models(_context: Context, _parameters: dict[str, Any]) -> dict[str, Any]:
    return {"modelSummaries": []}


def get_model_invocation_logging_configuration(_context: Context, _parameters: dict[str, Any]) -> dict[str, Any]:
    return {}


OPERATIONS = {
    "ListInferenceProfiles": list_inference_profiles,
    "GetInferenceProfile": get_inference_profile,
    "ListTagsForResource": list_tags_for_resource,
    "ListFoundationModels": list_foundation_models,
    "ListProvisionedModelThroughputs": list_provisioned_model_throughputs,
    "ListImportedModels": list_imported_models,
    "GetModelInvocationLoggingConfiguration": get_model_invocation_logging_configuration,
}
