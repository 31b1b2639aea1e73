"""What a few letters match, and what stands first."""

from __future__ import annotations

import pytest

from forecasting.domain.search import Hit, HitKind, find_hits, fold

SEARCH_TEAM = Hit(kind=HitKind.COST_CENTER, key="4", label="検索チーム", words=("search", "cost center 4"))
SUPPORT = Hit(kind=HitKind.COST_CENTER, key="5", label="サポート", words=("support", "cost center 5"))
BUDGET = Hit(kind=HitKind.BUDGET, key="42", label="Search team 2026", words=("budget 42", "Ada"))
ACCOUNT = Hit(kind=HitKind.CONNECTION, key="42", label="Production", words=("123456789012", "1234-5678-9012"))
SONNET = Hit(kind=HitKind.MODEL, key="claude-sonnet-4-5", label="Claude Sonnet 4.5", words=("anthropic.claude-sonnet",))
ALL = (SEARCH_TEAM, SUPPORT, BUDGET, ACCOUNT, SONNET)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("search", [SEARCH_TEAM, BUDGET]),
        ("ＳＥＡＲＣＨ", [SEARCH_TEAM, BUDGET]),
        ("検索", [SEARCH_TEAM]),
        ("チーム", [SEARCH_TEAM]),
        ("さぽーと", [SUPPORT]),
        ("ｻﾎﾟｰﾄ", [SUPPORT]),
        ("42", [BUDGET, ACCOUNT]),
        ("budget 42", [BUDGET]),
        ("1234-5678-9012", [ACCOUNT]),
        ("123456", [ACCOUNT]),
        ("son cla", [SONNET]),
        ("onnet", [SONNET]),
        ("claude-sonnet", [SONNET]),
        ("team sea", [BUDGET]),
        ("x", []),
        ("t", [BUDGET]),
        ("   ", []),
        ("nothing of the kind", []),
    ],
)
def test_a_text_finds(text: str, found: list[Hit]) -> None:
    result = find_hits(ALL, text, limit=10)
    assert list(result.hits) == found
    assert result.total == len(found)


def test_the_thing_itself_stands_before_what_begins_like_it() -> None:
    long, exact = (
        Hit(kind=HitKind.BUDGET, key=key, label=label) for key, label in (("1", "Searching"), ("2", "Search"))
    )
    assert find_hits((long, exact), "search", limit=1).hits == (exact,)
    assert find_hits((long, exact), "search", limit=1).total == 2


def test_a_text_longer_than_any_name_is_cut() -> None:
    assert len(fold("a" * 10_000)) == 120
