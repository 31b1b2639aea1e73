"""The protocols: what a request asks for, checked against botocore's own model, and how an answer is written."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qs, parse_qsl, unquote
from xml.sax.saxutils import escape

from botocore.loaders import Loader
from botocore.model import ListShape, OperationModel, ServiceModel, Shape, StructureShape
from botocore.validate import ParamValidator

from billing.sandbox.caller import Request
from billing.sandbox.errors import AwsError

# The names that the JSON protocols have for what the query protocol names otherwise.
JSON_CODES: Final[Mapping[str, str]] = {
    "AccessDenied": "AccessDeniedException",
    "ExpiredToken": "ExpiredTokenException",
    "InvalidClientTokenId": "UnrecognizedClientException",
    "MissingAuthenticationToken": "MissingAuthenticationTokenException",
    "IncompleteSignature": "IncompleteSignatureException",
    "SignatureDoesNotMatch": "InvalidSignatureException",
    "Throttling": "ThrottlingException",
    "ValidationError": "ValidationException",
    "InternalFailure": "InternalServerException",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    operation: str
    parameters: dict[str, Any]


@cache
def service_model(name: str) -> ServiceModel:
    return ServiceModel(Loader().load_service_model(name, "service-2"), name)


def _checked(operation: OperationModel, parameters: dict[str, Any]) -> Ask:
    """Refuse what the service's own model refuses: missing, unknown, wrongly typed, out of range."""
    shape = operation.input_shape
    if shape is None:
        return Ask(operation=operation.name, parameters={})
    unknown = sorted(_unknown_members(parameters, shape))
    if unknown:
        raise AwsError("ValidationError", f"Unknown parameters: {', '.join(unknown)}")
    report = ParamValidator().validate(parameters, shape)
    if report.has_errors():
        raise AwsError("ValidationError", report.generate_report())
    return Ask(operation=operation.name, parameters=parameters)


def _unknown_members(value: Any, shape: Shape) -> set[str]:
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        found = {name for name in value if name not in shape.members}
        for name, member in shape.members.items():
            if name in value:
                found |= _unknown_members(value[name], member)
        return found
    if isinstance(shape, ListShape) and isinstance(value, list):
        return set().union(*(_unknown_members(item, shape.member) for item in value)) if value else set()
    return set()


