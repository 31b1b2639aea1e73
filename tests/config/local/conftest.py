"""A throwaway installation: a home of its own, reachable by the database's account, and no variable of the caller's."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.local import installation as installations
from config.local.installation import AWS_VARIABLES, Installation

VARIABLES = (
    *("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_BACKUP_URL", "REDIS_URL", "CELERY_BROKER_URL", "EMAIL_URL"),
    *("YOSAN_HOME", "YOSAN_DEMO", "YOSAN_SANDBOX", "YOSAN_SUPERVISED", "PORT", "DJANGO_SETTINGS_MODULE"),
    *AWS_VARIABLES,
)


@pytest.fixture
def fresh_home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty YOSAN_HOME that the environment names."""
    folder = Path(tempfile.mkdtemp(prefix="yosan-home-"))
    folder.chmod(0o711)
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("YOSAN_HOME", str(folder))
    monkeypatch.setenv("YOSAN_DEMO", "0")
    monkeypatch.setenv("PORT", str(installations.free_port()))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def fresh_installation(fresh_home: Path) -> Installation:
    """The installation of that home."""
    installation = installations.current()
    assert installation.home == fresh_home
    return installation
