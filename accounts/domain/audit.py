"""Who acts, and what an audit line must carry."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]

VERB = re.compile(r"[a-z_]+\.[a-z_]+")


class ActorKind(StrEnum):
    """What kind of being acts."""

    USER = "USER"
    API_KEY = "API_KEY"
    SYSTEM = "SYSTEM"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts: `id` is the user's or key's id, `label` the name people know it by (never a secret)."""

    kind: ActorKind
    id: str
    label: str


SYSTEM = Actor(kind=ActorKind.SYSTEM, id="", label="Yosan")


def is_verb(text: str) -> bool:
    """Return whether a verb has the form noun.past_participle, such as `budget.changed`."""
    return VERB.fullmatch(text) is not None
