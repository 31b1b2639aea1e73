"""What a reading may note, in words: something was left out, stored otherwise than told, or not recognised."""

from __future__ import annotations

from collections.abc import Mapping

from accounts.domain.text import gettext_noop
from billing.domain.parsing.cloudwatch import Remark
from billing.domain.tiers import TierDoubt
from billing.domain.usage_types import BillRemark

NOTE_SENTENCES: Mapping[str, str] = {
    Remark.UNKNOWN_DIMENSIONS: gettext_noop(
        "AWS lists usage under dimensions that are not known here; it is left out, because all traffic is counted already."
    ),
    Remark.UNKNOWN_TIER: gettext_noop(
        "AWS names a service tier that is not known here; what it served is counted at the standard tier."
    ),
    TierDoubt.TIERS_EXCEED_TOTAL: gettext_noop(
        "The service tiers of a model add up to more than all of its traffic; the total was kept and shared out in their "
        "proportions."
    ),
    TierDoubt.TOTAL_MISSING: gettext_noop(
        "AWS told what service tiers served, but not the total; what the tiers served was stored."
    ),
    BillRemark.USAGE_TYPE_UNRECOGNIZED: gettext_noop(
        "A usage type of the bill is not recognized; its cost is stored and counts, without a model."
    ),
    BillRemark.UNIT_CONTRADICTED: gettext_noop(
        "The cost of a usage type fits its list price neither per 1,000 nor per 1,000,000 tokens; it counts as money only."
    ),
}


def note_sentence(reason: str) -> str:
    """Return what a note means; the reason itself when a newer version wrote it."""
    return NOTE_SENTENCES.get(reason, reason)
