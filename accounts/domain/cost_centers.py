"""What a cost center may be called and claim, and what it is to those who read it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime

from accounts.domain.errors import Invalid
from accounts.domain.text import gettext_noop

# What the value of an AWS tag may hold, up to our length: a code must be able to equal the value of the tag that names
# it. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions
CODE = re.compile(r"[\w .:/=+\-@]{1,64}")
AWS_ACCOUNT_ID = re.compile(r"[0-9]{12}")


class CostCenterCodeMalformed(Invalid):
    """No tag could ever carry this code."""

    code = "cost_center_code_malformed"
    message = gettext_noop(
        "A code has 1 to 64 characters: letters, digits, spaces and . : / = + - _ @, for example search."
    )


class AwsAccountIdMalformed(Invalid):
    """AWS account ids are twelve digits."""

    code = "aws_account_id_malformed"
    message = gettext_noop("An AWS account id has 12 digits, for example 123456789012.")


@dataclass(frozen=True, slots=True, kw_only=True)
class CostCenterValue:
    """One cost center; `path` and `names` are codes and names from the root down to its own, `depth` is 0 at the root."""

    id: int
    code: str
    name: str
    parent_id: int | None
    path: tuple[str, ...]
    names: tuple[str, ...]
    aws_account_id: str | None
    retired_at: datetime | None

    @property
    def depth(self) -> int:
        """How far below the root it stands."""
        return len(self.path) - 1


def clean_code(text: str) -> str:
    """Return a code without outer spaces. Raises CostCenterCodeMalformed."""
    code = text.strip()
    if CODE.fullmatch(code) is None:
        raise CostCenterCodeMalformed(field="code")
    return code


def clean_aws_account_id(text: str | None) -> str | None:
    """Return an AWS account id as twelve digits, None for none. Raises AwsAccountIdMalformed.

    People type it with dashes, as the console shows it, and in full width.
    """
    digits = unicodedata.normalize("NFKC", text or "").replace("-", "").replace(" ", "")
    if not digits:
        return None
    if AWS_ACCOUNT_ID.fullmatch(digits) is None:
        raise AwsAccountIdMalformed(field="aws_account_id")
    return digits
