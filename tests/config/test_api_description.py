"""The description of the API: every operation has its sentence, its right, its examples and its errors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from django.test import Client
from django.urls import get_resolver
from django.utils.translation import override
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema
from jsonschema import Draft202012Validator  # type: ignore[import-untyped] # has no types

from accounts.access.api import READING, OrganizationApiView
from accounts.domain.roles import Permission
from tests.architecture.test_doors import routes

METHODS = ("get", "post", "put", "patch", "delete")
PROBLEM = "application/problem+json"
SECRETS = re.compile(r"(\w+_)?(secret|token|password|passphrase|private_key)")


@cache
def description() -> dict[str, Any]:
    schema: dict[str, Any] = Client().get("/api/v1/schema/").json()
    return schema


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in description()["paths"].items():
        for method in METHODS:
            if method in methods:
                yield f"{method.upper()} {path}", methods[method]


def views() -> Iterator[type[OrganizationApiView]]:
    for _name, pattern in routes(get_resolver().url_patterns):
        kind = getattr(pattern.callback, "cls", None)
        if kind is not None and issubclass(kind, OrganizationApiView):
            yield kind


def faults(value: Any, schema: dict[str, Any]) -> list[str]:
    """Return what is wrong with a value; references are looked up in the description."""
    whole = {**schema, "components": description()["components"]}
    return [error.message for error in Draft202012Validator(whole).iter_errors(value)]


def faults_of_examples(content: dict[str, Any]) -> list[str]:
    """Return what is wrong with the examples of one body; that there is none is wrong, too."""
    return [fault for media in content.values() for fault in faults_of_media(media)]


def faults_of_media(media: dict[str, Any]) -> list[str]:
    """Return what is wrong with the examples of one of a body's types."""
    examples = [
        description()["components"]["examples"][example["$ref"].rpartition("/")[2]] if "$ref" in example else example
        for example in media.get("examples", {}).values()
    ]
    return [fault for example in examples for fault in faults(example["value"], media["schema"])] or (
        [] if examples else ["there is no example"]
    )


def test_the_description_keeps_the_standard() -> None:
    validate_schema(description())  # type: ignore[no-untyped-call] # the library's
    assert description()["openapi"].startswith("3.1")
    assert description()["servers"][0]["url"] == "/"
    assert description()["components"]["securitySchemes"]["apiKey"]["scheme"] == "bearer"


def test_every_operation_says_what_it_does_and_which_right_it_needs() -> None:
    tags = {tag["name"]: tag["description"] for tag in description()["tags"]}
    wrong = []
    for name, operation in operations():
        if len(operation.get("summary", "")) < len("List it"):
            wrong.append(f"{name}: no summary")
        if (
            operation["x-permission"] not in set(Permission)
            or operation["x-permission"] not in operation["description"]
        ):
            wrong.append(f"{name}: no right")
        if not all(tags.get(tag) for tag in operation["tags"]):
            wrong.append(f"{name}: a tag without a description (config/api_tags.py)")
        if operation["security"] != [{"apiKey": []}]:
            wrong.append(f"{name}: open to everybody")

    assert not wrong


def test_every_operation_has_a_name_of_its_own_that_reads_like_one() -> None:
    names = [operation["operationId"] for _, operation in operations()]

    assert len(names) == len(set(names))
    assert not [name for name in names if not re.fullmatch(r"(list|get|create|replace|change|delete)(_[a-z]+)+", name)]


def test_every_body_and_answer_has_an_example_that_keeps_to_its_schema() -> None:
    wrong = []
    for name, operation in operations():
        if "requestBody" in operation:
            wrong += [f"{name}, request: {fault}" for fault in faults_of_examples(operation["requestBody"]["content"])]
        for status, answer in operation["responses"].items():
            if "content" in answer:
                wrong += [f"{name}, {status}: {fault}" for fault in faults_of_examples(answer["content"])]

    assert not wrong


def test_every_parameter_is_explained_and_what_must_be_sent_has_an_example() -> None:
    wrong = []
    for name, operation in operations():
        for parameter in operation.get("parameters", []):
            says_it_itself = parameter["schema"].get("enum") or parameter["schema"].get("$ref")
            if not parameter.get("description") and not says_it_itself:
                wrong.append(f"{name}: {parameter['name']} is not explained")
            if parameter.get("required") and "example" not in parameter:
                wrong.append(f"{name}: {parameter['name']} has no example")
            elif "example" in parameter and faults(parameter["example"], parameter["schema"]):
                # What is written with commas in the address is a list in the schema.
                wrong.append(f"{name}: the example of {parameter['name']} is not one")

    assert not wrong


def test_every_operation_tells_its_errors_with_their_codes() -> None:
    for name, operation in operations():
        told = {int(status) for status in operation["responses"] if int(status) >= 400}
        expected = {400, 401, 403, 406, 429} | ({409, 413, 422} if not name.startswith("GET") else set())
        assert expected <= told, name
        assert (404 in told) == ("{" in name), name
        for status in told:
            answer = operation["responses"][str(status)]
            assert set(answer["content"]) == {PROBLEM}, name
            assert "X-Request-ID" in answer["headers"], name


def test_every_method_that_writes_declares_in_which_errors_it_can_end() -> None:
    missing = [
        f"{view.__qualname__}.{method.lower()}"
        for view in views()
        for method in view.permissions
        if method not in READING and method not in view.errors
    ]

    assert not missing


def test_no_answer_tells_a_secret_but_the_one_that_tells_it_once() -> None:
    tells = {
        f"{name}.{field}"
        for name, schema in description()["components"]["schemas"].items()
        for field in schema.get("properties", {})
        if SECRETS.fullmatch(field) and "secret_was_shown" not in schema["properties"]
    }

    assert not tells


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_description_is_the_same_in_every_language(language: str) -> None:
    asked = Client().get("/api/v1/schema/", headers={"Accept-Language": language})

    assert asked.json() == description()


def test_nothing_in_the_description_had_to_be_guessed() -> None:
    with override("en"):
        GENERATOR_STATS.reset()
        SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call] # the library's

    # For names that collide: rename a serializer, or name the enumeration in ENUM_NAME_OVERRIDES.
    assert not GENERATOR_STATS


def test_every_described_tag_has_a_call() -> None:
    described = [tag["name"] for tag in description()["tags"]]
    used = {tag for _, operation in operations() for tag in operation["tags"]}

    assert set(described) == used
