"""Who an API key is: `ApiKeyAuthentication`. Apart from api.py, since DRF loads it before its own views."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from accounts.access.throttling import count_failure
from accounts.domain.api_keys import ApiKeyText, MalformedApiKey, hash_secret, is_secret, parse_api_key
from accounts.domain.audit import Actor, ActorKind
from accounts.domain.errors import NotFound
from accounts.operations.api_keys import note_api_key_use
from accounts.queries.api_keys import ApiKeyValue, find_api_key_by_prefix
from accounts.queries.organizations import get_organization
from accounts.tenancy.context import tenant_transaction

# Compared with when there is no such key, so that the answer takes as long as with one.
NO_HASH = hash_secret("")


class ApiKeyMissing(exceptions.NotAuthenticated):
    """No key came with the request."""

    default_code = "api_key_missing"
    default_detail = _("Send an API key: `Authorization: Bearer <key>`.")


class ApiKeyRefused(exceptions.AuthenticationFailed):
    """A key came and opens nothing; the answer does not say whether it ever did."""

    default_code = "api_key_refused"
    default_detail = _("The API key is unknown, expired or revoked.")


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer <key>`. The organization that the key names is in scope when this is asked."""

    def authenticate(self, request: Request) -> tuple[Actor, ApiKeyValue]:
        if not request.headers.get("Authorization"):
            raise ApiKeyMissing
        text = key_text(request)
        now = timezone.now()
        key = _find_key_in_force(text, now) if text else None
        if key is None:
            count_failure(request)
            raise ApiKeyRefused
        with tenant_transaction():
            # Apart from the view's transaction: a view that takes its time would hold the key's row for it.
            note_api_key_use(api_key_id=key.id, now=now)
        return Actor(kind=ActorKind.API_KEY, id=str(key.id), label=key.name), key

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 - DRF's signature
        return 'Bearer realm="Yosan API"'


def key_text(request: Request) -> ApiKeyText | None:
    """Return the key that a request carries, or None when it carries none that could be one."""
    scheme, _space, text = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    try:
        return parse_api_key(text.strip())
    except MalformedApiKey:
        return None


def _find_key_in_force(text: ApiKeyText, now: datetime) -> ApiKeyValue | None:
    with tenant_transaction():
        stored = find_api_key_by_prefix(text.prefix)
        matches = is_secret(text.secret, secret_hash=stored.secret_hash if stored else NO_HASH)
        if stored is None or not matches or not stored.value.is_in_force(now):
            return None
        try:
            get_organization(text.organization_id)
        except NotFound:
            # The organization was closed.
            return None
        return stored.value
