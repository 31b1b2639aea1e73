"""People, whatever organization they belong to."""

from __future__ import annotations

from accounts.models import User


def has_any_user() -> bool:
    """Return whether anybody has signed up here; if not, the first visit is the sign-up."""
    return User.objects.exists()


def find_user_by_email(email: str) -> User | None:
    """Return the person of an e-mail address, however it is capitalized, or None."""
    return User.objects.filter(email__iexact=email).first()
