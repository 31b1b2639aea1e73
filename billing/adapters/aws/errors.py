"""Botocore's errors as ours: what failed, and whether asking again can help."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

DETAIL_LENGTH = 300


class AwsError(Exception):
    """AWS, or the way to it, failed. `permanent`: asking again helps only after a person has acted."""

    permanent: ClassVar[bool] = False

    def __init__(self, *, action: str, code: str, detail: str = "") -> None:
        self.action = action
        self.code = code
        self.detail = detail[:DETAIL_LENGTH]
        super().__init__(f"{action}: {code}")


class Denied(AwsError):
    """The role may not do this, or may not be assumed."""

    permanent = True


class Gone(AwsError):
    """What was asked about does not exist any more."""

    permanent = True


class Refused(AwsError):
    """AWS says that the request itself is wrong: a fault of ours, or a limit of theirs that we do not know."""

    permanent = True


class Throttled(AwsError):
    """Too many requests: come back later."""


class Unavailable(AwsError):
    """An outage, a time-out, a broken connection, a partial answer."""


class NotReady(AwsError):
    """Cost Explorer has no data yet, as in the first day after it was switched on."""


class NotConfigured(AwsError):
    """We have no credentials of our own to assume a role with: the operator's fault, not the customer's."""


DENIED_CODES = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "UnauthorizedOperation",
        "NotAuthorized",
        "OptInRequired",
        "RegionDisabledException",
    }
)
# Said about our own credentials or the customer's session: signing in again may mend them.
SESSION_CODES = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
    }
)
THROTTLED_CODES = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "LimitExceededException",
        "LimitExceeded",
    }
)
NOT_READY_CODES = frozenset({"DataUnavailableException", "BillExpirationException"})
GONE_CODES = frozenset({"ResourceNotFoundException", "ResourceNotFound", "NoSuchEntity"})
# The bill changed while it was being paged through, or a page's token grew old: start the window again.
RESTART_CODES = frozenset({"RequestChangedException", "InvalidNextTokenException"})
SERVER_ERROR = 500


@contextmanager
def aws_errors(action: str) -> Iterator[None]:
    """Run one call; its failure comes out as one of ours. `action` is the IAM action, such as `ce:GetCostAndUsage`."""
    try:
        yield
    except ClientError as error:
        raise translate(error, action) from error
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise NotConfigured(action=action, code="NO_CREDENTIALS", detail=str(error)) from error
    except BotoCoreError as error:
        raise Unavailable(action=action, code=type(error).__name__, detail=str(error)) from error


def translate(error: ClientError, action: str) -> AwsError:
    """Return our error for a refusal by AWS."""
    answer = error.response.get("Error", {})
    code, detail = str(answer.get("Code", "")), str(answer.get("Message", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    return _kind(code, status)(action=action, code=code or f"HTTP {status}", detail=detail)


def _kind(code: str, status: int) -> type[AwsError]:
    for codes, kind in (
        (DENIED_CODES, Denied),
        (SESSION_CODES, Unavailable),
        (THROTTLED_CODES, Throttled),
        (NOT_READY_CODES, NotReady),
        (GONE_CODES, Gone),
        (RESTART_CODES, Unavailable),
    ):
        if code in codes:
            return kind
    return Unavailable if status >= SERVER_ERROR or not code else Refused
