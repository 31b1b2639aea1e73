"""What a valid role ARN is; which AWS permissions we need and why; what a connection's states are; what watching costs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from accounts.domain.errors import Invalid
from accounts.domain.text import gettext_noop
from billing.domain.collection import ConnectionKind


class ConnectionState(StrEnum):
    """PENDING: entered, not tried; VERIFYING: a worker tries it; VERIFIED: read; REFUSED: the try showed why not.

    PAUSED: not read, by a person's wish; FAILING: verified once, but AWS now denies something; DISCONNECTED: over.
    """

    PENDING = "PENDING"
    VERIFYING = "VERIFYING"
    VERIFIED = "VERIFIED"
    REFUSED = "REFUSED"
    PAUSED = "PAUSED"
    FAILING = "FAILING"
    DISCONNECTED = "DISCONNECTED"


STATE_LABELS: Mapping[ConnectionState, str] = {
    ConnectionState.PENDING: gettext_noop("Not verified yet"),
    ConnectionState.VERIFYING: gettext_noop("Being verified"),
    ConnectionState.VERIFIED: gettext_noop("Verified"),
    ConnectionState.REFUSED: gettext_noop("Refused"),
    ConnectionState.PAUSED: gettext_noop("Paused"),
    ConnectionState.FAILING: gettext_noop("Failing"),
    ConnectionState.DISCONNECTED: gettext_noop("Disconnected"),
}
# The states in which windows are planned and read. FAILING goes on: one denied source must not stop the others.
COLLECTING_STATES = (ConnectionState.VERIFIED, ConnectionState.FAILING)


class ConnectionFault(StrEnum):
    """Why a connection was refused or fails; each has a sentence that says what to do."""

    ROLE_NOT_ASSUMABLE = "ROLE_NOT_ASSUMABLE"
    ASSUMABLE_WITHOUT_EXTERNAL_ID = "ASSUMABLE_WITHOUT_EXTERNAL_ID"
    ASSUMABLE_WITH_WRONG_EXTERNAL_ID = "ASSUMABLE_WITH_WRONG_EXTERNAL_ID"
    ROLE_ALREADY_CONNECTED = "ROLE_ALREADY_CONNECTED"
    ACCOUNT_ALREADY_CONNECTED = "ACCOUNT_ALREADY_CONNECTED"
    ACCOUNT_PAID_BY_ANOTHER = "ACCOUNT_PAID_BY_ANOTHER"
    LINKED_ACCOUNT_IS_PAYER = "LINKED_ACCOUNT_IS_PAYER"
    PERMISSION_MISSING = "PERMISSION_MISSING"
    AWS_UNAVAILABLE = "AWS_UNAVAILABLE"
    NOT_CONFIGURED = "NOT_CONFIGURED"


FAULT_SENTENCES: Mapping[ConnectionFault, str] = {
    ConnectionFault.ROLE_NOT_ASSUMABLE: gettext_noop(
        "AWS does not let us assume the role: check that it exists and that its trust policy names our account and this "
        "connection's external ID."
    ),
    ConnectionFault.ASSUMABLE_WITHOUT_EXTERNAL_ID: gettext_noop(
        "The role can be assumed without an external ID, so another customer could read your account through us: add the "
        "condition on sts:ExternalId to its trust policy."
    ),
    ConnectionFault.ASSUMABLE_WITH_WRONG_EXTERNAL_ID: gettext_noop(
        "The role can be assumed with any external ID, so another customer could read your account through us: let the "
        "condition on sts:ExternalId name exactly this connection's external ID."
    ),
    ConnectionFault.ROLE_ALREADY_CONNECTED: gettext_noop(
        "This role is connected already: disconnect it there, or make another role for this organization."
    ),
    ConnectionFault.ACCOUNT_ALREADY_CONNECTED: gettext_noop(
        "This AWS account is connected already: two connections would count its usage twice."
    ),
    ConnectionFault.ACCOUNT_PAID_BY_ANOTHER: gettext_noop(
        "The bill of this AWS account already comes with a connected payer account: connect it as a member account."
    ),
    ConnectionFault.LINKED_ACCOUNT_IS_PAYER: gettext_noop(
        "An account whose bill this payer pays is connected as a payer itself, so its bill would count twice: disconnect it "
        "and connect it as a member account."
    ),
    ConnectionFault.PERMISSION_MISSING: gettext_noop(
        "The role lacks a permission without which nothing can be read: update the stack with our template."
    ),
    ConnectionFault.AWS_UNAVAILABLE: gettext_noop("AWS did not answer; we try again by ourselves."),
    ConnectionFault.NOT_CONFIGURED: gettext_noop(
        "This installation has no AWS credentials of its own to assume a role with: its operator has to set them."
    ),
}


class MalformedRoleArn(Invalid):
    """The text is no ARN of an IAM role."""

    code: ClassVar[str] = "malformed_role_arn"
    message: ClassVar[str] = gettext_noop(
        "This is not the ARN of an IAM role; one looks like arn:aws:iam::123456789012:role/YosanReader."
    )


class MalformedExternalId(Invalid):
    """AWS would not take the text as an external id."""

    code: ClassVar[str] = "malformed_external_id"
    message: ClassVar[str] = gettext_noop(
        "An external ID has 2 to 1,224 letters, digits and characters out of + = , . @ : / - and _."
    )


class MalformedRegion(Invalid):
    """The text has not the form of an AWS region."""

    code: ClassVar[str] = "malformed_region"
    message: ClassVar[str] = gettext_noop("%(aws_region)s is not an AWS region; one looks like us-east-1.")


class MalformedTagKey(Invalid):
    """AWS would not take the text as a tag key."""

    code: ClassVar[str] = "malformed_tag_key"
    message: ClassVar[str] = gettext_noop("A tag key has 1 to 128 characters.")


# Path and name as IAM allows them (IAM user guide, reference_iam-quotas): path up to 512, name up to 64 characters.
ROLE_ARN = re.compile(r"arn:aws(?:-[a-z]+)*:iam::([0-9]{12}):role/(?:[\x21-\x7e]{1,510}/)?[\w+=,.@-]{1,64}", re.ASCII)
EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)
EXTERNAL_ID_BYTES = 16
AWS_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+){1,2}-[0-9]")
ROLE_ARN_LENGTH = 640
TAG_KEY_LENGTH = 128
DEFAULT_TAG_KEY = "team"


def aws_account_of(role_arn: str) -> str:
    """Return the account id in a role's ARN. Raises MalformedRoleArn."""
    match = ROLE_ARN.fullmatch(role_arn) if len(role_arn) <= ROLE_ARN_LENGTH else None
    if match is None:
        raise MalformedRoleArn(field="role_arn")
    return match.group(1)


