"""Botocore's errors come out as ours, each with the answer to the one question: can asking again help?"""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, NoCredentialsError

from billing.adapters.aws.errors import (
    AwsError,
    Denied,
    Gone,
    NotConfigured,
    NotReady,
    Refused,
    Throttled,
    Unavailable,
    aws_errors,
)
from billing.domain.collection import FetchFailure
from billing.operations.collection import failure_of


def refusal(code: str, status: int = 400) -> ClientError:
    answer = {"Error": {"Code": code, "Message": "said AWS"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "Operation")  # type: ignore[arg-type] # what botocore makes of an answer


@pytest.mark.parametrize(
    ("error", "expected", "failure"),
    [
        (refusal("AccessDenied", 403), Denied, FetchFailure.DENIED),
        (refusal("AccessDeniedException"), Denied, FetchFailure.DENIED),
        (refusal("ThrottlingException"), Throttled, FetchFailure.THROTTLED),
        (refusal("LimitExceededException"), Throttled, FetchFailure.THROTTLED),
        (refusal("DataUnavailableException"), NotReady, FetchFailure.NOT_READY),
        (refusal("ResourceNotFoundException", 404), Gone, FetchFailure.DENIED),
        (refusal("ValidationError"), Refused, FetchFailure.DENIED),
        (refusal("ExpiredToken", 403), Unavailable, FetchFailure.UNAVAILABLE),
        (refusal("RequestChangedException"), Unavailable, FetchFailure.UNAVAILABLE),
        (refusal("InternalFailure", 500), Unavailable, FetchFailure.UNAVAILABLE),
        (refusal("", 503), Unavailable, FetchFailure.UNAVAILABLE),
        (ConnectTimeoutError(endpoint_url="http://localhost"), Unavailable, FetchFailure.UNAVAILABLE),
        (NoCredentialsError(), NotConfigured, FetchFailure.UNAVAILABLE),
    ],
)
def test_an_error_of_botocore_comes_out_as_ours(
    error: Exception, expected: type[AwsError], failure: FetchFailure
) -> None:
    with pytest.raises(AwsError) as caught, aws_errors("ce:GetCostAndUsage"):
        raise error
    assert type(caught.value) is expected
    assert caught.value.action == "ce:GetCostAndUsage"
    assert failure_of(caught.value) is failure


def test_what_is_no_error_of_aws_is_left_alone() -> None:
    with pytest.raises(ZeroDivisionError), aws_errors("ce:GetCostAndUsage"):
        raise ZeroDivisionError
