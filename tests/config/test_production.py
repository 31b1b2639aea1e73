"""Production settings: every secret required, no warning, and each process of docs/deployment.md starts."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from functools import partial
from pathlib import Path
from urllib.parse import quote

import pytest
from django.db import connections

from config.local import processes
from config.local.installation import BASE_DIR, free_port

REQUIRED = (
    *("SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "EMAIL_URL", "YOSAN_MAIL_FROM"),
)
GIVEN = {
    "DJANGO_SETTINGS_MODULE": "config.settings.production",
    "SECRET_KEY": "0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "ALLOWED_HOSTS": "yosan.example.com,localhost",
    "DATABASE_URL": "postgresql://yosan_app:secret@db.example.com/yosan",
    "REDIS_URL": "redis://redis.example.com:6379/1",
    "CELERY_BROKER_URL": "redis://redis.example.com:6379/0",
    "EMAIL_URL": "smtp://user:secret@mail.example.com:587",
    "YOSAN_MAIL_FROM": "Yosan <yosan@example.com>",
}
PROCESSES = re.compile(r"^\| [a-z ]+ \| `(?P<command>(?:gunicorn|celery) [^`]+)`", re.MULTILINE)


def environment(**changed: str | None) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {name: value for name, value in {**kept, **GIVEN, **changed}.items() if value is not None}


def manage(*arguments: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments], cwd=BASE_DIR, env=env, capture_output=True, text=True, check=False
    )


def test_the_deployment_check_finds_nothing_to_warn_of() -> None:
    done = manage("check", "--deploy", "--fail-level=WARNING", env=environment())
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


@pytest.mark.parametrize("name", REQUIRED)
def test_what_is_missing_is_named_and_nothing_is_made_up_for_it(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import django; django.setup()"],
        cwd=BASE_DIR,
        env=environment(**{name: None}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert f"Set the environment variable {name}." in done.stderr.splitlines()[-1]


def documented() -> list[list[str]]:
    text = (BASE_DIR / "docs" / "deployment.md").read_text(encoding="utf-8")
    found = [match["command"].split() for match in PROCESSES.finditer(text)]
    assert [command[0] for command in found] == ["gunicorn", "celery", "celery", "celery"]
    return found


@pytest.fixture
def production(cluster: dict[str, str], process_environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """Production's environment on this test's servers, with the static files gathered."""
    env = environment(
        DATABASE_URL=process_environment["DATABASE_URL"],
        REDIS_URL=process_environment["REDIS_URL"],
        CELERY_BROKER_URL=process_environment["CELERY_BROKER_URL"],
        STATIC_ROOT=str(tmp_path / "static"),
        PYTHONPATH=str(BASE_DIR),
    )
    assert cluster["host"] in env["DATABASE_URL"].replace("%2F", "/")
    collected = manage("collectstatic", "--no-input", "--verbosity=0", env=env)
    assert collected.returncode == 0, collected.stderr
    return env


@pytest.mark.slow
@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_every_documented_process_starts(production: dict[str, str], tmp_path: Path) -> None:
    port = free_port()
    started: list[tuple[subprocess.Popen[bytes], Path]] = []
    try:
        for number, command in enumerate(documented()):
            log = tmp_path / f"{number}-{command[0]}.log"
            arguments = [argument.replace("/var/lib/yosan/beat", str(tmp_path / "beat")) for argument in command[1:]]
            if command[0] == "gunicorn":
                arguments.append(f"--bind=127.0.0.1:{port}")
            program = [sys.executable, "-m", command[0], *arguments]
            started.append((processes.start(program, log=log, environment=production, cwd=tmp_path), log))
        for (process, log), mark in zip(
            started, ("Booting worker", " ready.", " ready.", "beat: Starting"), strict=True
        ):
            ready = processes.wait_until(partial(says, log, mark), process=process, seconds=60)
            assert ready, processes.last_lines(log, 30)
        assert processes.poll(lambda: answer(port, "/health/ready/") == 200, seconds=30)
        assert answer(port, "/account/login/", proto="https") == 200
        assert answer(port, "/account/login/") == 301
    finally:
        for process, _ in started:
            processes.stop(process, with_signal=signal.SIGTERM, seconds=10)
            processes.kill_group(process)


def says(log: Path, mark: str) -> bool:
    return mark in log.read_text(encoding="utf-8")


def answer(port: int, path: str, *, proto: str = "http") -> int:
    class Staying(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_arguments: object) -> None:
            return None

    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", headers={"Host": "yosan.example.com", "X-Forwarded-Proto": proto}
    )
    try:
        with urllib.request.build_opener(Staying).open(request, timeout=10) as reply:
            return int(reply.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except OSError:
        return 0


@pytest.mark.parametrize(
    "program",
    [("-c", "import config.wsgi"), ("-m", "celery", "-A", "config", "worker", "--pool=solo")],
    ids=["web", "worker"],
)
@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_no_process_starts_as_the_owner(
    production: dict[str, str], cluster: dict[str, str], program: tuple[str, ...]
) -> None:
    name = connections["owner"].settings_dict["NAME"]
    owner = f"postgresql://yosan_owner:{cluster['owner']}@/{name}?host={quote(cluster['host'], safe='')}"
    done = subprocess.run(
        [sys.executable, *program],
        cwd=BASE_DIR,
        env={**production, "DATABASE_URL": owner},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("The role yosan_owner in DATABASE_URL owns the database")
