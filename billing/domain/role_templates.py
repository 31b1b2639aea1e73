"""The role that a customer makes, as CloudFormation, as Terraform, and as the statements that mend one."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import ClassVar

from accounts.domain.errors import Conflict
from accounts.domain.text import gettext_noop
from billing.domain.collection import ConnectionKind, Source
from billing.domain.connections import NEEDED_PERMISSIONS, check_external_id, needed_permissions

DESCRIPTION = "Lets Yosan read Bedrock usage and cost; no prompt, no data, nothing to change."
POLICY_NAME = "ReadBedrockUsageAndCost"
VERSION = "2012-10-17"
# What an IAM action begins with says which source needs it.
SERVICE_OF: Mapping[Source, str] = {
    Source.CLOUDWATCH: "cloudwatch",
    Source.COST_EXPLORER: "ce",
    Source.INVENTORY: "bedrock",
}


class PrincipalNotKnownYet(Conflict):
    """Nobody has asked AWS yet who we are, so no template can say whom to trust."""

    code: ClassVar[str] = "principal_not_known_yet"
    message: ClassVar[str] = gettext_noop("The template is being written: try again in a few seconds.")


def role_template(*, kind: ConnectionKind, external_id: str, principal_arn: str) -> str:
    """Return the CloudFormation template (JSON) of a role that we may assume with exactly this external id.

    Raises PrincipalNotKnownYet.
    """
    policy = {"PolicyName": POLICY_NAME, "PolicyDocument": _permissions(_actions(kind))}
    role = {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "Description": DESCRIPTION,
            "AssumeRolePolicyDocument": _trust(external_id, principal_arn),
            "Policies": [policy],
        },
    }
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "A role with which Yosan reads Amazon Bedrock usage and cost.",
        "Resources": {"YosanReader": role},
        "Outputs": {"RoleArn": {"Value": {"Fn::GetAtt": ["YosanReader", "Arn"]}}},
    }
    return json.dumps(template, indent=2)


def role_terraform(*, kind: ConnectionKind, external_id: str, principal_arn: str) -> str:
    """Return the same role as Terraform (HCL). Raises PrincipalNotKnownYet."""
    return f"""\
# A role with which Yosan reads Amazon Bedrock usage and cost.
resource "aws_iam_role" "yosan_reader" {{
  name_prefix = "YosanReader-"
  description = {json.dumps(DESCRIPTION)}

  assume_role_policy = jsonencode({_hcl(_trust(external_id, principal_arn))})
}}

resource "aws_iam_role_policy" "yosan_reader" {{
  name = {json.dumps(POLICY_NAME)}
  role = aws_iam_role.yosan_reader.id

  policy = jsonencode({_hcl(_permissions(_actions(kind)))})
}}

# Paste this ARN into Yosan.
output "yosan_role_arn" {{
  value = aws_iam_role.yosan_reader.arn
}}
"""


def trust_policy(*, external_id: str, principal_arn: str) -> str:
    """Return the trust policy (JSON) that the role has to have. Raises PrincipalNotKnownYet."""
    return json.dumps(_trust(external_id, principal_arn), indent=2)


def missing_policy(missing: Collection[str]) -> str:
    """Return a policy (JSON) that allows exactly what is missing, to be added to the role; empty when nothing is."""
    actions = [needed.action for needed in NEEDED_PERMISSIONS if needed.action in missing]
    return json.dumps(_permissions(actions), indent=2) if actions else ""


def actions_of(source: Source, actions: Collection[str]) -> tuple[str, ...]:
    """Return those of some IAM actions that a source is read by."""
    return tuple(action for action in actions if action.partition(":")[0] == SERVICE_OF[source])


def _actions(kind: ConnectionKind) -> list[str]:
    return [needed.action for needed in needed_permissions(kind)]


def _permissions(actions: list[str]) -> dict[str, object]:
    # None of these actions knows a narrower resource, but for the tags of a profile.
    return {"Version": VERSION, "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}


def _trust(external_id: str, principal_arn: str) -> dict[str, object]:
    if not principal_arn:
        raise PrincipalNotKnownYet
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": principal_arn},
        "Action": "sts:AssumeRole",
        # Written in and not a parameter, which the console would let anybody overwrite.
        "Condition": {"StringEquals": {"sts:ExternalId": check_external_id(external_id)}},
    }
    return {"Version": VERSION, "Statement": [statement]}


def _hcl(value: object, indent: int = 2) -> str:
    """Write a value as an HCL expression; a name with a colon is quoted, as Terraform demands."""
    inner, outer = " " * (indent + 2), " " * indent
    if isinstance(value, Mapping):
        width = max(len(_hcl_name(name)) for name in value)
        lines = [f"{inner}{_hcl_name(name):<{width}} = {_hcl(item, indent + 2)}" for name, item in value.items()]
        return "\n".join(["{", *lines, f"{outer}}}"])
    if isinstance(value, list):
        return "\n".join(["[", *(f"{inner}{_hcl(item, indent + 2)}," for item in value), f"{outer}]"])
    return json.dumps(value)


def _hcl_name(name: str) -> str:
    return name if name.isalpha() else json.dumps(name)
