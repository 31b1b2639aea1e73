"""The benchmark of pages runs by itself, and keeps its table where the last one was."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.report import keep
from config.local.installation import BASE_DIR


@pytest.mark.slow
def test_the_pages_can_be_measured(tmp_path: Path) -> None:
    """With a handful of organizations; that DuckDB and PostgreSQL say the same is asserted on the way."""
    results = tmp_path / "benchmarks.md"

    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.pages", "--size", "small", "--results", str(results)],
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr[-3000:]
    text = results.read_text(encoding="utf-8")
    assert "| dashboard, queries alone |" in text
    assert "| dashboard, first byte from the web server |" in text
    assert "DuckDB reads the same days" in text


def test_a_table_takes_the_place_of_the_last_one(tmp_path: Path) -> None:
    file = tmp_path / "benchmarks.md"

    for text in ("old", "new"):
        keep("ingest", f"{text} ingest", file=file)
        keep("pages", f"{text} pages", file=file)

    assert file.read_text(encoding="utf-8") == (
        "# Benchmarks\n\n## Ingest\n\n<!-- ingest: begin -->\nnew ingest\n<!-- ingest: end -->\n\n"
        "## Pages\n\n<!-- pages: begin -->\nnew pages\n<!-- pages: end -->\n"
    )
