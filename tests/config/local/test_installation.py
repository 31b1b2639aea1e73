"""An installation keeps its secrets to itself, and embeds only what the environment does not name."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from config.local import installation as installations
from config.local.installation import AWS_VARIABLES, Installation
from config.local.processes import StartRefused

NAMED = (
    "DATABASE_URL",
    "DATABASE_OWNER_URL",
    "REDIS_URL",
    "CELERY_BROKER_URL",
    "EMAIL_URL",
    "YOSAN_DEMO",
    "YOSAN_SANDBOX",
    "PORT",
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in (*NAMED, *AWS_VARIABLES):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("YOSAN_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def installation(home: Path) -> Installation:
    assert not home.exists()
    return installations.current()


def test_secrets_are_made_once_and_nobody_else_may_read_them(installation: Installation, home: Path) -> None:
    first = installation.secrets
    assert stat.S_IMODE((home / "secrets.json").stat().st_mode) == 0o600
    assert installations.current().secrets == first
    assert len({first.secret_key, first.database_superuser, first.database_owner, first.database_application}) == 4
    assert first.secret_key not in repr(first)


def test_damaged_secrets_are_one_clear_sentence(installation: Installation, home: Path) -> None:
    home.mkdir()
    (home / "secrets.json").write_text("{", encoding="utf-8")
    with pytest.raises(StartRefused, match=r"secrets\.json is damaged"):
        _ = installation.secrets


def test_everything_is_embedded_by_default(installation: Installation) -> None:
    assert installation.embeds_database
    assert installation.embeds_broker
    assert installation.uses_sandbox


def test_each_server_can_be_named_instead(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://cache:6379/0")
    assert installations.current().embeds_broker
    monkeypatch.setenv("CELERY_BROKER_URL", "redis://queue:6379/0")
    assert not installations.current().embeds_broker
    monkeypatch.setenv("DATABASE_URL", "postgresql://app:p@db/yosan")
    with pytest.raises(StartRefused, match="DATABASE_OWNER_URL"):
        installations.current()
    monkeypatch.setenv("DATABASE_OWNER_URL", "postgresql://owner:p@db/yosan")
    assert not installations.current().embeds_database
    assert not home.exists()


@pytest.mark.parametrize("variable", AWS_VARIABLES)
@pytest.mark.usefixtures("home")
def test_the_sandbox_steps_back_for_a_real_account(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "given")
    assert not installations.current().uses_sandbox


@pytest.mark.usefixtures("home")
def test_our_own_programs_still_know_that_the_sandbox_plays_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in installations.current().sandbox_environment.items():
        monkeypatch.setenv(name, value)
    assert installations.current().uses_sandbox


@pytest.mark.usefixtures("home")
def test_without_the_demonstration_there_is_no_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YOSAN_DEMO", "0")
    assert not installations.current().uses_sandbox


def test_a_long_path_keeps_its_sockets_in_the_temporary_directory(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YOSAN_HOME", str(home / ("x" * 100)))
    long = installations.current()
    monkeypatch.setenv("YOSAN_HOME", str(tmp_path / ("y" * 100)))
    other = installations.current()
    assert len(str(long.run / "database" / ".s.PGSQL.5432.lock")) < 107
    assert long.run != other.run


def test_a_folder_that_cannot_be_made_is_one_clear_sentence(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.parent.joinpath("file").write_text("", encoding="utf-8")
    monkeypatch.setenv("YOSAN_HOME", str(home.parent / "file" / "home"))
    with pytest.raises(StartRefused, match="cannot be written: Not a directory"):
        installations.current().make_folders()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root lends the database to another account")
def test_under_a_closed_folder_the_database_lives_elsewhere_and_says_where(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("config.local.installation.SHARED_STATE", tmp_path / "shared")
    tmp_path.chmod(0o700)
    installation = installations.current()
    installation.make_folders()
    place = installation.database_place
    assert place == tmp_path / "shared" / installation.name
    assert (home / "database-path").read_text(encoding="utf-8").strip() == str(place)
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert place.stat().st_uid != 0
