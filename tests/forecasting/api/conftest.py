"""Keys of two organizations and a client that speaks to the API."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.domain.roles import Permission
from accounts.models import Organization
from accounts.operations.api_keys import issue_api_key
from tests.cast import NOW, Cast, inside

EDITING = (Permission.VIEW_SPEND, Permission.EDIT_BUDGETS, Permission.EDIT_CHANNELS)


@dataclass(frozen=True, slots=True)
class Api:
    """The API as a program sees it that holds one key."""

    key: str

    def get(self, path: str, **parameters: Any) -> Any:
        return Client().get(f"/api/v1/{path}", parameters, headers=self._headers())

    def send(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        content = {"data": "" if body is None else body, "content_type": "application/json"}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return getattr(Client(), method)(f"/api/v1/{path}", **content, headers={**self._headers(), **named})

    def _headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.key}"}


@pytest.fixture
def still_clock() -> Iterator[None]:
    """It is NOW for as long as the test runs."""
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def make_api(cast: Cast) -> Callable[..., Api]:
    def make(organization: Organization, *scopes: Permission) -> Api:
        with inside(organization):
            issued = issue_api_key(
                actor=cast.ada_acts, issuer=scopes, name="A program", scopes=scopes, expires_at=None, now=NOW
            )
        return Api(issued.text)

    return make


@pytest.fixture
def api(cast: Cast, make_api: Callable[..., Api]) -> Api:
    """A program of Acme that may edit budgets and channels."""
    return make_api(cast.acme, *EDITING)


@pytest.fixture
def viewer_api(cast: Cast, make_api: Callable[..., Api]) -> Api:
    """A program of Acme that may only look."""
    return make_api(cast.acme, Permission.VIEW_SPEND)


@pytest.fixture
def globex_api(cast: Cast, make_api: Callable[..., Api]) -> Api:
    """A program of Globex, which must see nothing of Acme."""
    return make_api(cast.globex, *EDITING)
