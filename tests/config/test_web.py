"""Errors of a caller as pages and toasts, and failures of ours as a page that needs nothing."""

from __future__ import annotations

import re

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path

from accounts.access.web import OrganizationRequest, organization_view
from accounts.domain.errors import Conflict, Forbidden, Invalid, NotFound
from accounts.domain.roles import Permission
from accounts.models import CostCenter
from config import web
from tests.cast import Cast, inside
from tests.factories.accounts import make_cost_center

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]

# What is different in every answer.
UNIQUE = re.compile(r'X-CSRFToken": "\w+"')


class ProbeConflict(Conflict):
    code = "probe_conflict"
    message = "%(name)s is in the way."


class ProbeInvalid(Invalid):
    code = "probe_invalid"
    message = "This breaks a rule."


ERRORS: dict[str, Exception] = {
    "conflict": ProbeConflict(name="<b>Search</b>"),
    "invalid": ProbeInvalid(),
    "forbidden": Forbidden(),
    "missing": NotFound(),
    "denied": PermissionDenied(),
    "suspicious": SuspiciousOperation(),
    "crash": ZeroDivisionError("a secret detail"),
}


@organization_view(Permission.VIEW_SPEND)
def write_then_fail(request: OrganizationRequest, name: str) -> HttpResponse:  # noqa: ARG001 - every view gets its request
    make_cost_center(code="search")
    raise ERRORS[name]


def fail(request: HttpRequest, name: str) -> HttpResponse:  # noqa: ARG001 - as above
    raise ERRORS[name]


def form(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - as above
    return HttpResponse("accepted")


urlpatterns = [
    path("o/<slug:org_slug>/fail/<str:name>/", write_then_fail),
    path("fail/<str:name>/", fail),
    path("form/", form),
    path("", include("accounts.web.urls")),
    path("", include("forecasting.web.urls")),
    path("account/", include("allauth.account.urls")),
]
handler400, handler403, handler404, handler500 = (
    web.bad_request,
    web.permission_denied,
    web.page_not_found,
    web.server_error,
)


def client_of(cast: Cast) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(cast.ada)
    return client


@pytest.mark.parametrize(
    ("name", "status", "sentence"),
    [
        ("conflict", 409, "&lt;b&gt;Search&lt;/b&gt; is in the way."),
        ("invalid", 400, "This breaks a rule."),
        ("forbidden", 403, "Your role may not do this"),
        ("missing", 404, "There is no such page"),
        ("denied", 403, "Your role may not do this"),
        ("suspicious", 400, "This request cannot be read"),
        ("crash", 500, "This went wrong on our side"),
    ],
)
def test_an_error_is_a_page_that_says_what_happened_and_takes_the_write_back(
    cast: Cast, name: str, status: int, sentence: str
) -> None:
    response = client_of(cast).get(f"/o/acme/fail/{name}/")
    page = response.content.decode()

    assert response.status_code == status
    assert sentence in page
    assert "a secret detail" not in page
    assert response["X-Request-ID"] in page
    with inside(cast.acme):
        assert not CostCenter.objects.exists()


def test_a_member_without_the_right_is_told_which_role_he_has(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.ben)
    page = client.get("/o/acme/organization/").content.decode()

    assert "You are in Acme as Viewer" in page


@pytest.mark.parametrize(
    ("name", "status", "sentence"),
    [
        ("conflict", 409, "is in the way."),
        ("invalid", 400, "This breaks a rule."),
        ("forbidden", 403, "Your role may not do this."),
        ("missing", 404, "There is nothing here."),
    ],
)
def test_htmx_gets_a_toast_that_replaces_nothing(cast: Cast, name: str, status: int, sentence: str) -> None:
    response = client_of(cast).post(f"/o/acme/fail/{name}/", headers={"HX-Request": "true"})
    page = response.content.decode()

    assert response.status_code == status
    assert (response["HX-Retarget"], response["HX-Reswap"]) == ("#toasts", "beforeend")
    assert 'role="alert"' in page
    assert sentence in page
    assert "<html" not in page


def test_a_stranger_learns_nothing_from_the_page(cast: Cast) -> None:
    client = Client()
    client.force_login(cast.cleo)
    theirs, nobodys = (client.get(f"/o/{slug}/organization/") for slug in ("acme", "nowhere"))

    assert theirs.status_code == nobodys.status_code == 404
    texts = [UNIQUE.sub("", page.content.decode().replace(page["X-Request-ID"], "")) for page in (theirs, nobodys)]
    assert texts[0] == texts[1]


def test_a_failure_of_ours_asks_no_database(django_assert_num_queries: object) -> None:
    client = Client(raise_request_exception=False)
    with django_assert_num_queries(0):  # type: ignore[operator] # pytest-django's fixture
        page = client.get("/fail/crash/")

    assert page.status_code == 500
    assert page["X-Request-ID"] in page.content.decode()


def test_a_form_without_its_token_changes_nothing() -> None:
    response = Client(enforce_csrf_checks=True).post("/form/", {})

    assert response.status_code == 403
    assert "The form is too old" in response.content.decode()


def test_an_error_is_told_in_the_readers_language(cast: Cast) -> None:
    response = client_of(cast).get("/o/acme/fail/conflict/", headers={"Accept-Language": "ja"})

    assert '<html lang="ja"' in response.content.decode()
