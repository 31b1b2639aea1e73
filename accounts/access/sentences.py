"""What a page says in the reader's language: an error of the domain, and what was saved."""

from __future__ import annotations

from django.forms import Form
from django.utils.translation import gettext

from accounts.domain.errors import CallerError


def sentence(error: CallerError) -> str:
    """Return the error's sentence in the active language, its parameters filled in."""
    text = gettext(error.message)
    return text % error.parameters if error.parameters else text


def add_error(form: Form, error: CallerError) -> None:
    """Show an error at the form's field that it is about, or above the form when it is about none of them."""
    form.add_error(error.field if error.field in form.fields else None, sentence(error))


def saved(event_id: int | None) -> str:
    """Return the sentence for a change and its audit line, or for no change."""
    if event_id is None:
        return gettext("Nothing was changed.")
    return gettext("Saved. The audit log has it as line %(number)s.") % {"number": event_id}
