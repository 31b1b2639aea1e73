"""A question that somebody keeps: whose it is, who may see it and who may change it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from accounts.domain.audit import Actor
from accounts.domain.errors import Conflict, Forbidden, NotFound
from accounts.domain.roles import Permission
from accounts.domain.text import gettext_noop
from billing.domain.explore import Exploration, Reading, read_exploration


class SavedViewNotFound(NotFound):
    """No view of the organization that the reader may see has the id."""

    code: ClassVar[str] = "saved_view_not_found"
    message: ClassVar[str] = gettext_noop("There is no such saved view.")


class SavedViewNameTaken(Conflict):
    """Two views of one name could not be told apart."""

    code: ClassVar[str] = "saved_view_name_taken"
    message: ClassVar[str] = gettext_noop("A saved view named %(name)s exists already.")


class SharingForbidden(Forbidden):
    """What everybody sees is changed by those who may."""

    code: ClassVar[str] = "sharing_forbidden"
    message: ClassVar[str] = gettext_noop("Your role may save views for yourself, but not share or change shared ones.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedViewValue:
    """A saved view; `question` is texts by name, the whole question with its order and columns."""

    id: int
    name: str
    is_shared: bool
    owner_kind: str
    owner_id: str
    owner_label: str
    question: Mapping[str, str]
    saved_at: datetime

    @property
    def reading(self) -> Reading:
        """Read the question; what a later version no longer understands is said, and the rest is answered."""
        return read_exploration(self.question)

    @property
    def exploration(self) -> Exploration:
        """Return the question as far as it can be read."""
        return self.reading.exploration

    def is_of(self, actor: Actor) -> bool:
        """Whether somebody saved it."""
        return (self.owner_kind, self.owner_id) == (actor.kind.value, actor.id)

    def can_change(self, actor: Actor, permissions: Collection[Permission]) -> bool:
        """Whether somebody may rename, replace or delete it: a private one its owner, a shared one who may share."""
        return Permission.EDIT_SHARED_VIEWS in permissions if self.is_shared else self.is_of(actor)
