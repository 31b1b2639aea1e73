"""The door for API keys: authentication and `OrganizationApiView`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, ClassVar, TypeVar

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access.authentication import key_text
from accounts.access.declarations import (
    PageParameters,
    ShownOnceOutput,
    read_body,
    read_parameters,
    shown_again,
    shown_first,
    sign_cursor,
)
from accounts.access.patience import INTERACTIVE, within
from accounts.access.throttling import TooManyRequests, count_request
from accounts.access.uploads import digest_part
from accounts.access.versions import PreconditionFailed, etag, expected_version
from accounts.domain.audit import Actor
from accounts.domain.errors import CallerError, Forbidden
from accounts.domain.idempotency import Claim, StoredAnswer, hash_request
from accounts.domain.organizations import OrganizationValue
from accounts.domain.pages import Page
from accounts.domain.roles import Permission
from accounts.domain.text import gettext_noop
from accounts.operations.idempotency import claim_idempotency_key, release_claim, store_answer
from accounts.queries.api_keys import ApiKeyValue
from accounts.queries.organizations import get_organization
from accounts.tenancy.context import current_organization_id, organization_scope, tenant_transaction

Row = TypeVar("Row")
Declaration = type[serializers.Serializer[Any]]

READING = ("GET", "HEAD")
WITH_BODY = ("POST", "PUT", "PATCH")


class ScopeMissing(Forbidden):
    """The key is right and may not do this."""

    code = "scope_missing"
    message = gettext_noop("This API key lacks the right %(scope)s.")


class OrganizationApiRequest(Request):
    """A request that has passed the door; the attributes stand on Django's own request, which this one wraps."""

    organization: OrganizationValue
    actor: Actor
    api_key: ApiKeyValue
    permissions: frozenset[Permission]
    now: datetime


