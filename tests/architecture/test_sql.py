"""Every statement says what it does, in its fixed header, and names its organization nowhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

STATEMENTS = sorted((Path(__file__).parents[2] / "billing" / "sql").glob("*.sql"))
HEADER = re.compile(r"-- .+\n(-- .+\n)*?-- grain: .+\n(-- .+\n)*-- params: .+")


def test_there_are_statements() -> None:
    assert STATEMENTS


@pytest.mark.parametrize("path", STATEMENTS, ids=lambda path: path.stem)
def test_a_statement_has_its_header(path: Path) -> None:
    text = path.read_text()

    assert HEADER.match(text)
    assert "twice:" in text.split("\n\n")[0]


@pytest.mark.parametrize("path", STATEMENTS, ids=lambda path: path.stem)
def test_the_wall_supplies_the_organization(path: Path) -> None:
    """The organization is no parameter: a statement cannot be asked about somebody else."""
    assert "%(organization" not in path.read_text()
