"""What a valid role ARN and ExternalId are, which AWS permissions we need and why, and the template that grants them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from accounts.domain.errors import Invalid
from accounts.domain.text import gettext_noop
from billing.domain.collection import ConnectionKind

ROLE_ARN = re.compile(
    r"arn:(?P<partition>aws|aws-us-gov|aws-cn):iam::(?P<account>[0-9]{12}):role/"
    r"(?P<path>(?:[\x21-\x2e\x30-\x7e]+/)*)(?P<name>[A-Za-z0-9_+=,.@-]{1,64})"
)
MAX_ROLE_ARN = 2048
AWS_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+){1,3}-[0-9]{1,2}")
TAG_KEY = re.compile(r"[\w .:/=+@-]{1,128}")
# sts:AssumeRole, shape externalIdType
EXTERNAL_ID = re.compile(r"[A-Za-z0-9_+=,.@:/-]{2,1224}")
# What the sandbox of a vendor makes by hand is weak; ours have 128 bits at least.
EXTERNAL_ID_BYTES = 16
SESSION_NAME = re.compile(r"[^A-Za-z0-9_+=,.@-]")
MAX_SESSION_NAME = 64


class MalformedRoleArn(Invalid):
    """The text is not the ARN of an IAM role."""

    code: ClassVar[str] = "malformed_role_arn"
    message: ClassVar[str] = gettext_noop(
        "This is not the ARN of an IAM role. It looks like arn:aws:iam::123456789012:role/YosanReader."
    )


class MalformedExternalId(Invalid):
    """The text cannot be an ExternalId."""

    code: ClassVar[str] = "malformed_external_id"
    message: ClassVar[str] = gettext_noop(
        "An ExternalId has 2 to 1,224 letters, digits and characters out of _ + = , . @ : / and -."
    )


class MalformedAwsRegion(Invalid):
    """The text is not the name of an AWS region."""

    code: ClassVar[str] = "malformed_aws_region"
    message: ClassVar[str] = gettext_noop("%(aws_region)s is not the name of an AWS region. It looks like us-east-1.")


class MalformedTagKey(Invalid):
    """The text cannot be the key of a tag."""

    code: ClassVar[str] = "malformed_tag_key"
    message: ClassVar[str] = gettext_noop(
        "A tag key has 1 to 128 letters, digits, spaces and characters out of _ . : / = + - and @."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleArn:
    """The ARN of an IAM role, taken apart."""

    text: str
    partition: str
    aws_account_id: str
    name: str


def parse_role_arn(text: str, *, field: str = "role_arn") -> RoleArn:
    """Read a role's ARN; raises MalformedRoleArn."""
    match = ROLE_ARN.fullmatch(text) if len(text) <= MAX_ROLE_ARN else None
    if match is None:
        raise MalformedRoleArn(field=field)
    return RoleArn(text=text, partition=match["partition"], aws_account_id=match["account"], name=match["name"])


def check_external_id(text: str, *, field: str = "external_id") -> str:
    """Return the ExternalId if AWS would take it; raises MalformedExternalId."""
    if EXTERNAL_ID.fullmatch(text) is None:
        raise MalformedExternalId(field=field)
    return text


def check_aws_regions(aws_regions: Sequence[str], *, field: str = "aws_regions") -> tuple[str, ...]:
    """Return the regions, each once and in order, if they look like AWS regions; raises MalformedAwsRegion."""
    for aws_region in aws_regions:
        if AWS_REGION.fullmatch(aws_region) is None:
            # A name may be ten thousand characters long; the sentence need not be.
            raise MalformedAwsRegion(field=field, aws_region=aws_region[:40])
    return tuple(sorted(set(aws_regions)))


def check_tag_key(text: str, *, field: str = "tag_key") -> str:
    """Return the tag key if AWS would take it; raises MalformedTagKey."""
    if TAG_KEY.fullmatch(text) is None:
        raise MalformedTagKey(field=field)
    return text


def external_id_from(entropy: bytes) -> str:
    """The ExternalId of a new connection, out of random bytes; it is made by us, once, and never chosen by a user."""
    if len(entropy) < EXTERNAL_ID_BYTES:
        raise ValueError(f"an ExternalId needs {EXTERNAL_ID_BYTES} random bytes, not {len(entropy)}")
    return f"yosan-{entropy.hex()}"


