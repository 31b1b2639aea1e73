"""The door for pages that belong to a person and to no organization: `@person_view`."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django_htmx.middleware import HtmxDetails

from accounts.models import User

Arguments = ParamSpec("Arguments")


class PersonRequest(HttpRequest):
    """A request of somebody who is signed in."""

    user: User
    htmx: HtmxDetails


def person_view(view: Callable[Concatenate[PersonRequest, Arguments], HttpResponse]) -> Callable[..., HttpResponse]:
    """Let only people in who are signed in; the others are sent to the log-in and come back from there."""

    @never_cache
    @login_required
    @wraps(view)
    def door(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return view(cast(PersonRequest, request), *args, **kwargs)

    return door
