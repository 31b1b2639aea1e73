"""What Cost Explorer tells of a usage type beside its name: the model and the feature, since September 2026.

`PRODUCT_ATTRIBUTE` is a way to group costs that only Bedrock has, and only some accounts. It carries no money here: the
lines by usage type stay the only ones that are added up, and what it tells names lines whose string tells less.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from billing.domain.periods import DAY, DateRange

MODEL, FEATURE = "model", "feature"
# An earlier start is refused (cost-management user guide, October 2026).
FIRST_DAY = date(2026, 9, 1)
LOOK_BACK = 30 * DAY
# Names of models and features change rarely, and every question costs the customer a cent.
ASKED_EVERY = timedelta(days=7)
BATCH_FEATURE = "batch inference"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is told of one usage type; "" where nothing is, or more than one thing."""

    model: str = ""
    feature: str = ""


NOTHING_TOLD = Told()


def is_due(read_at: datetime | None, now: datetime) -> bool:
    """Say whether the attributes of a bill are to be asked for again."""
    return read_at is None or now - read_at >= ASKED_EVERY


def asked_days(now: datetime) -> DateRange | None:
    """The days to ask about: the last ones, as far as there are data; None before that."""
    days = DateRange(max(FIRST_DAY, now.date() - LOOK_BACK), now.date())
    return days if days.start < days.end else None


def read_told(models: Iterable[tuple[str, str]], features: Iterable[tuple[str, str]]) -> Mapping[str, Told]:
    """Read groups of usage type and attribute (`model$Claude Sonnet 5`): what is told of each usage type.

    One string may stand for several models, each sold as a service of its own, and for on-demand and batch calls alike: of
    those nothing can be told.
    """
    of_model, of_feature = _values(MODEL, models), _values(FEATURE, features)
    return {
        usage_type: Told(model=_only(of_model[usage_type]), feature=_only(of_feature[usage_type]))
        for usage_type in sorted({*of_model, *of_feature})
    }


def is_batch(feature: str) -> bool:
    """Say whether a feature is batch inference, which some usage types do not say."""
    return feature.strip().casefold() == BATCH_FEATURE


def _values(attribute: str, groups: Iterable[tuple[str, str]]) -> defaultdict[str, set[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for usage_type, key in groups:
        name, _, value = key.partition("$")
        if name == attribute and value:
            found[usage_type].add(value)
    return found


def _only(values: set[str]) -> str:
    return next(iter(values)) if len(values) == 1 else ""
