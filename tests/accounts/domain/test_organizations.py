"""What an organization's settings may be."""

from __future__ import annotations

import pytest

from accounts.domain.errors import Invalid
from accounts.domain.organizations import (
    CURRENCIES,
    PRESETS,
    SlugMalformed,
    check_settings,
    check_slug,
    slug_from,
    time_zones,
)


@pytest.mark.parametrize("slug", ["ac", "acme", "acme-tokyo", "a1-b2-c3", "x" * 60])
def test_a_slug_may_stand_in_an_address(slug: str) -> None:
    check_slug(slug)


@pytest.mark.parametrize(
    "slug", ["", "a", "Acme", "acme_tokyo", "-acme", "acme-", "a--b", "x" * 61, "アクメ", "a/b", "a\n"]
)
def test_what_would_spoil_an_address_is_no_slug(slug: str) -> None:
    with pytest.raises(SlugMalformed) as refusal:
        check_slug(slug)

    assert refusal.value.field == "slug"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"time_zone": "../etc/passwd"}, "time_zone"),
        ({"time_zone": ""}, "time_zone"),
        ({"currency": "YEN"}, "currency"),
        ({"currency": "jpy"}, "currency"),
        ({"fiscal_year_start_month": 0}, "fiscal_year_start_month"),
        ({"fiscal_year_start_month": 13}, "fiscal_year_start_month"),
    ],
)
def test_a_setting_that_does_not_exist_is_refused_by_name(changed: dict[str, object], field: str) -> None:
    right: dict[str, object] = {"time_zone": "Asia/Tokyo", "currency": "JPY", "fiscal_year_start_month": 4}

    with pytest.raises(Invalid) as refusal:
        check_settings(**{**right, **changed})  # type: ignore[arg-type] # one of them is wrong on purpose

    assert refusal.value.field == field


def test_every_preset_keeps_the_rules() -> None:
    for preset in PRESETS.values():
        check_settings(
            time_zone=preset.time_zone or "UTC",
            currency=preset.currency,
            fiscal_year_start_month=preset.fiscal_year_start_month,
        )


def test_the_lists_hold_what_people_look_for() -> None:
    assert {"JPY", "USD", "EUR"} <= set(CURRENCIES)
    assert len(CURRENCIES) == len(set(CURRENCIES))
    assert {"UTC", "Asia/Tokyo", "America/New_York", "Asia/Kathmandu"} <= time_zones()
    assert "Etc/GMT+5" not in time_zones()


@pytest.mark.parametrize(
    ("name", "slug"), [("Acme K.K.", "acme-k-k"), ("株式会社アクメ", ""), ("  A  ", "a"), ("x" * 100, "x" * 60)]
)
def test_a_slug_is_proposed_from_the_latin_part_of_a_name(name: str, slug: str) -> None:
    assert slug_from(name) == slug
