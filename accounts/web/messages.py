"""What a page says after it saved something."""

from __future__ import annotations

from django.utils.translation import gettext as _


def saved(event_id: int | None) -> str:
    """Return the sentence for a change and its audit line, or for no change."""
    if event_id is None:
        return _("Nothing was changed.")
    return _("Saved. The audit log has it as line %(number)s.") % {"number": event_id}
