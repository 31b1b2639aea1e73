"""What takes too long is given up and answered in words, by every door at its own limit."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus

import pytest
from celery import shared_task
from django.db import OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path
from rest_framework.response import Response

from accounts.access.api import OrganizationApiRequest, OrganizationApiView
from accounts.access.celery import OrganizationTask
from accounts.access.patience import INTERACTIVE, REPORT, WORKER, TakesTooLong, within
from accounts.access.web import OrganizationRequest, organization_view
from accounts.domain.roles import Permission
from accounts.models import CostCenter
from accounts.operations.cost_centers import create_cost_center
from accounts.tenancy.context import organization_scope, tenant_transaction
from config import web
from tests.accounts.access.probes import client_of, issue, problem
from tests.cast import Cast, inside

pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]

SHORT = timedelta(milliseconds=50)


def statement_timeout() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        row = cursor.fetchone()
    assert row is not None
    return str(row[0])


def sleep() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(20)")


@organization_view(Permission.VIEW_SPEND, limit=SHORT)
def write_then_sleep(request: OrganizationRequest) -> HttpResponse:
    create_cost_center(actor=request.actor, code="search", name="Search")
    sleep()
    raise AssertionError("it should have been given up")


@organization_view(Permission.VIEW_SPEND)
def say_limit(request: OrganizationRequest) -> HttpResponse:  # noqa: ARG001 - every view gets its request
    return HttpResponse(statement_timeout())


class Sleepy(OrganizationApiView):
    permissions = {"GET": Permission.VIEW_SPEND, "POST": Permission.EDIT_COST_CENTERS}
    statement_limit = SHORT

    def get(self, request: OrganizationApiRequest) -> Response:  # noqa: ARG002 - every handler gets its request
        sleep()
        raise AssertionError("it should have been given up")

    def post(self, request: OrganizationApiRequest) -> Response:
        create_cost_center(actor=request.actor, code="search", name="Search")
        return self.get(request)


class Limit(OrganizationApiView):
    permissions = {"GET": Permission.VIEW_SPEND}

    def get(self, request: OrganizationApiRequest) -> Response:  # noqa: ARG002 - as above
        return Response({"limit": statement_timeout()})


def home(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - every view gets its request
    return HttpResponse("home")


urlpatterns = [
    path("o/<slug:org_slug>/sleep/", write_then_sleep),
    path("o/<slug:org_slug>/limit/", say_limit),
    path("api/v1/sleep/", Sleepy.as_view()),
    path("api/v1/limit/", Limit.as_view()),
    path("", include("config.urls")),
]
handler404, handler500 = web.page_not_found, web.server_error


@shared_task(base=OrganizationTask, name="tests.say_limit")
def say_limit_of_workers() -> str:
    with tenant_transaction():
        return statement_timeout()


@pytest.fixture
def browser(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.ada, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def test_a_page_that_takes_too_long_says_so_and_has_changed_nothing(browser: Client, cast: Cast) -> None:
    answer = browser.get("/o/acme/sleep/")

    assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert answer["Retry-After"] == "60"
    text = answer.content.decode()
    assert "This takes too long" in text
    assert "given up after 0.05 seconds" in text
    with inside(cast.acme):
        assert not CostCenter.objects.exists()


def test_a_part_of_a_page_that_takes_too_long_is_a_toast(browser: Client) -> None:
    answer = browser.get("/o/acme/sleep/", headers={"HX-Request": "true"})

    assert (answer.status_code, answer["HX-Retarget"]) == (HTTPStatus.SERVICE_UNAVAILABLE, "#toasts")
    assert "given up after 0.05 seconds" in answer.content.decode()


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_call_that_takes_too_long_is_a_problem_of_its_own(cast: Cast, method: str) -> None:
    headers = {"Idempotency-Key": "once"}
    answer = client_of(issue(cast)).generic(method, "/api/v1/sleep/", headers=headers)

    body = problem(answer, HTTPStatus.SERVICE_UNAVAILABLE, "takes_too_long")
    assert "given up after 0.05 seconds" in body["detail"]
    assert answer["Retry-After"] == "60"
    with inside(cast.acme):
        assert not CostCenter.objects.exists()


def test_people_and_programs_wait_five_seconds_and_workers_half_an_hour(browser: Client, cast: Cast) -> None:
    assert browser.get("/o/acme/limit/").content == b"5s"
    assert client_of(issue(cast)).get("/api/v1/limit/").json() == {"limit": "5s"}
    assert say_limit_of_workers(organization_id=str(cast.acme.pk)) == "30min"
    assert INTERACTIVE < REPORT < timedelta(seconds=60) < WORKER


def test_the_limit_holds_in_its_transactions_and_no_longer(cast: Cast) -> None:
    before = statement_timeout()

    with organization_scope(cast.acme.pk), within(SHORT), tenant_transaction():
        assert statement_timeout() == "50ms"
        with organization_scope(cast.globex.pk), within(REPORT), tenant_transaction():
            assert statement_timeout() == "30s"
        assert statement_timeout() == "50ms"

    assert before == "0"


def test_other_failures_of_the_database_stay_what_they_are(cast: Cast) -> None:
    with pytest.raises(OperationalError), within(SHORT):
        raise OperationalError("the database is away")

    with organization_scope(cast.acme.pk), pytest.raises(TakesTooLong), within(SHORT), tenant_transaction():
        sleep()
