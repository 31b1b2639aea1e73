"""Migrations: none missing, all named by hand, none built on code that will change."""

from __future__ import annotations

import ast
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

ROOT = Path(__file__).parents[2]
FLOORS = ("accounts", "billing", "forecasting")
ALLOWED = {"accounts.tenancy.isolation"}
MIGRATIONS = [path for floor in FLOORS for path in sorted((ROOT / floor / "migrations").glob("0*.py"))]


@pytest.mark.django_db(databases=["default", "owner"])
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", "--check", "--dry-run", stdout=StringIO())


@pytest.mark.parametrize("path", MIGRATIONS, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_a_migration_stands_on_its_own(path: Path) -> None:
    imported = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            imported.add(node.module)

    ours = {module for module in imported if module.split(".")[0] in (*FLOORS, "config")}
    assert ours <= ALLOWED
    assert not path.stem.split("_", 1)[1].startswith(("auto", "alter_", "initial")), "name it after what it does"
