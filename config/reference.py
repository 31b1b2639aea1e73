"""The API's description as pages can show it: operations by tag, with flat tables of fields and a call to copy."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.utils.translation import override
from drf_spectacular.generators import SchemaGenerator

METHODS = ("get", "post", "put", "patch", "delete")
PLACES = {"path": 0, "query": 1, "header": 2}
# Fields within fields are shown down to here: `status.forecast.total`.
DEEPEST = 3
KEY = "$YOSAN_API_KEY"
FORM = "multipart/form-data"
Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A parameter, or a field of a body or an answer; those within others by their path."""

    name: str
    kind: str
    is_required: bool
    text: str
    place: str = ""
    default: str = ""
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One error that an operation can end in."""

    status: int
    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path."""

    id: str
    method: str
    path: str
    summary: str
    text: str
    permission: str
    parameters: tuple[Field, ...]
    body: tuple[Field, ...]
    status: str
    outcome: str
    answer: tuple[Field, ...]
    answer_example: str
    problems: tuple[Problem, ...]
    call: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What belongs to one tag."""

    tag: str
    text: str
    operations: tuple[Operation, ...]


@cache
def description() -> Schema:
    """Return the API's description; it changes only with the program."""
    with override("en"):
        schema: Schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call] # the library's
    return schema


@cache
def list_sections(origin: str) -> tuple[Section, ...]:
    """Return all operations by tag, in the order in which the tags are described; calls go to `origin`."""
    schema = description()
    found: dict[str, list[Operation]] = {}
    for path, method, operation in _operations(schema):
        found.setdefault(operation["tags"][0], []).append(_operation(path, method, operation, schema, origin))
    return tuple(
        Section(tag=tag["name"], text=tag["description"], operations=tuple(found[tag["name"]]))
        for tag in schema["tags"]
        if tag["name"] in found
    )


def call_of(method: str, path: str, operation: Schema, *, origin: str) -> str:
    """Return a curl command that makes the operation's example call."""
    asked = {name: parameter["example"] for name, parameter in _examples(operation, "query")}
    for name, parameter in _examples(operation, "path"):
        path = path.replace(f"{{{name}}}", str(parameter["example"]))
    query = "&".join(f"{name}={','.join(value) if isinstance(value, list) else value}" for name, value in asked.items())
    flag = "" if method == "get" else f"-X {method.upper()} "
    address = f"{origin}{path}{'?' if query else ''}{query}"
    lines = [f'curl {flag}"{address}"', f'-H "Authorization: Bearer {KEY}"']
    if method != "get":
        lines.append('-H "Idempotency-Key: $(uuidgen)"')
    if FORM in operation.get("requestBody", {}).get("content", {}):
        lines += [f"-F '{name}={_part(name, value)}'" for name, value in _example(operation["requestBody"]).items()]
    elif "requestBody" in operation:
        sent = json.dumps(_example(operation["requestBody"]), ensure_ascii=False, indent=2).replace("'", "'\\''")
        lines += ["-H 'Content-Type: application/json'", f"-d '{sent}'"]
    return " \\\n  ".join(lines)


