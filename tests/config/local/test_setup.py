"""The set-up runs before anything is installed, finds what is there, and says what is missing in one sentence."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from config.local import setup
from config.local.installation import BASE_DIR


def program(folder: Path, name: str, script: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_it_needs_nothing_but_the_standard_library() -> None:
    tree = ast.parse((BASE_DIR / "config" / "local" / "setup.py").read_text(encoding="utf-8"))
    roots = {
        alias.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }
    roots |= {str(node.module).split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert roots <= sys.stdlib_module_names


def test_a_stub_that_only_names_a_snap_is_no_browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, "chromium", "echo 'Command requires the chromium snap to be installed.' >&2; exit 1")
    chrome = program(tmp_path, "google-chrome", "echo 'Google Chrome 140.0'")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "none"))
    monkeypatch.delenv("YOSAN_CHROMIUM", raising=False)
    assert setup.find_chromium() == str(chrome)
    chrome.unlink()
    assert setup.find_chromium() is None


def test_without_a_browser_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(setup, "find_chromium", lambda: None)
    monkeypatch.setattr(setup, "_distribution", lambda: "ubuntu")
    assert setup.main(["chromium"]) == 1
    assert "`apt install chromium` (Debian) or `.venv/bin/playwright install" in capsys.readouterr().err


def test_a_python_that_is_too_old_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(setup, "PYTHON_MIN", (4, 0))
    assert setup.main(["environment"]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_a_missing_venv_module_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(setup, "ENVIRONMENT", tmp_path / ".venv")
    monkeypatch.setattr(setup, "PYTHON", tmp_path / ".venv" / "bin" / "python")
    debian = "The virtual environment was not created successfully because ensurepip is not available."
    monkeypatch.setattr(sys, "executable", str(program(tmp_path, "python3", f"echo '{debian}'; exit 1")))
    assert setup.main(["environment"]) == 1
    assert capsys.readouterr().err == (
        "Python's venv module is missing: install it first, as in `apt install python3-venv`.\n"
    )


def test_pip_takes_over_where_uv_fails_and_says_that_it_is_slower(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bin").mkdir()
    program(tmp_path / "bin", "uv", "exit 2")
    python = program(tmp_path / "bin", "python", f'echo "$@" >> {tmp_path}/calls')
    monkeypatch.setattr(setup, "ENVIRONMENT", tmp_path)
    monkeypatch.setattr(setup, "PYTHON", python)
    assert setup.main(["tests"]) == 0
    assert "several minutes longer" in capsys.readouterr().out
    assert "--require-hashes" in (tmp_path / "calls").read_text(encoding="utf-8")


@pytest.mark.parametrize("lock", ["run.txt", "dev.txt"])
def test_a_lock_names_no_registry_and_a_hash_for_every_package(lock: str) -> None:
    text = (BASE_DIR / "requirements" / lock).read_text(encoding="utf-8")
    assert "://" not in text
    packages = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert packages
    assert all("==" in line and line.endswith("\\") for line in packages)


def test_no_committed_file_names_a_registry() -> None:
    found = subprocess.run(
        ["git", "grep", "-lE", r"pypi\.org|registry\.npmjs\.org|files\.pythonhosted", "--", ":!tests"],
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.stdout == ""
