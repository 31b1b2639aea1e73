"""What a page says in the reader's language: an error of the domain, and what was saved."""

from __future__ import annotations

from datetime import date

from babel.dates import format_date
from django.forms import Form
from django.utils.translation import get_language, gettext

from accounts.domain.errors import CallerError


def sentence(error: CallerError) -> str:
    """Return the error's sentence in the active language, its parameters filled in."""
    text = gettext(error.message)
    return text % error.parameters if error.parameters else text


def add_error(form: Form, error: CallerError) -> None:
    """Show an error at the form's field that it is about, or above the form when it is about none of them."""
    form.add_error(error.field if error.field in form.fields else None, sentence(error))


def day_text(day: date) -> str:
    """Return a day with its year as every page writes it: 24 Nov 2026, 2026年11月24日."""
    return format_date(day, "y年M月d日" if get_language() == "ja" else "d MMM y", locale="en")


def saved(event_id: int | None) -> str:
    """Return the sentence for a change and its audit line, or for no change."""
    if event_id is None:
        return gettext("Nothing was changed.")
    return gettext("Saved. The audit log has it as line %(number)s.") % {"number": event_id}
