"""A command has its servers, starts only what is missing, and takes them away from nobody."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import pytest

from config.local import broker, postgres, servers
from config.local.installation import BASE_DIR, Installation
from config.local.processes import StartRefused

HOLDING = (
    "import sys; from config.local import installation, servers\n"
    "with servers.available(installation.current(), what='manage.py shell', sandbox=False):\n"
    "    print('up', flush=True); sys.stdin.readline()\n"
)


def test_the_one_that_started_the_servers_waits_for_the_others(fresh_installation: Installation) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDING], cwd=BASE_DIR, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdin is not None
        assert owner.stdout is not None
        assert owner.stdout.readline() == "up\n"
        holder = servers.owner_lock(fresh_installation).holder()
        assert holder is not None
        assert (holder.pid, holder.what) == (owner.pid, "manage.py shell")
        with servers.available(fresh_installation, what="manage.py collect", sandbox=False):
            owner.stdin.write("done\n")
            owner.stdin.flush()
            with pytest.raises(subprocess.TimeoutExpired):
                owner.wait(1)
            assert postgres.answers(fresh_installation.cluster)
            assert broker.answers(fresh_installation.broker_socket)
        assert owner.wait(20) == 0
    assert not postgres.answers(fresh_installation.cluster)


def test_a_full_disk_is_one_clear_sentence(fresh_installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    nearly_full = SimpleNamespace(free=5 * 2**20)
    monkeypatch.setattr("shutil.disk_usage", lambda _path: nearly_full)
    with (
        pytest.raises(StartRefused, match=r"is full: 5 MB are free, and Yosan needs 300 MB to start\.$"),
        servers.available(fresh_installation, what="a test", sandbox=False),
    ):
        pass
    assert not fresh_installation.cluster.data.exists()


def test_our_own_programs_are_told_whose_they_are(fresh_installation: Installation) -> None:
    told = servers.child_environment(fresh_installation)
    assert told["YOSAN_HOME"] == str(fresh_installation.home)
    assert told["DJANGO_SETTINGS_MODULE"] == "config.settings.local"
    assert "AWS_ENDPOINT_URL" not in told
