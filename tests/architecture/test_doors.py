"""Every route, every role, every organization, against one table; a route that the table does not list fails."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import pytest
from django.core.cache import cache
from django.http.response import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from rest_framework.test import APIClient

from accounts.access.api import OrganizationApiView
from accounts.domain.audit import SYSTEM
from accounts.domain.roles import ROLE_PERMISSIONS, Permission, Role
from accounts.operations.api_keys import issue_api_key
from tests.architecture.routes import CALLS, OPEN, PAGES
from tests.cast import NOW, Cast, inside

ANY_NUMBER = 999_999_999
ARGUMENTS = {"model_id": "claude-sonnet-4.5"}
# Below this the door has let the caller in; what follows is the view's business (an object that is not there, a form
# that lacks its fields, a method that a page does not take).
REFUSALS = {401, 403}


def routes(patterns: list[Any] | None = None, names: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(pattern, URLResolver):
            if str(pattern.pattern) != "staff/":
                yield from routes(pattern.url_patterns, names + (f"{pattern.namespace}:" if pattern.namespace else ""))
        else:
            yield f"{names}{pattern.name or ''}", pattern


def address(name: str, **arguments: object) -> str:
    pattern = dict(routes())[name]
    for converter in pattern.pattern.converters:
        arguments.setdefault(converter, ARGUMENTS.get(converter, ANY_NUMBER))
    return reverse(name, kwargs=arguments)


def test_every_route_is_listed_with_its_right() -> None:
    pages, others = {}, set()
    calls: dict[tuple[str, str], Permission] = {}
    for name, pattern in routes():
        view: Any = pattern.callback
        kind = getattr(view, "view_class", None) or getattr(view, "cls", None)
        if hasattr(view, "permission"):
            pages[name] = view.permission
        elif kind is not None and issubclass(kind, OrganizationApiView):
            calls |= {(method, name): permission for method, permission in kind.permissions.items()}
        else:
            others.add(name)

    assert pages == PAGES
    assert calls == CALLS
    assert others == OPEN


def visit(client: Client, name: str, slug: str) -> HttpResponseBase:
    """Ask for a page; what only takes a post is posted to."""
    where = address(name, org_slug=slug)
    answer = client.get(where)
    return client.post(where) if answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED else answer


def person(cast: Cast, role: Role) -> Any:
    return {Role.OWNER: cast.ada, Role.ADMIN: cast.max, Role.FINANCE: cast.fay, Role.VIEWER: cast.ben}[role]


@pytest.fixture(autouse=True)
def nobody_was_refused_before() -> None:
    """Refused keys are counted by address, and every test comes from the same one."""
    cache.clear()


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_member_passes_the_door_of_a_page_by_role(name: str, cast: Cast, client: Client) -> None:
    for role in Role:
        client.force_login(person(cast, role))

        status = visit(client, name, "acme").status_code

        assert (status not in REFUSALS) == (PAGES[name] in ROLE_PERMISSIONS[role]), role
        assert status < 500, role


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_stranger_finds_nothing_on_a_page(name: str, cast: Cast, client: Client) -> None:
    client.force_login(cast.cleo)

    theirs, nobodys = (visit(client, name, slug) for slug in ("acme", "no-such-organization"))

    assert theirs.status_code == nobodys.status_code == 404


@pytest.mark.parametrize("name", sorted(PAGES))
def test_nobody_in_particular_is_asked_to_log_in(name: str, cast: Cast, client: Client) -> None:
    answers = [visit(client, name, slug) for slug in (cast.acme.slug, "no-such-organization")]

    assert [answer.status_code for answer in answers] == [302, 302]
    assert all(answer["Location"].startswith("/account/login/") for answer in answers)


def key_of(cast: Cast, role: Role) -> str:
    with inside(cast.acme):
        issued = issue_api_key(
            actor=SYSTEM,
            name=f"key of a {role.lower()}",
            scopes=ROLE_PERMISSIONS[role],
            issuer=ROLE_PERMISSIONS[role],
            expires_at=None,
            now=NOW,
        )
    return issued.text


@pytest.mark.parametrize(("method", "name"), sorted(CALLS))
def test_a_key_passes_the_door_of_a_call_by_its_scopes(method: str, name: str, cast: Cast) -> None:
    for role in Role:
        answer = call(method, name, f"Bearer {key_of(cast, role)}")

        assert (answer.status_code not in REFUSALS) == (CALLS[method, name] in ROLE_PERMISSIONS[role]), role
        assert answer.status_code < 500, role


@pytest.mark.parametrize(("method", "name"), sorted(CALLS))
def test_a_call_without_a_key_is_refused(method: str, name: str, cast: Cast) -> None:
    for sent in ("", "Bearer not-a-key", "Basic YTpi", key_of(cast, Role.OWNER)):
        answer = call(method, name, sent)

        assert answer.status_code == 401, sent
        assert answer["WWW-Authenticate"].startswith("Bearer")
        assert answer["Content-Type"] == "application/problem+json"


def call(method: str, name: str, authorization: str) -> HttpResponseBase:
    caller = APIClient()
    if authorization:
        caller.credentials(HTTP_AUTHORIZATION=authorization)
    return caller.generic(method, address(name), "{}", content_type="application/json")
