"""How the pages of every floor bind a form."""

from __future__ import annotations

from django.http import HttpRequest, QueryDict


def posted(request: HttpRequest) -> QueryDict | None:
    """Return what a form is bound to: the posted fields, also when there are none, or None while it is only shown.

    `request.POST or None` would leave an empty post unbound, and its missing fields without an error.
    """
    return request.POST if request.method == "POST" else None
