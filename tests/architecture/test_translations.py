"""Every text that a page may show has a Japanese one, and a catalog that says so compiles."""

from __future__ import annotations

import gettext
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages import Catalog, Message
from babel.messages.pofile import read_po
from django.utils.translation.template import templatize

from config.local import setup

ROOT = Path(__file__).parents[2]
LOCALE = Path("config") / "locale"
CATALOG = LOCALE / "ja" / "LC_MESSAGES" / "django.po"
FOLDERS = ("accounts", "billing", "config", "forecasting", "templates")
# Neither is shown to a reader of pages: a stand-in for AWS, and the JavaScript with its packages.
SILENT = (Path("billing") / "sandbox", Path("config") / "assets")
# What Django's makemessages looks for beside gettext's own names.
KEYWORDS = (
    "gettext_noop",
    "gettext_lazy",
    "ngettext_lazy:1,2",
    "pgettext:1c,2",
    "npgettext:1c,2,3",
    "pgettext_lazy:1c,2",
    "npgettext_lazy:1c,2,3",
)
PLACEHOLDER = re.compile(r"%\(\w+\)s|%%|</?\w+[^>]*>")
Key = tuple[str, ...]


def catalog_of(text: bytes, *, locale: str) -> Catalog:
    return read_po(text.splitlines(keepends=True), locale=locale, abort_invalid=True)


def texts_of(catalog: Catalog) -> dict[Key, Message]:
    """Return the messages without the header, by context and English."""
    return {(message.context or "", *english(message)): message for message in catalog if message.id}


def english(message: Message) -> Key:
    return (message.id,) if isinstance(message.id, str) else tuple(message.id)


def japanese(message: Message) -> Key:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def placeholders(text: str) -> set[str]:
    return set(PLACEHOLDER.findall(text))


def sources() -> Iterator[Path]:
    """Return the code and the templates, relative to the root, in a steady order."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            relative = path.relative_to(ROOT)
            if path.suffix in {".py", ".html", ".txt"} and not any(relative.is_relative_to(part) for part in SILENT):
                yield relative


def extract(into: Path) -> Catalog:
    """Read the texts anew as makemessages does, but write nothing into the tree."""
    names = []
    for path in sources():
        text = (ROOT / path).read_text()
        copy = into / f"{path}.py"
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(text if path.suffix == ".py" else templatize(text, origin=str(path)))
        names.append(str(copy.relative_to(into)))
    (into / "names").write_text("\n".join(names))
    options = ["--language=Python", "--from-code=UTF-8", "--files-from=names", "--output=-"]
    keywords = [f"--keyword={keyword}" for keyword in KEYWORDS]
    xgettext = shutil.which("xgettext") or "xgettext"
    pot = subprocess.run([xgettext, *options, *keywords], cwd=into, check=True, capture_output=True).stdout
    whole = pot.replace(b"CHARSET", b"UTF-8").replace(
        b"nplurals=INTEGER; plural=EXPRESSION", b"nplurals=2; plural=n!=1"
    )
    return catalog_of(whole, locale="en")


COMMITTED = texts_of(catalog_of((ROOT / CATALOG).read_bytes(), locale="ja"))


def test_no_text_is_missing_or_guessed() -> None:
    lacking = [key for key, message in COMMITTED.items() if message.fuzzy or not all(japanese(message))]

    assert COMMITTED
    assert lacking == []


def test_no_text_is_there_twice() -> None:
    """Babel would take the last one; gettext, which updates the catalog, refuses all of it."""
    entries = re.findall(r"^msgid ", (ROOT / CATALOG).read_text(), flags=re.MULTILINE)

    assert len(entries) == len(COMMITTED) + 1, "the header is the one that is no text"


def test_a_translation_keeps_parameters_and_tags() -> None:
    """The plural decides: Japanese has one form, and it must be able to say every number."""
    changed = [
        (key, text)
        for key, message in COMMITTED.items()
        for text in japanese(message)
        if placeholders(text) != placeholders(english(message)[-1])
    ]

    assert changed == []


@pytest.mark.skipif(shutil.which("xgettext") is None, reason="xgettext is not installed: apt install gettext")
def test_the_catalog_has_the_texts_of_the_code_and_no_others(tmp_path: Path) -> None:
    extracted = texts_of(extract(tmp_path)).keys()

    assert sorted(extracted - COMMITTED.keys()) == [], f"add these to {CATALOG}"
    assert sorted(COMMITTED.keys() - extracted) == [], f"no code has these any more: remove them from {CATALOG}"


def test_the_catalog_compiles_as_in_the_set_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / LOCALE, tmp_path / LOCALE, ignore=shutil.ignore_patterns("*.mo"))
    monkeypatch.setattr(setup, "BASE_DIR", tmp_path)

    setup.catalogs()

    with (tmp_path / CATALOG).with_suffix(".mo").open("rb") as compiled:
        translations = gettext.GNUTranslations(compiled)
    assert translations.gettext("Dashboard") == "ダッシュボード"
    assert translations.ngettext("%(count)s hour", "%(count)s hours", 2) == "%(count)s時間"
