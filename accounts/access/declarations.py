"""What an API view declares of its input: parameters, bodies and cursors, read strictly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.core import signing
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

PAGE_LIMIT, PAGE_DEFAULT = 1000, 100


class CommaSeparated(serializers.ListField):
    """A parameter with several values: `model,aws_region`."""

    def to_internal_value(self, data: Any) -> list[Any]:
        values = data.split(",") if isinstance(data, str) else data
        return super().to_internal_value([value.strip() if isinstance(value, str) else value for value in values])


class Cursor(serializers.CharField):
    """Where a page begins: the `next` of the page before, signed, so that it can only be one of ours."""

    default_error_messages = {
        "cursor_unreadable": _("This is not a `next` that a page of this list with these parameters gave out."),
    }

    def to_internal_value(self, data: Any) -> str:
        try:
            return read_cursor(super().to_internal_value(data), purpose=self.context["purpose"])
        except signing.BadSignature:
            self.fail("cursor_unreadable")


class PageParameters(serializers.Serializer[Any]):
    """The parameters of every list; a view's `Parameters` that derives from it makes the view's GET a list."""

    limit = serializers.IntegerField(
        min_value=1, max_value=PAGE_LIMIT, default=PAGE_DEFAULT, help_text="Rows in a page at most."
    )
    after = Cursor(default=None, help_text="The `next` of the page before; left out for the first page.")


class ShownOnceOutput(serializers.Serializer[Any]):
    """An answer that tells a secret once: the door keeps it out of what a repeated request is answered with."""

    secret = serializers.CharField(
        allow_null=True,
        help_text="Told in this answer only: keep it now. Null when the request repeats one that was answered before.",
    )
    secret_was_shown = serializers.BooleanField(
        help_text="True: the first answer to this Idempotency-Key told the secret, and nothing tells it again."
    )


def shown_first(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer that tells the secret."""
    return {**answer, "secret_was_shown": False}


def shown_again(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same answer without the secret: what may be stored, and what a repeated request gets."""
    return {**answer, "secret": None, "secret_was_shown": True}


def sign_cursor(position: str | None, *, purpose: str) -> str | None:
    """Return a page's `next`; it can be read for the same purpose only."""
    return None if position is None else signing.dumps(position, salt=purpose, compress=True)


def read_cursor(text: str, *, purpose: str) -> str:
    """Return the position in a cursor. Raises BadSignature."""
    position = signing.loads(text, salt=purpose)
    assert isinstance(position, str)
    return position


def read_parameters(
    declaration: type[serializers.Serializer[Any]] | None, query: QueryDict, *, purpose: str
) -> dict[str, Any]:
    """Return the query's parameters as values. Raises ValidationError, which names what is unknown or wrong."""
    given = {name: _last(query.getlist(name), name) for name in query}
    serializer = (declaration or serializers.Serializer)(data=given, context={"purpose": purpose})
    refuse_unknown(serializer, given, code="unknown_parameter", message=_("There is no such parameter."))
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def read_body(
    declaration: type[serializers.Serializer[Any]] | None, body: Any, *, partial: bool = False
) -> dict[str, Any]:
    """Return the body's fields as values. Raises ValidationError, which names what is unknown or wrong."""
    serializer = (declaration or serializers.Serializer)(data=body, partial=partial)
    if isinstance(body, Mapping):
        refuse_unknown(serializer, body, code="unknown_field", message=_("There is no such field."))
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def refuse_unknown(
    serializer: serializers.Serializer[Any], given: Mapping[str, Any], *, code: str, message: Any
) -> None:
    """Raise ValidationError when a name, at any depth, is declared nowhere: a field that is ignored is a false promise."""
    unknown = list(unknown_names(serializer, given))
    if unknown:
        raise ValidationError({name: [ErrorDetail(str(message), code=code)] for name in unknown})


def unknown_names(serializer: serializers.Serializer[Any], given: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """Return the names that a declaration does not know, as paths: `rules.0.percnt`."""
    known = {name: field for name, field in serializer.fields.items() if not field.read_only}
    for name, value in given.items():
        if name not in known:
            yield f"{path}{name}"
        else:
            yield from _unknown_within(known[name], value, f"{path}{name}.")


def _unknown_within(field: Any, value: Any, path: str) -> Iterator[str]:
    if isinstance(field, serializers.Serializer) and isinstance(value, Mapping):
        yield from unknown_names(field, value, path)
    elif isinstance(field, serializers.ListSerializer | serializers.ListField) and _is_list(value):
        for position, item in enumerate(value):
            yield from _unknown_within(field.child, item, f"{path}{position}.")


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _last(values: list[str], name: str) -> str:
    # Of two values one would be ignored: several are written with commas, where the parameter takes several.
    if len(values) != 1:
        raise ValidationError({name: [ErrorDetail(str(_("This parameter is given more than once.")), code="repeated")]})
    return values[0]
