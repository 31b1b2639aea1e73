"""Views to knock at the API's door with, and what the tests of the door share."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from django.test import Client
from django.urls import path
from django.utils import timezone
from rest_framework import serializers
from rest_framework.response import Response

from accounts.access.api import OrganizationApiRequest, OrganizationApiView
from accounts.access.declarations import CommaSeparated, PageParameters, ShownOnceOutput
from accounts.domain.errors import Conflict
from accounts.domain.pages import Page
from accounts.domain.roles import Permission, Role, permissions_of
from accounts.models import ApiKey, CostCenter, Organization
from accounts.operations.api_keys import issue_api_key
from accounts.operations.cost_centers import create_cost_center
from config import web
from tests.cast import Cast, inside


class Part(serializers.Serializer[Any]):
    percent = serializers.IntegerField()


class ProbeInput(serializers.Serializer[Any]):
    code = serializers.CharField(max_length=64)
    parts = Part(many=True, default=list)
    then_fail = serializers.ChoiceField(choices=["conflict", "crash"], required=False)


class ProbeParameters(PageParameters):
    color = serializers.CharField(default="")
    group_by = CommaSeparated(child=serializers.ChoiceField(choices=["model", "region"]), default=list)


class ProbeConflict(Conflict):
    code = "probe_conflict"
    message = "The probe says %(word)s."


class ProbeList(OrganizationApiView):
    permissions = {"GET": Permission.VIEW_SPEND, "POST": Permission.EDIT_COST_CENTERS}
    Parameters = ProbeParameters
    Input = ProbeInput

    def get(self, request: OrganizationApiRequest) -> Response:
        asked = self.read_parameters()
        begin = int(asked["after"] or 0)
        rows = tuple(range(begin, begin + asked["limit"]))
        page = Page(rows=rows, next=str(begin + asked["limit"]) if begin + asked["limit"] < 6 else None)
        return self.page(page, str, group_by=asked["group_by"], organization=request.organization.slug)

    def post(self, request: OrganizationApiRequest) -> Response:
        given = self.read_input()
        created = create_cost_center(actor=request.actor, code=given["code"], name=given["code"])
        if given.get("then_fail") == "conflict":
            raise ProbeConflict(field="code", word="no")
        if given.get("then_fail") == "crash":
            raise ZeroDivisionError
        return Response({"id": created, "actor": request.actor.label}, status=HTTPStatus.CREATED)


class ProbeDetail(OrganizationApiView):
    permissions = {"POST": Permission.EDIT_COST_CENTERS, "DELETE": Permission.EDIT_COST_CENTERS}

    def post(self, request: OrganizationApiRequest) -> Response:
        return Response({"done": request.organization.slug})

    def delete(self, request: OrganizationApiRequest) -> Response:  # noqa: ARG002 - every handler gets its request
        return Response(status=HTTPStatus.NO_CONTENT)


class ProbeSecret(OrganizationApiView):
    permissions = {"POST": Permission.EDIT_COST_CENTERS}
    outputs = {"POST": ShownOnceOutput}

    def post(self, request: OrganizationApiRequest) -> Response:
        created = create_cost_center(actor=request.actor, code="told", name="told")
        return Response({"id": created, "secret": f"whsec_{created}_open_sesame"}, status=HTTPStatus.CREATED)


urlpatterns = [
    path("api/v1/probes/", ProbeList.as_view()),
    path("api/v1/probes/one/", ProbeDetail.as_view()),
    path("api/v1/probes/secret/", ProbeSecret.as_view()),
]
handler404, handler500 = web.page_not_found, web.server_error
PROBES, ONE, SECRET = "/api/v1/probes/", "/api/v1/probes/one/", "/api/v1/probes/secret/"


def issue(cast: Cast, *scopes: Permission, organization: Organization | None = None, **changed: Any) -> str:
    with inside(organization or cast.acme):
        issued = issue_api_key(
            actor=cast.ada_acts,
            issuer=permissions_of(Role.OWNER),
            name="Probe",
            scopes=scopes or permissions_of(Role.OWNER),
            expires_at=None,
            now=timezone.now(),
        )
        ApiKey.objects.filter(id=issued.id).update(**changed) if changed else None
    return issued.text


def client_of(key: str) -> Client:
    return Client(headers={"Authorization": f"Bearer {key}"})


def post(client: Client, body: object, **headers: str) -> Any:
    text = body if isinstance(body, str | bytes) else json.dumps(body)
    return client.post(PROBES, text, content_type="application/json", headers=headers)


def problem(response: Any, status: HTTPStatus, code: str) -> dict[str, Any]:
    """Check that an answer is problem details of this status and code, and return them."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert set(body) == {"type", "title", "status", "detail", "code", "request_id", "errors"}
    assert (body["status"], body["code"], body["type"]) == (status, code, f"urn:yosan:problem:{code}")
    assert body["request_id"] == response["X-Request-ID"]
    return body


def codes() -> set[str]:
    return set(CostCenter.objects.values_list("code", flat=True))
