"""The saved views that somebody may see: the shared ones and their own."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from accounts.domain.audit import Actor
from accounts.domain.pages import Page
from billing.domain.saved_views import SavedViewNotFound, SavedViewValue
from billing.models import SavedView

# A menu that is longer is no help.
MOST_IN_MENU = 50


def list_saved_views(actor: Actor, *, after: str | None = None, limit: int = 100) -> Page[SavedViewValue]:
    """Return a page of the views that somebody may see, oldest first."""
    rows = list(_visible(actor).filter(id__gt=int(after) if after else 0).order_by("id")[: limit + 1])
    following = str(rows[limit - 1].pk) if len(rows) > limit else None
    return Page(rows=tuple(saved_view_value(row) for row in rows[:limit]), next=following)


def list_views_by_name(actor: Actor) -> tuple[SavedViewValue, ...]:
    """Return the views for a menu: one's own first, then by name."""
    values = [saved_view_value(row) for row in _visible(actor).order_by("name", "id")[:MOST_IN_MENU]]
    return tuple(sorted(values, key=lambda view: not view.is_of(actor)))


def find_saved_view(view_id: int, actor: Actor) -> SavedViewValue | None:
    """Return one view, or None where somebody may not see it."""
    row = _visible(actor).filter(id=view_id).first()
    return saved_view_value(row) if row else None


def get_saved_view(view_id: int, actor: Actor) -> SavedViewValue:
    """Return one view. Raises SavedViewNotFound."""
    view = find_saved_view(view_id, actor)
    if view is None:
        raise SavedViewNotFound
    return view


def saved_view_value(row: SavedView) -> SavedViewValue:
    """Return what a row is to those who read it."""
    return SavedViewValue(
        id=row.pk,
        name=row.name,
        is_shared=row.is_shared,
        owner_kind=row.owner_kind,
        owner_id=row.owner_id,
        owner_label=row.owner_label,
        question=row.question,
        saved_at=row.saved_at,
    )


def _visible(actor: Actor) -> QuerySet[SavedView]:
    return SavedView.objects.filter(Q(is_shared=True) | Q(owner_kind=actor.kind.value, owner_id=actor.id))