class OrganizationApiView(APIView):
    """A view of one organization, opened by an API key; one transaction around the view and the rendering.

    Subclasses name the right that each method needs and declare their input and output; names that are declared
    nowhere are refused. A `Parameters` that derives from PageParameters makes GET a list, `PageFields` declares what
    the list says besides `rows` and `next`. `errors` names what a method can end in beyond what every method can.
    """

    permissions: ClassVar[Mapping[str, Permission]]
    Input: ClassVar[Declaration | None] = None
    Output: ClassVar[Declaration | None] = None
    Parameters: ClassVar[Declaration | None] = None
    PageFields: ClassVar[Declaration | None] = None
    # What a method answers where that is not `Output`, and with which status where that is not the usual.
    outputs: ClassVar[Mapping[str, Declaration]] = {}
    statuses: ClassVar[Mapping[str, int]] = {}
    # How large a file a method with a body takes, as multipart/form-data; none: it takes JSON.
    file_limit: ClassVar[int] = 0
    # How long one statement may run; sums over any range take REPORT.
    statement_limit: ClassVar[timedelta] = INTERACTIVE
    errors: ClassVar[Mapping[str, tuple[type[CallerError], ...]]] = {}
    # The methods that ask `expected_version`; where the others get an If-Match, it is refused.
    versioned: ClassVar[tuple[str, ...]] = ()

    http_method_names = ["get", "head", "post", "put", "patch", "delete"]
    request: OrganizationApiRequest

    def read_parameters(self) -> dict[str, Any]:
        """Return the declared query parameters as values; the door has checked them."""
        return dict(self._parameters)

    def read_input(self) -> dict[str, Any]:
        """Return the declared fields of the body as values; for PATCH those that were sent. Raises ValidationError."""
        return read_body(self.Input, self._body(), partial=self.request.method == "PATCH")

    def expected_version(self, current: int, *, given: int | None = None) -> int:
        """Return the version that the caller edits: of If-Match, of the body, without any the current one."""
        return expected_version(header=self.request.headers.get("If-Match"), body=given, current=current)

    def page(self, page: Page[Row], serialize: Callable[[Row], object], **besides: object) -> Response:
        """Answer a list: its rows, what `PageFields` declares, and where the next page begins."""
        rows = [serialize(row) for row in page.rows]
        return Response({"rows": rows, **besides, "next": sign_cursor(page.next, purpose=self._purpose())})

    @classmethod
    def output_of(cls, method: str) -> Declaration | None:
        """Return what a method's answer looks like; for a list, one row of it."""
        return cls.outputs.get(method, cls.Output)

    @classmethod
    def tells_secret(cls, method: str) -> bool:
        """Return whether a method's answer tells something that no other answer may tell again."""
        output = cls.output_of(method)
        return output is not None and issubclass(output, ShownOnceOutput)

    @classmethod
    def is_list(cls) -> bool:
        """Return whether GET answers a page."""
        return cls.Parameters is not None and issubclass(cls.Parameters, PageParameters)

    @property
    def default_response_headers(self) -> dict[str, str]:
        # Figures of one organization, for the holder of a key: no cache on the way has anything to keep.
        return {**super().default_response_headers, "Cache-Control": "no-store"}

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> OrganizationApiRequest:
        return OrganizationApiRequest(
            request,
            parsers=self.get_parsers(),
            authenticators=self.get_authenticators(),
            negotiator=self.get_content_negotiator(),
            parser_context=self.get_parser_context(request),
        )

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.args, self.kwargs = args, kwargs
        self.request = self.initialize_request(request, *args, **kwargs)
        self.headers = self.default_response_headers
        try:
            with _named_organization(self.request), within(self.statement_limit):
                self.initial(self.request, *args, **kwargs)
                response = self._answer()
        except Exception as error:  # noqa: BLE001 - a door; what is not a caller's error is raised again by it
            # The transaction is rolled back by now: an error has changed nothing.
            response = self.handle_exception(error)
        self.response = self.finalize_response(self.request, response, *args, **kwargs)
        return self.response

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method not in self._methods():
            raise exceptions.MethodNotAllowed(str(request.method))
        self._enter()
        if request.method not in self.versioned and "If-Match" in request.headers:
            raise PreconditionFailed
        if request.method not in READING and not self.file_limit:
            # The body is read once here, so that Django's limit holds and a repeated write can be recognized.
            _ = self.request._request.body  # noqa: SLF001 - DRF's name for the request that it wraps
        declared = self.Parameters if self.request.method in READING else None
        self._parameters = read_parameters(declared, self.request.query_params, purpose=self._purpose())
        if self.request.method in WITH_BODY and self.Input is None:
            # A body that nobody will read is refused, not ignored.
            read_body(None, self._body() or {})

    def _methods(self) -> set[str]:
        return {*self.permissions, *(("HEAD",) if "GET" in self.permissions else ())}

    def _enter(self) -> None:
        key = self.request.auth
        assert isinstance(key, ApiKeyValue)
        entered = self.request._request  # noqa: SLF001 - as above
        for name, value in {
            "organization": get_organization(current_organization_id()),
            "actor": self.request.user,
            "api_key": key,
            "permissions": key.scopes,
            "now": timezone.now(),
        }.items():
            setattr(entered, name, value)
        allowance = count_request(api_key_id=key.id, now=self.request.now)
        self.headers.update(allowance.headers())
        if allowance.left < 0:
            raise TooManyRequests(wait=allowance.seconds)
        needed = self.permissions["GET" if self.request.method == "HEAD" else str(self.request.method)]
        if needed not in key.scopes:
            raise ScopeMissing(scope=needed)

    def _body(self) -> Any:
        try:
            return self.request.data
        except RecursionError as error:
            raise exceptions.ParseError(_("The body is nested too deeply.")) from error

    def _answer(self) -> Response:
        key = self.request.headers.get("Idempotency-Key")
        if key is None or self.request.method in READING:
            with tenant_transaction():
                return self._handle()
        with tenant_transaction():
            claim = self._claim(key)
        if isinstance(claim, StoredAnswer):
            tag = etag(claim.body)
            headers = {"Idempotency-Replayed": "true", **({"ETag": tag} if tag else {})}
            return Response(claim.body, status=claim.status, headers=headers)
        try:
            with tenant_transaction():
                response = self._handle()
                store_answer(claim, status=response.status_code, body=self._kept(response))
        except BaseException:
            # Nothing was changed, so the client may try again with the same key.
            with tenant_transaction():
                release_claim(claim)
            raise
        return response

    def _claim(self, key: str) -> Claim | StoredAnswer:
        request = self.request._request  # noqa: SLF001 - as above
        return claim_idempotency_key(
            api_key_id=self.request.api_key.id,
            key=key,
            request_hash=hash_request(method=str(request.method), path=request.get_full_path(), body=self._identity()),
            now=self.request.now,
        )

    def _identity(self) -> bytes:
        """What makes the body the same body: its bytes, or of a form with a file the digests of its parts."""
        if not self.file_limit or self.request.method not in WITH_BODY:
            return self.request._request.body  # noqa: SLF001 - as above
        parts = sorted((name, digest_part(part)) for name, values in self._body().lists() for part in values)
        return b"\n".join(f"{name} {digest}".encode() for name, digest in parts)

    def _kept(self, response: Response) -> Any:
        body: Any = json.loads(response.content) if response.content else None
        return shown_again(body) if self.tells_secret(str(self.request.method)) else body

    def _handle(self) -> Response:
        method = "get" if self.request.method == "HEAD" else str(self.request.method).lower()
        response = getattr(self, method)(self.request, *self.args, **self.kwargs)
        assert isinstance(response, Response)
        if self.tells_secret(str(self.request.method)):
            response.data = shown_first(response.data)
        if tag := etag(response.data):
            response["ETag"] = tag
        # Rendered here: outside, what is read lazily would be refused.
        response = self.finalize_response(self.request, response, *self.args, **self.kwargs)
        response.render()
        return response

    def _purpose(self) -> str:
        """What a cursor of this view is good for: the same list, of the same organization, asked the same way."""
        asked = sorted(
            (name, value) for name, value in self.request.query_params.items() if name not in ("after", "limit")
        )
        return f"{type(self).__qualname__}:{current_organization_id()}:{self.request.path}:{asked}"


@contextmanager
def _named_organization(request: Request) -> Iterator[None]:
    """Name the organization that the key claims to be of; whether it is right, authentication will say."""
    text = key_text(request)
    if text is None:
        yield
        return
    with organization_scope(text.organization_id):
        yield
