"""The API's description, read from what the views declare."""

from __future__ import annotations

import inspect
import re
from http import HTTPStatus
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, inline_serializer
from rest_framework import serializers

from accounts.access.api import WITH_BODY, OrganizationApiView
from accounts.access.declarations import CommaSeparated, Cursor
from accounts.access.problems import problems_of

WRITING = ("POST", "PUT", "PATCH", "DELETE")
STATUSES = {"GET": 200, "POST": 201, "PUT": 200, "PATCH": 200, "DELETE": 204}
ANSWERS = {
    200: "What was asked for.",
    201: "It was done, and this is what came of it.",
    202: "It is under way; a worker does it.",
    204: "It was done, and there is nothing to tell.",
}
PROBLEM = "application/problem+json"
FORM = "multipart/form-data"
PROBLEMS = {
    400: "The input does not follow the rules; `errors` names each field.",
    401: "The API key is missing, unknown, expired or revoked.",
    403: "The API key lacks the right.",
    404: "There is nothing here for this key.",
    406: "Answers are JSON, and something else was asked for.",
    409: "The input is right, but not in the present state of things.",
    412: "Somebody changed it since it was read: `If-Match` names another version.",
    413: "The body is larger than one megabyte.",
    415: "The body is not JSON.",
    422: "The Idempotency-Key belongs to another request.",
    429: "Too many requests; `Retry-After` says for how long to wait.",
    503: "It took too long and was given up; nothing was changed.",
}
# Fields of the answers' heads; the first of all answers, the next two of those to a key that opens something.
HEADERS: dict[str, tuple[str, str]] = {
    "X-Request-ID": ("The request's id, yours if you sent one; it stands in our log.", "string"),
    "RateLimit-Policy": ('What one key may ask: `"key";q=600;w=60` is 600 requests in 60 seconds.', "string"),
    "RateLimit": ('What is left: `"key";r=598;t=31` is 598 requests in the next 31 seconds.', "string"),
    "ETag": ("The version, in quotes: send it as `If-Match` when you change what you read.", "string"),
    "Idempotency-Replayed": ("`true`: the answer of an earlier request with this Idempotency-Key.", "string"),
    "Retry-After": ("Seconds to wait.", "integer"),
    "WWW-Authenticate": ("How a key is sent.", "string"),
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
IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description='The version that you read, as its `ETag` told it: `"3"`. 412 if somebody has changed it since.',
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
    """Reads what a view and its declarations say: parameters, bodies, answers, rights, errors and examples."""

    @property
    def _declared(self) -> OrganizationApiView:
        assert isinstance(self.view, OrganizationApiView)
        return self.view

    def is_excluded(self) -> bool:
        return not isinstance(self.view, OrganizationApiView)

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if operation is None:
            return None
        for parameter in operation.get("parameters", ()):
            if parameter["in"] == "path":
                noun = parameter["name"].removesuffix("_id").replace("_", " ")
                parameter.setdefault("description", f"The `id` of the {noun}.")
            if (example := self._parameter_example(parameter)) is not None:
                parameter["example"] = example
        for status, answer in operation["responses"].items():
            answer["description"] = ANSWERS[int(status)]
            answer["headers"] = self._headers("RateLimit-Policy", "RateLimit", *self._own_headers())
        operation["responses"] |= self._problem_responses()
        return operation

    def get_tags(self) -> list[str]:
        return [self._tokenize_path()[0]]

    def get_summary(self) -> str:
        return self._sentences()[0]

    def get_description(self) -> str:  # type: ignore[override] # drf-spectacular's own signature
        permission = self._declared.permissions.get(self.method)
        return f"{self._sentences()[1]}\n\nNeeds the right `{permission}`.".strip()

    def get_extensions(self) -> dict[str, Any]:
        return {"x-permission": str(self._declared.permissions.get(self.method))}

    def get_override_parameters(self) -> list[Any]:
        if self.method in WRITING:
            return [IDEMPOTENCY_KEY, *([IF_MATCH] if self.method in self._declared.versioned else [])]
        declared = self._declared.Parameters
        return [self._parameter(name, field) for name, field in declared().fields.items()] if declared else []

    def get_request_serializer(self) -> Any:
        return self._declared.Input if self.method in WITH_BODY else None

    def get_response_serializers(self) -> Any:
        return {self._status(): self._answer()}

    def get_examples(self) -> list[OpenApiExample]:
        examples: list[OpenApiExample] = []
        if (sent := getattr(self.get_request_serializer(), "example", None)) is not None:
            kinds = [FORM] if self._declared.file_limit else self.map_parsers()
            examples.extend(OpenApiExample("request", value=sent, request_only=True, media_type=kind) for kind in kinds)
        if (row := getattr(self._output(), "example", None)) is not None:
            value = {"rows": [row], **self._page_example(), "next": None} if self._is_page() else row
            examples.append(OpenApiExample("answer", value=value, response_only=True, status_codes=[self._status()]))
        return examples

    def get_operation_id(self) -> str:
        """Return a verb and the path's nouns, in the singular where one thing is meant: `change_budget`."""
        verbs = {"GET": "list" if self._is_page() else "get", "POST": "create", "PUT": "replace"}
        verb = verbs.get(self.method, {"PATCH": "change", "DELETE": "delete"}.get(self.method, self.method.lower()))
        parts = [part for part in re.sub(self.path_prefix, "", self.path).split("/") if part]
        nouns = [part.replace("-", "_") for part in parts if not part.startswith("{")]
        return "_".join([verb, *map(_singular, nouns[:-1]), nouns[-1] if self._is_page() else _singular(nouns[-1])])

    def _is_list_view(self, serializer: Any = None) -> bool:  # noqa: ARG002 - the library's signature
        return False

    def _is_page(self) -> bool:
        return self.method == "GET" and self._declared.is_list()

    def _page_example(self) -> dict[str, Any]:
        return dict(getattr(self._declared.PageFields, "example", {}))

    def _status(self) -> str:
        return str(self._declared.statuses.get(self.method, STATUSES[self.method]))

    def _output(self) -> Any:
        return None if self._status() == str(int(HTTPStatus.NO_CONTENT)) else self._declared.output_of(self.method)

    def _answer(self) -> Any:
        output = self._output()
        if output is None or not self._is_page():
            return output
        fields: dict[str, Any] = {"rows": output(many=True)}
        fields.update(self._declared.PageFields().fields if self._declared.PageFields else {})
        fields["next"] = serializers.CharField(
            allow_null=True, help_text="Send it as `after` to get the next page; null on the last one."
        )
        return inline_serializer(f"{output.__name__.removesuffix('Output')}Page", fields)

    def _sentences(self) -> tuple[str, str]:
        """Return the first sentence about a method without its full stop, and the rest."""
        handler = getattr(self._declared, self.method.lower())
        text = inspect.getdoc(handler) or inspect.getdoc(type(self._declared)) or ""
        text = " ".join(text.split())
        first, _stop, rest = text.partition(". ")
        return first.rstrip("."), rest

    def _own_headers(self) -> list[str]:
        output = self._output()
        is_versioned = output is not None and not self._is_page() and "version" in output().fields
        return [*(["ETag"] if is_versioned else []), *(["Idempotency-Replayed"] if self.method in WRITING else [])]

    def _headers(self, *names: str) -> dict[str, Any]:
        for name in ("X-Request-ID", *names):
            text, kind = HEADERS[name]
            self._register(ResolvedComponent.HEADER, name, {"description": text, "schema": {"type": kind}})
        return {name: {"$ref": f"#/components/headers/{name}"} for name in ("X-Request-ID", *names)}

    def _problem_responses(self) -> dict[str, Any]:
        problems = problems_of(type(self._declared), method=self.method, has_id="{" in self.path)
        return {str(status): self._problem_response(status, codes) for status, codes in problems.items()}

    def _problem_response(self, status: int, codes: dict[str, str]) -> dict[str, Any]:
        """Describe one status; its codes are all there are, but for 400, where each rule of a field has its own."""
        problem = self.resolve_serializer(Problem, "response").ref
        is_closed = status != HTTPStatus.BAD_REQUEST
        narrowed = {"type": "object", "properties": {"code": {"enum": sorted(codes)}}}
        own = {401: ["WWW-Authenticate"], 429: ["Retry-After"], 503: ["Retry-After"]}.get(status, [])
        for code, sentence in codes.items():
            self._register(ResolvedComponent.EXAMPLE, f"{code}.{status}", _problem_example(status, code, sentence))
        return {
            "description": PROBLEMS[status],
            "headers": self._headers(*own),
            "content": {
                PROBLEM: {
                    "schema": {"allOf": [problem, narrowed]} if is_closed else problem,
                    "examples": {code: {"$ref": f"#/components/examples/{code}.{status}"} for code in codes},
                }
            },
        }

    def _register(self, kind: str, name: str, schema: dict[str, Any]) -> None:
        component = ResolvedComponent(name=name, type=kind, schema=schema, object=name)  # type: ignore[no-untyped-call] # the library's
        self.registry.register_on_missing(component)

    def _parameter_example(self, parameter: dict[str, Any]) -> Any:
        if parameter["in"] == "path":
            example = getattr(self._output() or self._declared.Output, "example", {})
            return example.get("id", 42) if parameter["schema"].get("type") == "integer" else None
        if parameter["in"] == "header":
            return {"Idempotency-Key": "7b1f0c9a-3f5e-4c55-9d0c-0a4c7a1d2e11", "If-Match": '"3"'}.get(parameter["name"])
        return getattr(self._declared.Parameters, "example", {}).get(parameter["name"])

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


def _singular(noun: str) -> str:
    if noun.endswith("ies"):
        return f"{noun[:-3]}y"
    return noun.removesuffix("s") if not noun.endswith("ss") else noun


def _problem_example(status: int, code: str, sentence: str) -> dict[str, Any]:
    value = {
        "type": f"urn:yosan:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": sentence,
        "code": code,
        "request_id": "6f1d0c2b9a9e4c0e8c6f1d0c2b9a9e4c",
        "errors": [{"field": "amuont", "code": code, "message": sentence}] if code == "unknown_field" else [],
    }
    return {"summary": sentence, "value": value}
