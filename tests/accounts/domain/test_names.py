"""What people may call things."""

from __future__ import annotations

import pytest

from accounts.domain.names import NameMissing, NameTooLong, NameUnprintable, clean_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("  Acme  ", "Acme"),
        ("検索チーム", "検索チーム"),
        ("Cafe\u0301", "Caf\u00e9"),
        ("x" * 120, "x" * 120),
        ("👩‍🚀 crew", "👩‍🚀 crew"),
    ],
)
def test_a_name_is_kept_as_people_write_it(text: str, name: str) -> None:
    assert clean_name(text) == name


@pytest.mark.parametrize("text", ["", "   ", "\u3000"])
def test_spaces_are_no_name(text: str) -> None:
    with pytest.raises(NameMissing) as refusal:
        clean_name(text, field="title")

    assert refusal.value.field == "title"


def test_a_name_of_ten_thousand_characters_is_refused_with_the_limit() -> None:
    with pytest.raises(NameTooLong) as refusal:
        clean_name("x" * 10_000)

    assert refusal.value.field == "name"
    assert "120" in str(refusal.value)


@pytest.mark.parametrize("sign", ["\x00", "\n", "\x1b", "\u2028", "\u202e", "\ud800"])
def test_a_sign_that_cannot_be_seen_or_stored_is_refused(sign: str) -> None:
    with pytest.raises(NameUnprintable):
        clean_name(f"Ac{sign}me")
