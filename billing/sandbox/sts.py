"""STS: AssumeRole with its ExternalId, and GetCallerIdentity."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any, Final

from billing.sandbox.caller import Caller
from billing.sandbox.errors import AwsError, NotStaged, validation_error
from billing.sandbox.service import Context

ROLE_ARN: Final = re.compile(r"^arn:aws:iam::\d{12}:role/[\w+=,.@/-]{1,512}$")
EXTERNAL_ID: Final = re.compile(r"^[\w+=,.@:/-]{2,1224}$")
SESSION_NAME: Final = re.compile(r"^[\w+=,.@-]{2,64}$")
SHORTEST: Final = 900
SUPPORTED: Final = {"RoleArn", "RoleSessionName", "ExternalId", "DurationSeconds"}


def assume_role(context: Context, parameters: dict[str, Any]) -> dict[str, Any]:
    role_arn, name = parameters["RoleArn"], parameters["RoleSessionName"]
    external_id = parameters.get("ExternalId")
    duration = parameters.get("DurationSeconds", 3600)
    _check(parameters, context.caller, duration)
    role = context.state.roles.get(role_arn)
    # A missing role, a missing trust and a wrong ExternalId are told apart by nobody outside.
    if role is None or (role.external_id is not None and role.external_id != external_id):
        raise AwsError(
            "AccessDenied",
            f"User: {context.caller.arn} is not authorized to perform: sts:AssumeRole on resource: {role_arn}",
            status=403,
        )
    now = context.now()
    session = context.state.open_session(
        role_arn=role_arn,
        session_name=name,
        now=now,
        expires_at=now.replace(microsecond=0) + timedelta(seconds=duration),
    )
    return {
        "Credentials": {
            "AccessKeyId": session.access_key,
            "SecretAccessKey": session.secret_key,
            "SessionToken": session.token,
            "Expiration": session.expires_at,
        },
        "AssumedRoleUser": {"AssumedRoleId": f"AROASANDBOX{role.account}:{name}", "Arn": session.caller_arn},
    }


def _check(parameters: dict[str, Any], caller: Caller, duration: int) -> None:
    unsupported = sorted(set(parameters) - SUPPORTED)
    if unsupported:
        raise NotStaged(f"AssumeRole with {', '.join(unsupported)}")
    if not ROLE_ARN.match(parameters["RoleArn"]):
        raise validation_error(f"{parameters['RoleArn']} is invalid")
    for value, pattern, field in (
        (parameters["RoleSessionName"], SESSION_NAME, "roleSessionName"),
        (parameters.get("ExternalId"), EXTERNAL_ID, "externalId"),
    ):
        if value is not None and not pattern.match(value):
            raise validation_error(
                f"1 validation error detected: Value at '{field}' failed to satisfy constraint: "
                f"Member must satisfy regular expression pattern: {pattern.pattern}"
            )
    longest = 3600 if caller.role is not None else 43_200  # a role that assumes a role gets an hour at most
    if not SHORTEST <= duration <= longest:
        raise validation_error(f"The requested DurationSeconds must lie between {SHORTEST} and {longest}.")
    if caller.role is not None:
        raise AwsError("AccessDenied", f"User: {caller.arn} is not authorized to perform: sts:AssumeRole", status=403)


def get_caller_identity(context: Context, _parameters: dict[str, Any]) -> dict[str, Any]:
    return {"UserId": context.caller.user_id, "Account": context.caller.account, "Arn": context.caller.arn}


OPERATIONS = {"AssumeRole": assume_role, "GetCallerIdentity": get_caller_identity}
