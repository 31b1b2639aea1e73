"""Who pays for a series: by the tag of its profile, or by the one cost center that claims its account."""

from __future__ import annotations

from collections.abc import Collection, Mapping


def cost_center_for(tags: Mapping[str, str], tag_key: str, centers: Collection[str]) -> str | None:
    """The code of the cost center that a usage series belongs to: the one named by the tag; None is unassigned.

    AWS's tags tell upper from lower case, and so do codes: nothing is guessed.
    """
    value = tags.get(tag_key)
    return value if value in centers else None


def cost_center_of_account(aws_account_id: str, claims: Mapping[str, Collection[str]]) -> str | None:
    """The code of the cost center that a billed series belongs to; None when none or several claim its account."""
    claiming = [code for code, aws_account_ids in claims.items() if aws_account_id in aws_account_ids]
    return claiming[0] if len(claiming) == 1 else None
