"""The API's description, read from what the views declare."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, inline_serializer
from rest_framework import serializers

from accounts.access.api import OrganizationApiView
from accounts.access.declarations import CommaSeparated, Cursor

WRITING = ("POST", "PUT", "PATCH", "DELETE")
STATUSES = {"GET": 200, "POST": 201, "PUT": 200, "PATCH": 200, "DELETE": 204}
PROBLEM = "application/problem+json"
PROBLEMS = {
    400: "The input does not follow the rules; `errors` names each field.",
    401: "The API key is missing, unknown, expired or revoked.",
    403: "The API key lacks the right.",
    404: "There is nothing here for this key.",
    409: "The input is right, but not in the present state of things.",
    429: "Too many requests with refused API keys.",
}
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description=(
        "Any text of 1 to 255 printable ASCII characters without spaces. A second request with the same key gets the "
        "first one's answer and changes nothing more; for 24 hours."
    ),
)


class ProblemEntry(serializers.Serializer[Any]):
    """One thing that is wrong."""

    field = serializers.CharField(help_text="The field, as a path: `rules.0.percent`; empty when it is none.")
    code = serializers.CharField(help_text="Stable, for programs.")
    message = serializers.CharField(help_text="A sentence, for people.")


class Problem(serializers.Serializer[Any]):
    """Problem details (RFC 9457)."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField(help_text="Stable, for programs.")
    request_id = serializers.CharField(help_text="The X-Request-ID of the answer; quote it when you ask for help.")
    errors = ProblemEntry(many=True)  # type: ignore[assignment] # DRF takes declared fields off the class


PROBLEM_EXAMPLE = OpenApiExample(
    "problem",
    value={
        "type": "urn:yosan:problem:unknown_field",
        "title": "Bad Request",
        "status": 400,
        "detail": "The input does not follow the rules: amuont.",
        "code": "unknown_field",
        "request_id": "6f1d0c2b9a9e4c0e8c6f1d0c2b9a9e4c",
        "errors": [{"field": "amuont", "code": "unknown_field", "message": "There is no such field."}],
    },
    media_type=PROBLEM,
    response_only=True,
)


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call] # registers itself by being defined
    """How a key is sent."""

    target_class = "accounts.access.authentication.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:  # noqa: ARG002 - the library's signature
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "An API key of one organization: `Authorization: Bearer yosan_...`. It names the organization.",
        }


class OrganizationSchema(AutoSchema):
    """Reads `Parameters`, `Input`, `Output`, `PageFields`, `permissions` and the `example` of each declaration."""

    @property
    def _declared(self) -> OrganizationApiView:
        assert isinstance(self.view, OrganizationApiView)
        return self.view

    def is_excluded(self) -> bool:
        return not isinstance(self.view, OrganizationApiView)

    def get_tags(self) -> list[str]:
        return [self._tokenize_path()[0]]

    def get_description(self) -> str:  # type: ignore[override] # drf-spectacular's own signature
        permission = self._declared.permissions.get(self.method)
        return f"{super().get_description() or ''}\n\nNeeds the right `{permission}`.".strip()

    def get_override_parameters(self) -> list[Any]:
        if self.method in WRITING:
            return [IDEMPOTENCY_KEY]
        declared = self._declared.Parameters
        return [self._parameter(name, field) for name, field in declared().fields.items()] if declared else []

    def get_request_serializer(self) -> Any:
        return self._declared.Input if self.method in ("POST", "PUT", "PATCH") else None

    def get_response_serializers(self) -> Any:
        status = self._declared.statuses.get(self.method, STATUSES[self.method])
        answers: dict[Any, Any] = {status: self._answer()}
        for problem, text in self._problems():
            answers[(problem, PROBLEM)] = OpenApiResponse(
                Problem,
                description=text,
                examples=[PROBLEM_EXAMPLE] if problem == 400 else [],  # noqa: PLR2004 - what the example shows
            )
        return answers

    def get_examples(self) -> list[OpenApiExample]:
        examples = []
        if (sent := getattr(self.get_request_serializer(), "example", None)) is not None:
            examples.append(OpenApiExample("request", value=sent, request_only=True))
        if (row := getattr(self._declared.Output, "example", None)) is not None and self.method != "DELETE":
            value = {"rows": [row], **self._page_example(), "next": None} if self._is_page() else row
            status = str(self._declared.statuses.get(self.method, STATUSES[self.method]))
            examples.append(OpenApiExample("answer", value=value, response_only=True, status_codes=[status]))
        return examples

    def _is_list_view(self, serializer: Any = None) -> bool:  # noqa: ARG002 - the library's signature
        return False

    def get_operation_id(self) -> str:
        verbs = {"GET": "list" if self._is_page() else "get", "POST": "create", "PUT": "replace"}
        verb = verbs.get(self.method, {"PATCH": "change", "DELETE": "delete"}.get(self.method, self.method.lower()))
        return "_".join([verb, *(token.replace("-", "_") for token in self._tokenize_path())])

    def _is_page(self) -> bool:
        return self.method == "GET" and self._declared.is_list()

    def _page_example(self) -> dict[str, Any]:
        return dict(getattr(self._declared.PageFields, "example", {}))

    def _answer(self) -> Any:
        output = self._declared.Output if self.method != "DELETE" else None
        if output is None or not self._is_page():
            return output
        fields: dict[str, Any] = {"rows": output(many=True)}
        fields.update(self._declared.PageFields().fields if self._declared.PageFields else {})
        fields["next"] = serializers.CharField(
            allow_null=True, help_text="Send it as `after` to get the next page; null on the last one."
        )
        return inline_serializer(f"{output.__name__.removesuffix('Output')}Page", fields)

    def _problems(self) -> Iterator[tuple[int, str]]:
        for status, text in PROBLEMS.items():
            # A list is always there, and reading conflicts with nothing.
            is_possible = {404: "{" in self.path, 409: self.method in WRITING}.get(status, True)
            if is_possible:
                yield status, text

    def _parameter(self, name: str, field: serializers.Field[Any, Any, Any, Any]) -> OpenApiParameter:
        is_several = isinstance(field, CommaSeparated)
        schema: dict[str, Any] = (
            {"type": "string"} if isinstance(field, Cursor) else self._map_serializer_field(field, "request")  # type: ignore[no-untyped-call] # the library's
        )
        has_default = field.default is not serializers.empty and field.default is not None
        return OpenApiParameter(
            name,
            schema,
            OpenApiParameter.QUERY,
            required=field.required,
            description=str(field.help_text or ""),
            style="form" if is_several else None,
            explode=False if is_several else None,
            default=field.default if has_default and not callable(field.default) else None,
        )
