"""Where a page of a list begins, signed, so that a position in an address can only be one of ours."""

from __future__ import annotations

from django.core.signing import BadSignature
from django.http import Http404

from accounts.access.declarations import read_cursor, sign_cursor
from accounts.access.web import OrganizationRequest


def next_cursor(request: OrganizationRequest, position: str | None) -> str | None:
    """Return the `after` of the next page, or None at the end."""
    return sign_cursor(position, purpose=_purpose(request))


def read_after(request: OrganizationRequest) -> str | None:
    """Return the position that a request asks for, None for the first page. Raises Http404 for one that is not ours."""
    text = request.GET.get("after", "")
    if not text:
        return None
    try:
        return read_cursor(text, purpose=_purpose(request))
    except BadSignature as error:
        raise Http404 from error


def _purpose(request: OrganizationRequest) -> str:
    # The path names the organization and the list.
    return f"page:{request.path}"