def _typed(value: Any, shape: Shape) -> Any:
    """Times arrive as numbers, and in forms and addresses everything arrives as text."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        return {
            name: _typed(item, shape.members[name]) if name in shape.members else item for name, item in value.items()
        }
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_typed(item, shape.member) for item in value]
    return _scalar(value, shape.type_name)


def _scalar(value: Any, type_name: str) -> Any:
    try:
        if type_name == "timestamp":
            return _moment(value)
        if isinstance(value, str) and type_name in {"integer", "long"}:
            return int(value)
        if isinstance(value, str) and type_name == "boolean":
            return {"true": True, "false": False}[value]
    except (ValueError, TypeError, KeyError, OverflowError, OSError) as error:
        raise AwsError("SerializationException", f"Not a {type_name}: {value!r}") from error
    return value


def _moment(value: Any) -> datetime:
    if isinstance(value, str):
        return datetime.fromisoformat(value).astimezone(UTC)
    return datetime.fromtimestamp(value, UTC)


def _operation(model: ServiceModel, name: str) -> OperationModel:
    if name not in model.operation_names:
        raise AwsError("UnknownOperationException", f"No operation {name!r} in {model.service_name}", status=404)
    return model.operation_model(name)


class JsonProtocol:
    """AWS JSON 1.0 and 1.1: one address, the operation in X-Amz-Target."""

    def __init__(self, model: ServiceModel, *, query_codes: bool = False) -> None:
        self.model = model
        self.version = model.metadata.get("jsonVersion", "1.1")
        self.query_codes = query_codes  # the service still tells the codes of its former query protocol

    def read(self, request: Request) -> Ask:
        if "smithy-protocol" in request.headers or request.method != "POST":
            raise AwsError("UnknownOperationException", "Only the JSON protocol is spoken here.", status=404)
        prefix, _, name = request.headers.get("x-amz-target", "").partition(".")
        if prefix != self.model.metadata["targetPrefix"]:
            raise AwsError("UnknownOperationException", f"Not a target of this service: {prefix!r}", status=404)
        operation = _operation(self.model, name)
        parameters = _json_body(request.body)
        return _checked(operation, _typed(parameters, operation.input_shape) if operation.input_shape else {})

    def write(self, _operation: str, answer: Mapping[str, Any], _request_id: str) -> Reply:
        body = json.dumps(answer, default=_epoch).encode()
        return Reply(status=200, headers={"Content-Type": f"application/x-amz-json-{self.version}"}, body=body)

    def refuse(self, error: AwsError, _request_id: str) -> Reply:
        name = JSON_CODES.get(error.code, error.code)
        headers = {"Content-Type": f"application/x-amz-json-{self.version}"}
        if self.query_codes:
            headers["x-amzn-query-error"] = f"{error.code};{error.fault}"
        status = HTTPStatus.BAD_REQUEST if error.status == HTTPStatus.FORBIDDEN else error.status
        body = json.dumps({"__type": f"com.amazonaws.sandbox#{name}", "message": error.message})
        return Reply(status=status, headers=headers, body=body.encode())


class RestJsonProtocol:
    """REST with JSON bodies: the operation is in method and path."""

    def __init__(self, model: ServiceModel) -> None:
        self.model = model

    def read(self, request: Request) -> Ask:
        for name in self.model.operation_names:
            operation = self.model.operation_model(name)
            found = _match(operation, request)
            if found is not None:
                return _checked(operation, self._parameters(operation, request, found))
        raise AwsError("UnknownOperationException", f"No operation {request.method} {request.path}", status=404)

    @staticmethod
    def _parameters(operation: OperationModel, request: Request, found: Mapping[str, str]) -> dict[str, Any]:
        shape = operation.input_shape
        if shape is None:
            return {}
        sent = parse_qs(request.query, keep_blank_values=True)
        parameters: dict[str, Any] = _json_body(request.body) if request.body else {}
        by_wire_name = {member.serialization.get("name", name): name for name, member in shape.members.items()}
        for wire_name, text in (*found.items(), *((key, values[0]) for key, values in sent.items())):
            parameters[by_wire_name.get(wire_name, wire_name)] = text
        typed: dict[str, Any] = _typed(parameters, shape)
        return typed

    def write(self, _operation: str, answer: Mapping[str, Any], _request_id: str) -> Reply:
        body = json.dumps(answer, default=_iso).encode()
        return Reply(status=200, headers={"Content-Type": "application/json"}, body=body)

    def refuse(self, error: AwsError, _request_id: str) -> Reply:
        name = JSON_CODES.get(error.code, error.code)
        status = 429 if name == "ThrottlingException" else error.status
        body = json.dumps({"message": error.message}).encode()
        return Reply(status=status, headers={"Content-Type": "application/json", "x-amzn-ErrorType": name}, body=body)


class QueryProtocol:
    """The old one: a form goes in, XML comes out."""

    def __init__(self, model: ServiceModel) -> None:
        self.model = model

    def read(self, request: Request) -> Ask:
        form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        if form.pop("Version", None) != self.model.api_version:
            raise AwsError("InvalidAction", "Could not find operation for this version")
        operation = _operation(self.model, form.pop("Action", ""))
        if operation.input_shape is None:
            return Ask(operation=operation.name, parameters={})
        return _checked(operation, _typed(_nested(form), operation.input_shape))

    def write(self, operation: str, answer: Mapping[str, Any], request_id: str) -> Reply:
        result = _xml(f"{operation}Result", answer)
        body = (
            f'<{operation}Response xmlns="{self.model.metadata["xmlNamespace"]}">{result}'
            f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{operation}Response>"
        )
        return Reply(status=200, headers={"Content-Type": "text/xml"}, body=body.encode())

    def refuse(self, error: AwsError, request_id: str) -> Reply:
        inner = _xml("Error", {"Type": error.fault, "Code": error.code, "Message": error.message})
        body = (
            f'<ErrorResponse xmlns="{self.model.metadata["xmlNamespace"]}">{inner}'
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
        return Reply(status=error.status, headers={"Content-Type": "text/xml"}, body=body.encode())


Protocol = JsonProtocol | RestJsonProtocol | QueryProtocol


def _json_body(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError as error:
        raise AwsError("SerializationException", "The body is not JSON.") from error
    if not isinstance(found, dict):
        raise AwsError("SerializationException", "The body is not a JSON object.")
    return found


def _match(operation: OperationModel, request: Request) -> dict[str, str] | None:
    if operation.http["method"] != request.method:
        return None
    match = _template(operation.http["requestUri"].partition("?")[0]).match(request.path)
    return {name: unquote(text) for name, text in match.groupdict().items()} if match else None


@cache
def _template(uri: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)(\+?)\}", uri)
    pattern = re.escape(parts[0])
    for name, greedy, text in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        pattern += f"(?P<{name}>{'.+' if greedy else '[^/]+'}){re.escape(text)}"
    return re.compile(f"^{pattern}$")


def _nested(form: Mapping[str, str]) -> dict[str, Any]:
    """`Tags.member.1.Key` becomes Tags: [{Key: …}]."""
    tree: dict[str, Any] = {}
    for name, text in form.items():
        *path, last = name.split(".")
        place = tree
        for part in path:
            step = place.setdefault(part, {})
            if not isinstance(step, dict):
                raise AwsError("MalformedQueryString", f"{part} is both a value and a structure")
            place = step
        place[last] = text
    return {name: _lists(value) for name, value in tree.items()}


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if set(value) == {"member"} and isinstance(value["member"], dict):
        return [_lists(item) for _, item in sorted(value["member"].items(), key=lambda pair: pair[0].zfill(9))]
    return {name: _lists(item) for name, item in value.items()}


def _xml(name: str, value: Any) -> str:
    if isinstance(value, Mapping):
        return f"<{name}>{''.join(_xml(key, item) for key, item in value.items())}</{name}>"
    text = _iso(value) if isinstance(value, datetime) else str(value)
    return f"<{name}>{escape(text)}</{name}>"


def _epoch(value: object) -> float:
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(type(value).__name__)


def _iso(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    raise TypeError(type(value).__name__)