def add_calls(result: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
    """Write the example call into every operation of the description, where tools look for it."""
    for path, method, operation in _operations(result):
        source = call_of(method, path, operation, origin="$YOSAN_URL")
        operation["x-codeSamples"] = [{"lang": "Shell", "label": "curl", "source": source}]
    return result


def _operations(schema: Schema) -> Iterator[tuple[str, str, Any]]:
    for path, methods in schema["paths"].items():
        for method in METHODS:
            if method in methods:
                yield path, method, methods[method]


def _operation(path: str, method: str, operation: Schema, schema: Schema, origin: str) -> Operation:
    status, answer = next(iter(operation["responses"].items()))
    text, _, _right = operation["description"].rpartition("Needs the right")
    return Operation(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation["summary"].replace("`", ""),
        text=text.strip(),
        permission=operation["x-permission"],
        parameters=tuple(sorted(map(_parameter, operation.get("parameters", ())), key=lambda one: PLACES[one.place])),
        body=tuple(_fields_of(operation["requestBody"], schema)) if "requestBody" in operation else (),
        status=status,
        outcome=answer["description"],
        answer=tuple(_fields_of(answer, schema)) if "content" in answer else (),
        answer_example=json.dumps(_example(answer), ensure_ascii=False, indent=2) if "content" in answer else "",
        problems=tuple(_problems(operation, schema)),
        call=call_of(method, path, operation, origin=origin),
    )


def _part(name: str, value: str) -> str:
    """A file is sent from disk, and called so by every view that takes one."""
    return f"@{value}" if name == "file" else value


def _examples(operation: Schema, place: str) -> Iterator[tuple[str, Any]]:
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == place and "example" in parameter:
            yield parameter["name"], parameter


def _example(body: Schema) -> Any:
    media = next(iter(body["content"].values()))  # of several types the first, which is plain JSON
    return next(iter(media["examples"].values()))["value"]


def _parameter(parameter: Schema) -> Field:
    return _field(
        parameter["name"],
        parameter["schema"],
        text=parameter.get("description", ""),
        is_required=parameter.get("required", False),
        place=parameter["in"],
    )


def _problems(operation: Schema, schema: Schema) -> Iterator[Problem]:
    for status, answer in operation["responses"].items():
        for code, reference in (
            answer.get("content", {}).get("application/problem+json", {}).get("examples", {}).items()
        ):
            example = _resolved(reference, schema)
            yield Problem(status=int(status), code=code, text=example["summary"])


def _fields_of(body: Schema, schema: Schema) -> Iterator[Field]:
    # Whatever types a body is taken in, its fields are the same.
    media = next(iter(body["content"].values()))
    yield from _fields(media["schema"], schema, path="", depth=0)


def _fields(part: Schema, schema: Schema, *, path: str, depth: int) -> Iterator[Field]:
    whole = _resolved(part, schema)
    for name, inner in whole.get("properties", {}).items():
        shown = _resolved(inner, schema)
        text = inner.get("description") or ("" if shown.get("properties") else shown.get("description", ""))
        is_list = _is(shown, "array")
        child = _resolved(shown.get("items", {}), schema) if is_list else shown
        yield _field(f"{path}{name}", shown, text=text, is_required=name in whole.get("required", ()), items=child)
        if child.get("properties") and depth < DEEPEST:
            yield from _fields(child, schema, path=f"{path}{name}{'[]' if is_list else ''}.", depth=depth + 1)


def _field(
    name: str, schema: Schema, *, text: str, is_required: bool, place: str = "", items: Schema | None = None
) -> Field:
    child = items if items is not None else schema.get("items", {})
    kind = f"list of {_kind(child)}" if _is(schema, "array") else _kind(schema)
    is_nullable = "null" in schema.get("type", ()) or schema.get("is_nullable", False) or None in schema.get("enum", ())
    default = schema.get("default")
    return Field(
        name=name,
        kind=f"{kind} or null" if is_nullable and schema.get("type") != "null" else kind,
        is_required=is_required,
        # The library writes the values into the text too.
        text=re.sub(r"\n\n\* `.*", "", text, flags=re.DOTALL).strip(),
        place=place,
        default="" if default is None else json.dumps(default).strip('"'),
        values=tuple(
            value for value in (child if _is(schema, "array") else schema).get("enum", ()) if value is not None
        ),
    )


def _kind(schema: Schema) -> str:
    kinds = [kind for kind in (_kinds(schema)) if kind != "null"]
    kind = kinds[0] if kinds else ("object" if schema.get("properties") else "any")
    return {"date-time": "time", "date": "date"}.get(schema.get("format", ""), {"string": "text"}.get(kind, kind))


def _kinds(schema: Schema) -> list[str]:
    kinds = schema.get("type", [])
    return [kinds] if isinstance(kinds, str) else list(kinds)


def _is(schema: Schema, kind: str) -> bool:
    return kind in _kinds(schema)


def _resolved(part: Schema, schema: Schema) -> Schema:
    """Return what a part stands for: references, and unions of one thing with null, looked up."""
    if "$ref" in part:
        found = schema
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        return _resolved(found, schema)
    for union in ("allOf", "oneOf", "anyOf"):
        if union in part:
            members = [_resolved(member, schema) for member in part[union]]
            things = [member for member in members if member.get("type") != "null" and member.get("enum") != [None]]
            own = {"description": part["description"]} if "description" in part else {}
            return {**(things[0] if things else {}), **own, "is_nullable": len(things) < len(members)}
    return part