def wrong_external_id(external_id: str) -> str:
    """An ExternalId of the right shape that is certainly another: the role must refuse it."""
    return external_id[:-1] + ("1" if external_id.endswith("0") else "0")


def session_name(organization: str, job: str) -> str:
    """The name under which a session of ours appears in the tenant's CloudTrail."""
    return SESSION_NAME.sub("-", f"yosan-{job}-{organization}")[:MAX_SESSION_NAME]


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsPermission:
    """An action that we ask a tenant to allow, and the reason, as the page tells it."""

    action: str
    why: str
    kinds: frozenset[ConnectionKind]


BOTH_KINDS = frozenset(ConnectionKind)
PAYER_ONLY = frozenset({ConnectionKind.PAYER})

# Only what is called today. Never bedrock:InvokeModel*, iam:* or ReadOnlyAccess.
PERMISSIONS = (
    AwsPermission(
        action="cloudwatch:ListMetrics",
        why=gettext_noop("Finds the models that are used in a region."),
        kinds=BOTH_KINDS,
    ),
    AwsPermission(
        action="cloudwatch:GetMetricData",
        why=gettext_noop("Reads how many calls and tokens each model took in each hour. Prompts are not read."),
        kinds=BOTH_KINDS,
    ),
    AwsPermission(
        action="bedrock:ListInferenceProfiles",
        why=gettext_noop("Finds the model behind each application inference profile."),
        kinds=BOTH_KINDS,
    ),
    AwsPermission(
        action="bedrock:ListTagsForResource",
        why=gettext_noop("Reads the tags of inference profiles, which say which team pays."),
        kinds=BOTH_KINDS,
    ),
    AwsPermission(
        action="bedrock:ListFoundationModels",
        why=gettext_noop("Reads which models AWS serves and when it will stop."),
        kinds=BOTH_KINDS,
    ),
    AwsPermission(
        action="ce:GetDimensionValues",
        why=gettext_noop("Finds the services and accounts on the bill that belong to Amazon Bedrock."),
        kinds=PAYER_ONLY,
    ),
    AwsPermission(
        action="ce:GetCostAndUsage",
        why=gettext_noop("Reads what AWS bills for each usage type and day."),
        kinds=PAYER_ONLY,
    ),
)
STATEMENT_IDS = {"cloudwatch": "ReadMetrics", "bedrock": "ReadInventory", "ce": "ReadBill"}


def permissions_for(kind: ConnectionKind) -> tuple[AwsPermission, ...]:
    """The permissions that a connection of this kind needs."""
    return tuple(permission for permission in PERMISSIONS if kind in permission.kinds)


def cloudformation_template(*, external_id: str, vendor_principal: str, kind: ConnectionKind) -> str:
    """The text of a CloudFormation template (JSON) that creates the role and nothing else.

    `vendor_principal` is the ARN of the principal that we call AWS with. The same template serves as a StackSet that
    puts the role into every member account.
    """
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Lets Yosan read usage and cost of Amazon Bedrock. It can neither change anything nor read prompts.",
        "Resources": {
            "Reader": {
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "Description": "Read by Yosan, with the ExternalId of one connection only",
                    "MaxSessionDuration": 3600,
                    "AssumeRolePolicyDocument": _trust(check_external_id(external_id), vendor_principal),
                    "Policies": [{"PolicyName": "YosanReader", "PolicyDocument": permission_policy(kind)}],
                },
            }
        },
        "Outputs": {
            "RoleArn": {
                "Description": "Give this to Yosan",
                "Value": {"Fn::GetAtt": ["Reader", "Arn"]},
            }
        },
    }
    return json.dumps(template, indent=2) + "\n"


def permission_policy(kind: ConnectionKind) -> Mapping[str, object]:
    """The policy document with the least privileges of a kind; also what narrows each session of ours."""
    actions: dict[str, list[str]] = {}
    for permission in permissions_for(kind):
        actions.setdefault(permission.action.partition(":")[0], []).append(permission.action)
    statements = [
        # None of these actions can be limited to a resource in a way that would still show everything.
        {"Sid": STATEMENT_IDS[service], "Effect": "Allow", "Action": allowed, "Resource": "*"}
        for service, allowed in actions.items()
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def _trust(external_id: str, vendor_principal: str) -> Mapping[str, object]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": vendor_principal},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": external_id}},
            }
        ],
    }
