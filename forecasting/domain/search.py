"""What somebody looks for by a few letters: how a text is folded, what matches it, what comes first."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

# Longer than any name; what is pasted by mistake is cut.
LONGEST_TEXT = 120
# Hiragana and katakana of the same sound are this far apart.
_HIRAGANA_FIRST, _HIRAGANA_LAST, _TO_KATAKANA = 0x3041, 0x3096, 0x60


class HitKind(StrEnum):
    """What can be found, in the order in which a list shows it."""

    PAGE = "PAGE"
    COST_CENTER = "COST_CENTER"
    BUDGET = "BUDGET"
    MODEL = "MODEL"
    CONNECTION = "CONNECTION"
    ALERT = "ALERT"
    MONTH = "MONTH"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """Something with a page of its own. `key` names it in an address, `words` are what else it is known by."""

    kind: HitKind
    key: str
    label: str
    detail: str = ""
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The best hits of a text, best first, and how many there are in all."""

    hits: tuple[Hit, ...]
    total: int


def fold(text: str) -> str:
    """Return a text without its width, case and kind of kana: ＡＷＳ, aws and Aws are one, as are さーち and サーチ."""
    even = unicodedata.normalize("NFKC", text[:LONGEST_TEXT]).casefold()
    katakana = "".join(
        chr(ord(letter) + _TO_KATAKANA) if _HIRAGANA_FIRST <= ord(letter) <= _HIRAGANA_LAST else letter
        for letter in even
    )
    return " ".join(katakana.split())


def find_hits(candidates: Iterable[Hit], text: str, *, limit: int) -> Found:
    """Return what matches every word of a text: exact names and ids first, then beginnings, then words within."""
    wanted = fold(text)
    if not wanted:
        return Found(hits=(), total=0)
    order = list(HitKind)
    ranked = [
        (rank, order.index(hit.kind), position, hit)
        for position, hit in enumerate(candidates)
        if (rank := _rank(hit, wanted)) is not None
    ]
    ranked.sort(key=lambda entry: entry[:3])
    return Found(hits=tuple(entry[3] for entry in ranked[:limit]), total=len(ranked))


def _rank(hit: Hit, wanted: str) -> int | None:
    """0 is the thing itself, 1 a name that begins so, 2 words that begin so, 3 letters somewhere inside."""
    label, known = fold(hit.label), [fold(word) for word in (hit.key, *hit.words)]
    if wanted == label or wanted in known:
        return 0
    if label.startswith(wanted):
        return 1
    whole = " ".join((label, *known))
    terms, words = wanted.split(), list(_words(whole))
    if all(any(word.startswith(term) for word in words) for term in terms):
        return 2
    # Japanese has no spaces between words; a single letter inside a word would match nearly everything.
    if all(term in whole for term in terms if len(term) > 1 or not term.isascii()) and any(
        len(term) > 1 or not term.isascii() for term in terms
    ):
        return 3
    return None


def _words(text: str) -> Iterator[str]:
    word = ""
    for letter in text:
        if letter.isalnum():
            word += letter
        elif word:
            yield word
            word = ""
    if word:
        yield word
