"""Choices of forms in the language of the page."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from django.utils.translation import gettext


def choices_of(labels: Mapping[StrEnum, str]) -> list[tuple[str, str]]:
    """Return what can be chosen, named; labels are marked in the domain and translated here."""
    return [(code.value, gettext(label)) for code, label in labels.items()]
