"""API keys over REST: list, issue (the secret is told once), revoke."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from rest_framework import serializers
from rest_framework.response import Response

from accounts.access.api import OrganizationApiRequest, OrganizationApiView
from accounts.access.declarations import PageParameters, ShownOnceOutput
from accounts.domain.api_keys import ApiKeyState
from accounts.domain.names import NAME_LIMIT
from accounts.domain.roles import Permission
from accounts.operations.api_keys import issue_api_key, revoke_api_key
from accounts.queries.api_keys import ApiKeyNotFound, ApiKeyValue, get_api_key, page_api_keys


class ApiKeyOutput(serializers.Serializer[Any]):
    """One API key as far as it may be shown."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    prefix = serializers.CharField(help_text="By which the key is recognized; it opens nothing.")
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=list(Permission)))
    state = serializers.ChoiceField(choices=list(ApiKeyState))
    created_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    revoked_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True, help_text="To the minute.")
    example = {
        "id": 5,
        "name": "Chargeback job",
        "prefix": "4fTz91Qa",
        "scopes": ["VIEW_SPEND"],
        "state": "IN_FORCE",
        "created_by": "Ada",
        "created_at": "2026-11-10T09:04:00Z",
        "expires_at": "2027-02-08T09:04:00Z",
        "revoked_at": None,
        "last_used_at": None,
    }


class ApiKeyIssued(ShownOnceOutput, ApiKeyOutput):
    """A new API key with its secret, which no other answer tells again."""

    example = {
        **ApiKeyOutput.example,
        "secret": "yosan_6f1d0c2b9a9e4c0e8c6f1d0c2b9a9e4c_4fTz91Qa_" + 40 * "0",
        "secret_was_shown": False,
    }


class ApiKeyInput(serializers.Serializer[Any]):
    """A new API key: rights that the asking key holds, for no longer than it lives."""

    name = serializers.CharField(max_length=NAME_LIMIT, help_text="What uses the key.")
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=list(Permission)), min_length=1, max_length=len(Permission)
    )
    expires_at = serializers.DateTimeField(allow_null=True, help_text="`null`: never.")
    example = {"name": "Chargeback job", "scopes": ["VIEW_SPEND"], "expires_at": "2027-02-08T09:04:00Z"}


class ApiKeyList(OrganizationApiView):
    """The organization's API keys, newest first."""

    permissions = {"GET": Permission.EDIT_API_KEYS, "POST": Permission.EDIT_API_KEYS}
    errors = {"POST": ()}
    Parameters = PageParameters
    Input = ApiKeyInput
    Output = ApiKeyOutput
    outputs = {"POST": ApiKeyIssued}

    def get(self, request: OrganizationApiRequest) -> Response:
        """List API keys, revoked and expired ones too."""
        asked = self.read_parameters()
        return self.page(
            page_api_keys(after=asked["after"], limit=asked["limit"]), lambda key: _serialize(key, request.now)
        )

    def post(self, request: OrganizationApiRequest) -> Response:
        """Issue an API key; whoever loses the answer revokes the key and issues another."""
        given = self.read_input()
        issued = issue_api_key(
            actor=request.actor,
            issuer=request.permissions,
            name=given["name"],
            scopes=[Permission(scope) for scope in given["scopes"]],
            expires_at=given["expires_at"],
            issuer_expires_at=request.api_key.expires_at,
            now=request.now,
        )
        return Response({**_serialize(get_api_key(issued.id), request.now), "secret": issued.text}, status=201)


class ApiKeyRevocation(OrganizationApiView):
    """An API key's end."""

    permissions = {"POST": Permission.EDIT_API_KEYS}
    errors = {"POST": (ApiKeyNotFound,)}
    Output = ApiKeyOutput

    def post(self, request: OrganizationApiRequest, api_key_id: int) -> Response:
        """Revoke an API key for ever, the asking one too if it is meant. Doing it twice changes nothing."""
        revoke_api_key(actor=request.actor, api_key_id=api_key_id, now=request.now)
        return Response(_serialize(get_api_key(api_key_id), request.now), status=201)


def _serialize(key: ApiKeyValue, now: datetime) -> dict[str, object]:
    return {
        "id": key.id,
        "name": key.name,
        "prefix": key.prefix,
        "scopes": sorted(key.scopes),
        "state": key.state(now),
        "created_by": key.created_by,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "last_used_at": key.last_used_at,
    }
