"""Two who edit the same thing over the API: `ETag` tells its version, `If-Match` says which one is edited."""

from __future__ import annotations

import re
from typing import Any, Final

from accounts.domain.errors import CallerError, Invalid
from accounts.domain.text import gettext_noop

# A weak one too: proxies that compress weaken what they pass on.
ONE_VERSION = re.compile(r'(?:W/)?"([1-9][0-9]{0,9})"', re.ASCII)
ANY: Final = "*"


class IfMatchMalformed(Invalid):
    """The header holds something that is no version."""

    code = "if_match_malformed"
    message = gettext_noop('If-Match must be one version in quotes, such as "3", or *.')


class VersionContradicted(Invalid):
    """Header and body name different versions: one of them would be ignored."""

    code = "version_contradicted"
    message = gettext_noop("If-Match and `version` name different versions. Send one of them.")


class PreconditionFailed(CallerError):
    """What is asked for has no versions, so none can match (412)."""

    code = "precondition_failed"
    message = gettext_noop("This has no versions, so that no If-Match can be kept. Send the request without it.")


def etag(answer: Any) -> str | None:
    """Return the entity tag of an answer that tells its version, else None."""
    version = answer.get("version") if isinstance(answer, dict) else None
    return None if version is None else f'"{version}"'


def read_if_match(header: str | None) -> int | None:
    """Return the version that a header names, None for none or for any. Raises IfMatchMalformed."""
    if header is None or header.strip() == ANY:
        return None
    found = ONE_VERSION.fullmatch(header.strip())
    if found is None:
        raise IfMatchMalformed(field="If-Match")
    return int(found[1])


def expected_version(*, header: str | None, body: int | None, current: int) -> int:
    """Return the version that a caller edits: the one in If-Match or in the body, without any the current one."""
    named = read_if_match(header)
    if named is not None and body is not None and named != body:
        raise VersionContradicted(field="version")
    return next(version for version in (named, body, current) if version is not None)
