"""Addresses of the Explore page: read strictly, and written in one form so that the same question has one address."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse

from accounts.access.web import OrganizationRequest
from billing.domain.dimensions import Dimension
from billing.domain.explore import WITHOUT, Exploration, Reading, as_texts, read_exploration, with_filter

# Names that say nothing about the question: where a page begins, which view was opened, a filter on its way.
HELPERS = frozenset({"after", "limit", "view", "dimension", "how", "value", "format"})


class Links:
    """Writes addresses that keep the opened view."""

    def __init__(self, request: OrganizationRequest, name: str = "billing:explore") -> None:
        self.path = reverse(name, kwargs={"org_slug": request.organization.slug})
        self.view = request.GET.get("view", "")
        self.shown = {name: request.GET[name] for name in ("after", "limit") if name in request.GET}

    def to(self, exploration: Exploration, **helpers: str) -> str:
        """Return the address of an exploration."""
        view = {"view": self.view} if self.view.isascii() and self.view.isdigit() else {}
        query = urlencode({**as_texts(exploration), **view, **helpers}, safe=",~")
        return f"{self.path}?{query}" if query else self.path

    def here(self, exploration: Exploration) -> str:
        """Return the address of what is shown, its page included."""
        return self.to(exploration, **self.shown)


def given_texts(query: QueryDict) -> dict[str, str]:
    """Return the texts by name; a name that is given more than once, as two selects do, is a list."""
    return {name: ",".join(query.getlist(name)) for name in query if name not in HELPERS}


def read_request(query: QueryDict) -> Reading:
    """Read the exploration that an address asks for."""
    return read_exploration(given_texts(query))


def filtered(exploration: Exploration, query: QueryDict) -> Exploration:
    """Return the exploration with the filter that a form sent; one of an unknown dimension changes nothing."""
    try:
        dimension = Dimension(query.get("dimension", ""))
    except ValueError:
        return exploration
    values = [None if value == WITHOUT else value for value in dict.fromkeys(query.getlist("value")) if value]
    return with_filter(exploration, dimension, values, exclude=query.get("how") == "is_not")
