"""The saved views on the Explore page: which there are, which is open, and whether the question still is its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from accounts.access.web import OrganizationRequest
from billing.domain.explore import Exploration, as_all_texts
from billing.domain.saved_views import SavedViewValue
from billing.queries.saved_views import find_saved_view, list_views_by_name
from billing.web.explore.link import Links

MOST_DIGITS = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewLink:
    """A view of the menu."""

    name: str
    link: str
    is_open: bool
    is_shared: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """The menu of views; `query` is the question that is shown, for the forms that keep it."""

    views: Sequence[ViewLink]
    open: SavedViewValue | None
    is_changed: bool
    can_replace: bool
    query: str


def saved_of(request: OrganizationRequest, asked: Exploration, links: Links) -> Saved:
    """Return the views of the reader."""
    text = links.view
    found = (
        find_saved_view(int(text), request.actor)
        if text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS
        else None
    )
    return Saved(
        views=[_link(view, request, found) for view in list_views_by_name(request.actor)],
        open=found,
        is_changed=found is not None and found.exploration != asked,
        can_replace=found is not None and found.can_change(request.actor, request.permissions),
        query=urlencode(as_all_texts(asked), safe=",~"),
    )


def _link(view: SavedViewValue, request: OrganizationRequest, found: SavedViewValue | None) -> ViewLink:
    links = Links(request)
    links.view = str(view.id)
    return ViewLink(
        name=view.name,
        link=links.to(view.exploration),
        is_open=found is not None and found.id == view.id,
        is_shared=view.is_shared,
    )
