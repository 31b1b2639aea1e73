"""Whose log-in asks for more than the password."""

from __future__ import annotations

from collections.abc import Collection

from allauth.mfa.models import Authenticator


def users_with_second_factor(user_ids: Collection[int]) -> frozenset[int]:
    """Return those of these people who have an authenticator app or a passkey."""
    # Recovery codes alone ask nobody for anything.
    factors = Authenticator.objects.filter(user_id__in=user_ids).exclude(type=Authenticator.Type.RECOVERY_CODES)
    return frozenset(factors.values_list("user_id", flat=True))
