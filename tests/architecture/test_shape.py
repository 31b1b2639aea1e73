"""The shape that is kept by all: a sentence first, short files, short functions."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("config", "accounts", "billing", "forecasting", "tests", "benchmarks")
LONGEST_FILE = 400
LONGEST_FUNCTION = 60
FORBIDDEN_NAMES = {"utils", "helpers", "services", "common", "core", "misc"}


def python_files() -> list[Path]:
    files = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    return [path for path in files if "node_modules" not in path.parts]


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", python_files(), ids=name)
def test_a_module_has_its_shape(path: Path) -> None:
    text = path.read_text()
    tree = ast.parse(text)

    assert len(text.splitlines()) <= LONGEST_FILE
    assert path.stem not in FORBIDDEN_NAMES
    assert list(too_long(tree)) == []
    if text.strip() and "migrations" not in path.parts:
        first = (ast.get_docstring(tree) or "").split("\n\n")[0].rstrip()
        assert re.search(r"[.:?!]$", first), f"{name(path)} does not begin with a sentence"


def too_long(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > LONGEST_FUNCTION:
                yield f"{node.name} has {length} lines"


def test_a_noun_has_one_file_name_in_every_room() -> None:
    """Files of the interfaces are named after nouns that the floor's inner rooms, or those of a floor below, know."""
    frame = {"__init__", "urls", "allauth"}
    inner: set[str] = set()
    for floor in ("accounts", "billing", "forecasting"):
        inner |= {
            path.stem
            for room in ("domain", "models", "queries", "operations")
            for path in (ROOT / floor / room).glob("*.py")
        }
        for room in ("web", "api"):
            strange = {path.stem for path in (ROOT / floor / room).glob("*.py")} - inner - frame
            assert not strange, f"{floor}/{room}: {sorted(strange)}"
