"""Marks a sentence for translation without knowing Django."""


def gettext_noop(message: str) -> str:
    """Return the sentence as it is; the name is what `makemessages` looks for. Interfaces translate it when shown."""
    return message
