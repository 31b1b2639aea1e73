"""Remembers for one page what it has asked already: many parts of a page need the same cost centers, rates and dates.

Only what reads and writes nothing may be answered within; outside, every question is asked anew.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from accounts.tenancy.context import current_organization_id

Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")

_answers: ContextVar[dict[Hashable, Any] | None] = ContextVar("yosan_answers", default=None)


@contextmanager
def remembered_answers() -> Iterator[None]:
    """Ask each question that is marked `asked_once` one time within, for as long as its arguments are the same."""
    token = _answers.set({})
    try:
        yield
    finally:
        _answers.reset(token)


def asked_once(question: Callable[Asked, Answer]) -> Callable[Asked, Answer]:
    """Mark a question whose arguments can be compared and whose answer nobody changes."""

    @wraps(question)
    def ask(*arguments: Asked.args, **named: Asked.kwargs) -> Answer:
        answers = _answers.get()
        if answers is None:
            return question(*arguments, **named)
        key = (question, current_organization_id(), arguments, tuple(sorted(named.items())))
        if key not in answers:
            answers[key] = question(*arguments, **named)
        answer: Answer = answers[key]
        return answer

    return ask
