"""The folder for files: written piece by piece within a limit, swept before one's own door."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from billing.domain.imports import CostFileEmpty, CostFileTooLarge, FilesNotKept
from billing.operations import kept_files
from billing.operations.kept_files import drop_orphans, keep_file, path_of
from tests.cast import Cast, inside

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path / "imports"


@pytest.fixture
def acme(cast: Cast) -> Iterator[Cast]:
    with inside(cast.acme):
        yield cast


@pytest.mark.usefixtures("acme")
def test_files_are_kept_piece_by_piece_within_their_limit(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = keep_file(iter([b"ab", b"c"]))
    assert (kept.bytes, path_of(kept.name).read_bytes()) == (3, b"abc")
    with pytest.raises(CostFileEmpty):
        keep_file([])
    monkeypatch.setattr(kept_files, "FILE_BYTES", 4)
    with pytest.raises(CostFileTooLarge):
        keep_file([b"abc", b"de"])
    assert [path.name for path in folder.iterdir()] == [kept.name]
    monkeypatch.setattr(kept_files, "token_hex", lambda _length: "no-such-folder/x")
    with pytest.raises(FilesNotKept):
        keep_file([b"abc"])


def test_what_a_dead_process_left_is_swept_away_after_a_day(acme: Cast, folder: Path) -> None:
    wanted, orphan = keep_file([b"a"]), keep_file([b"b"])
    (folder / f"{acme.acme.id.hex}-reading-left").mkdir()
    (folder / f"{acme.globex.id.hex}-theirs").write_bytes(b"d")
    old = time.time() - 2 * 86_400
    for path in folder.iterdir():
        os.utime(path, (old, old))
    fresh = keep_file([b"c"])
    assert drop_orphans({wanted.name}, datetime.now(UTC)) == 2
    assert {path.name for path in folder.iterdir()} == {wanted.name, fresh.name, f"{acme.globex.id.hex}-theirs"}
    assert not path_of(orphan.name).exists()
    shutil.rmtree(folder)