def check_external_id(external_id: str) -> str:
    """Return the external id as given. Raises MalformedExternalId."""
    if EXTERNAL_ID.fullmatch(external_id) is None:
        raise MalformedExternalId(field="external_id")
    return external_id


def external_id_from(entropy: bytes) -> str:
    """Return the external id of a new connection, out of random bytes: made by us, once, never chosen by a user."""
    if len(entropy) < EXTERNAL_ID_BYTES:
        raise ValueError(f"an external id needs {EXTERNAL_ID_BYTES} random bytes, not {len(entropy)}")
    return f"yosan-{entropy.hex()}"


def wrong_external_id(external_id: str) -> str:
    """Return an external id of the right shape that is certainly another: the role must refuse it."""
    return external_id[:-1] + ("1" if external_id.endswith("0") else "0")


def check_tag_key(tag_key: str) -> str:
    """Return the tag key without spaces around it. Raises MalformedTagKey."""
    if not 1 <= len(tag_key.strip()) <= TAG_KEY_LENGTH:
        raise MalformedTagKey(field="tag_key")
    return tag_key.strip()


def check_regions(aws_regions: Iterable[str]) -> tuple[str, ...]:
    """Return the regions sorted and once each. Raises MalformedRegion."""
    checked = sorted(set(aws_regions))
    for aws_region in checked:
        if AWS_REGION.fullmatch(aws_region) is None:
            raise MalformedRegion(field="aws_regions", aws_region=aws_region[:32])
    return tuple(checked)


