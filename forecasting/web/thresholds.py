"""The rows of thresholds on a budget's form, and thresholds as its page lists them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms import BaseFormSet, formset_factory
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access.forms import posted
from accounts.access.sentences import sentence
from accounts.access.web import OrganizationRequest
from accounts.domain.errors import Invalid
from billing.domain.money import plain
from forecasting.domain.thresholds import ALERT_KIND_LABELS, MAX_THRESHOLDS, AlertKind, Threshold, check_thresholds
from forecasting.queries.channels import list_channels

# Rows without a percentage are for those who want more; they are left out when saving.
BLANK_ROWS = 2
# What most budgets want: a word when it is nearly spent, and one when it is going to be exceeded.
USUAL: tuple[tuple[AlertKind, int], ...] = ((AlertKind.ACTUAL, 80), (AlertKind.FORECAST, 100))


class ThresholdForm(forms.Form):
    """One threshold; without a percentage it is none."""

    percent = forms.CharField(
        label=gettext_lazy("Percent of the amount"),
        required=False,
        max_length=8,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    kind = forms.ChoiceField(label=gettext_lazy("Of"))
    channel_ids = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Tell"), coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, channels: Sequence[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        set_choices(self, "kind", [(kind.value, _(label)) for kind, label in ALERT_KIND_LABELS.items()])
        set_choices(self, "channel_ids", [(str(channel_id), name) for channel_id, name in channels])

    def clean_percent(self) -> Decimal | None:
        """Read the percentage, in half or full width, with or without its sign."""
        text = unicodedata.normalize("NFKC", self.cleaned_data["percent"]).strip().rstrip("% ")
        if not text:
            return None
        try:
            percent = Decimal(text)
            check_thresholds((Threshold(kind=AlertKind.ACTUAL, percent=percent),))
        except InvalidOperation as error:
            raise ValidationError(_("Percent must be a number, for example 80.")) from error
        except Invalid as error:
            raise ValidationError(sentence(error)) from error
        return percent


ThresholdRows = formset_factory(
    ThresholdForm, extra=BLANK_ROWS, max_num=MAX_THRESHOLDS, absolute_max=MAX_THRESHOLDS, validate_max=True
)


def threshold_rows(request: OrganizationRequest, existing: Sequence[Threshold] | None) -> BaseFormSet[ThresholdForm]:
    """Return the rows, bound to what was posted; the usual ones for a new budget, whose `existing` is None."""
    channels = _channels(existing or ())
    return ThresholdRows(
        posted(request),
        prefix="thresholds",
        initial=_usual_rows() if existing is None else [_row(threshold) for threshold in existing],
        form_kwargs={"channels": channels},
    )


def thresholds_of(rows: BaseFormSet[ThresholdForm]) -> tuple[Threshold, ...]:
    """Return the thresholds of valid rows."""
    return tuple(
        Threshold(
            kind=AlertKind(row.cleaned_data["kind"]),
            percent=row.cleaned_data["percent"],
            channel_ids=tuple(row.cleaned_data["channel_ids"]),
        )
        for row in rows
        if row.cleaned_data.get("percent") is not None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdLine:
    """A threshold in the language of the page, with the channels that are active."""

    threshold: Threshold
    share: Decimal
    kind: str
    channels: tuple[str, ...]


def threshold_lines(thresholds: Iterable[Threshold]) -> list[ThresholdLine]:
    """Return thresholds as a page lists them."""
    names = {channel.id: channel.name for channel in list_channels(disabled=False)}
    return [
        ThresholdLine(
            threshold=threshold,
            share=threshold.percent / 100,
            kind=_(ALERT_KIND_LABELS[threshold.kind]),
            channels=tuple(names[channel_id] for channel_id in threshold.channel_ids if channel_id in names),
        )
        for threshold in thresholds
    ]


def _channels(existing: Iterable[Threshold]) -> list[tuple[int, str]]:
    """The channels to choose from: the active ones, and disabled ones that are ticked and would else be lost."""
    ticked = {channel_id for threshold in existing for channel_id in threshold.channel_ids}
    return [
        (channel.id, channel.name if channel.is_active else _("%(name)s (disabled)") % {"name": channel.name})
        for channel in list_channels()
        if channel.is_active or channel.id in ticked
    ]


def _usual_rows() -> list[dict[str, object]]:
    ids = [str(channel.id) for channel in list_channels(disabled=False)]
    return [{"percent": percent, "kind": kind.value, "channel_ids": ids} for kind, percent in USUAL]


def _row(threshold: Threshold) -> dict[str, object]:
    return {
        "percent": plain(threshold.percent),
        "kind": threshold.kind.value,
        "channel_ids": [str(channel_id) for channel_id in threshold.channel_ids],
    }


def set_choices(form: forms.Form, name: str, choices: Sequence[Any]) -> None:
    """Give a field of a form its choices, which are read inside the organization."""
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)
    field.choices = choices