# Where Bedrock is offered (AWS general reference, bedrock end points), asked one by one when the customer names none.
BEDROCK_REGIONS = (
    "us-east-1",
    "us-east-2",
    "us-west-2",
    "us-west-1",
    "ca-central-1",
    "eu-central-1",
    "eu-central-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-4",
    "sa-east-1",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NeededPermission:
    """One IAM action, for whom, and what would be missing without it. `is_vital`: without it nothing can be read."""

    action: str
    kinds: tuple[ConnectionKind, ...]
    why: str
    is_vital: bool = False


_BOTH = (ConnectionKind.PAYER, ConnectionKind.MEMBER)
_PAYER = (ConnectionKind.PAYER,)

NEEDED_PERMISSIONS: tuple[NeededPermission, ...] = (
    NeededPermission(
        action="cloudwatch:ListMetrics", kinds=_BOTH, is_vital=True, why=gettext_noop("Finds which models are in use.")
    ),
    NeededPermission(
        action="cloudwatch:GetMetricData", kinds=_BOTH, is_vital=True, why=gettext_noop("Reads tokens hour by hour.")
    ),
    NeededPermission(
        action="ce:GetDimensionValues",
        kinds=_PAYER,
        why=gettext_noop("Finds the services under which Bedrock is billed."),
    ),
    NeededPermission(action="ce:GetCostAndUsage", kinds=_PAYER, why=gettext_noop("Reads the billed cost day by day.")),
    NeededPermission(
        action="bedrock:ListInferenceProfiles",
        kinds=_BOTH,
        why=gettext_noop("Tells which model and team an application inference profile belongs to."),
    ),
    NeededPermission(
        action="bedrock:ListTagsForResource",
        kinds=_BOTH,
        why=gettext_noop("Reads the tag that names the team of an application inference profile."),
    ),
    NeededPermission(
        action="bedrock:ListFoundationModels",
        kinds=_BOTH,
        why=gettext_noop("Finds models that were used in the past but not in the last two weeks."),
    ),
)

# Besides, for an account whose exports are read out of a bucket, and on that bucket only; verifying does not ask for them.
EXPORT_PERMISSIONS: tuple[NeededPermission, ...] = (
    NeededPermission(action="s3:ListBucket", kinds=_BOTH, why=gettext_noop("Finds the manifests of deliveries.")),
    NeededPermission(action="s3:GetObject", kinds=_BOTH, why=gettext_noop("Reads the files that a manifest names.")),
)


def needed_permissions(kind: ConnectionKind) -> tuple[NeededPermission, ...]:
    """Return what a role of this kind of account must allow."""
    return tuple(needed for needed in NEEDED_PERMISSIONS if kind in needed.kinds)


def is_readable(kind: ConnectionKind, missing: Iterable[str]) -> bool:
    """Return whether enough is allowed to read anything at all."""
    absent = set(missing)
    return not any(needed.is_vital and needed.action in absent for needed in needed_permissions(kind))


# What AWS charges the account that is asked: a cent for 1,000 metrics, whatever the range of time (CloudWatch pricing,
# GMD-Metrics, outside the free tier; ListMetrics lies inside it), and a cent for each page of Cost Explorer.
USD_PER_METRIC = Decimal("0.00001")
USD_PER_COST_EXPLORER_CALL = Decimal("0.01")
DAYS_PER_MONTH = Decimal("30.4375")
# What a connection may cost a month until somebody says otherwise; reading the past is done once, and not in it.
DEFAULT_LIMIT_USD = Decimal("1.00")
# Each hour, and once a day all of them together.
CLOUDWATCH_READINGS_A_DAY = 24 + 1


class Purpose(StrEnum):
    """Why AWS is asked: for the present, every month anew; for the past, once; to try the role and to find regions."""

    PRESENT = "PRESENT"
    PAST = "PAST"
    CHECK = "CHECK"


@dataclass(slots=True)
class Charge:
    """What one piece of work asked of AWS: requests by operation, each page one, and what of it costs money.

    A metric counts once for each time it is asked for, whatever number of pages the answer has: AWS's price speaks of
    "metrics requested", and whether a further page of the same request is charged again is not documented.
    """

    metrics: int = 0
    cost_explorer_requests: int = 0
    requests: Counter[str] = field(default_factory=Counter)

    @property
    def usd(self) -> Decimal:
        """What AWS charges the customer for it."""
        return charge_usd(metrics=self.metrics, cost_explorer_calls=self.cost_explorer_requests)


def charge_usd(*, metrics: int, cost_explorer_calls: int) -> Decimal:
    """Return what AWS charges the customer for our questions."""
    return metrics * USD_PER_METRIC + cost_explorer_calls * USD_PER_COST_EXPLORER_CALL


def polling_usd_per_month(*, metrics: int, cost_explorer_calls_per_reading: int) -> Decimal:
    """Return what it would cost a month to ask for every metric every hour, and for the bill once a day.

    The most that watching can cost: which metrics are asked for less often shows when it is known what they say.
    `metrics`: all that are listed in all regions; `cost_explorer_calls_per_reading`: pages and look-ups it takes to read
    the bill once, none for a member account.
    """
    calls = cost_explorer_calls_per_reading * DAYS_PER_MONTH
    return metrics * CLOUDWATCH_READINGS_A_DAY * DAYS_PER_MONTH * USD_PER_METRIC + calls * USD_PER_COST_EXPLORER_CALL
