"""`make up`: starts database, broker, sandbox (when used), web, two workers, beat in order; stops them in reverse."""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from types import FrameType

from config.local import installation as installations
from config.local import processes, servers
from config.local.installation import BASE_DIR, Installation
from config.local.lock import MAKE_UP, Lock
from config.local.processes import StartRefused
from config.local.programs import PROGRAMS, Program
from config.local.servers import Running

READY_SECONDS = 90
RESTART_WINDOW_SECONDS = 60
RESTARTS_MAX = 3
DISK_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(Exception):
    """Somebody asked us to stop."""


@dataclass(slots=True)
class Supervisor:
    """Everything that one `make up` has started."""

    installation: Installation
    environment: Mapping[str, str]
    running: list[Running] = field(default_factory=list)
    programs: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    deaths: list[float] = field(default_factory=list)

    def start(self) -> None:
        """Start everything in order; each part answers before the next one starts."""
        if self.installation.embeds_database or self.installation.embeds_broker:
            say("Starting the database and the broker.")
        for server in servers.start_missing(self.installation, sandbox=True):
            self.running.append(server)
        say("Bringing the database up to date.")
        self.run_module("config.local.prepare")
        say("Starting the web server and the workers.")
        for program in PROGRAMS:
            self.start_program(program)
        self.wait_for_web()
        self.wait_for_workers()

    def start_program(self, program: Program) -> None:
        """Start one of our own programs, or start it again."""
        with uninterrupted():
            self.programs[program.name] = processes.start(
                [sys.executable, "-m", *program.arguments(self.installation)],
                log=self.installation.logs / f"{program.name}.log",
                environment=self.environment,
                cwd=BASE_DIR,
            )

    def run_module(self, module: str) -> None:
        """Run one of our own modules to its end, in our foreground; its failure ends the start."""
        child = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", module], env=dict(self.environment), cwd=BASE_DIR, process_group=0
        )
        try:
            code = child.wait()
        except BaseException:
            child.terminate()
            child.wait()
            raise
        if code != 0:
            # The module has said why.
            raise StartRefused("")

    def wait_for_web(self) -> None:
        """Wait until the web server answers that database, broker and cache are there."""
        url = f"http://127.0.0.1:{self.installation.port}/health/ready/"
        self._wait("web", lambda: answers(url))

    def wait_for_workers(self) -> None:
        """Wait until each worker takes messages."""
        for program in PROGRAMS:
            if program.says_ready:
                log = self.installation.logs / f"{program.name}.log"
                self._wait(program.name, partial(program.is_ready, log))

    def _wait(self, name: str, ready: Callable[[], bool]) -> None:
        if not processes.wait_until(ready, process=self.programs[name], seconds=READY_SECONDS):
            log = self.installation.logs / f"{name}.log"
            msg = f"{name} did not start. The end of {log}:\n{processes.last_lines(log)}"
            raise StartRefused(msg)

    def watch(self) -> None:
        """Stay until somebody stops us; start our own programs again when they die, give up when a server does."""
        while True:
            for server in self.running:
                if server.process.poll() is not None:
                    msg = f"The {server.name} has ended unexpectedly: see {self.installation.logs}/{server.name}.log."
                    raise StartRefused(msg)
            for program in PROGRAMS:
                if self.programs[program.name].poll() is not None:
                    self._start_again(program)
            time.sleep(0.5)

    def _start_again(self, program: Program) -> None:
        now = time.monotonic()
        self.deaths = [*(at for at in self.deaths if now - at < RESTART_WINDOW_SECONDS), now]
        log = self.installation.logs / f"{program.name}.log"
        if len(self.deaths) > RESTARTS_MAX:
            msg = f"{program.name} keeps ending. The end of {log}:\n{processes.last_lines(log)}"
            raise StartRefused(msg)
        # A worker that was killed leaves the children of its pool behind.
        processes.kill_group(self.programs[program.name])
        self.start_program(program)
        say(f"{program.name} has ended unexpectedly and is started again: see {log}.1.")

    def stop(self) -> None:
        """Stop everything that was started, in reverse."""
        started = [(program, self.programs[program.name]) for program in PROGRAMS if program.name in self.programs]
        # They end side by side: waiting for one before asking the next would add up their times.
        for program, process in started:
            if process.poll() is None:
                process.send_signal(program.stop_signal)
        for _, process in reversed(started):
            processes.finish(process)
            processes.kill_group(process)
        servers.stop_all(self.running)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let Ctrl-C wait, so that no child is started without being written down."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def say(sentence: str) -> None:
    """Tell the person at the shell, at once."""
    print(sentence, flush=True)  # noqa: T201 - this is the shell's program


def answers(url: str) -> bool:
    """Return whether the address answers 200."""
    try:
        with urllib.request.urlopen(url, timeout=5) as reply:  # noqa: S310 - our own address
            return bool(reply.status == 200)  # noqa: PLR2004
    except (urllib.error.URLError, OSError):
        return False


def require_port(port: int) -> None:
    """Refuse to start when another program has the web port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the web server itself does: a connection of our predecessor that lingers is no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            reason = "is in use by another program" if error.errno != 13 else "may not be used by this user"  # noqa: PLR2004
            msg = f"Port {port} {reason}: choose another, as in `PORT={port + 1 if port < 65535 else 8000} make up`."  # noqa: PLR2004
            raise StartRefused(msg) from None


def take(lock: Lock, installation: Installation) -> None:
    """Become the owner of the installation's servers, or say who is."""
    if lock.acquire(MAKE_UP):
        return
    holder = lock.holder()
    if holder is not None and holder.what != MAKE_UP:
        say(f"Waiting for `{holder.what}` (pid {holder.pid}), which has started the database, to finish.")
        if lock.acquire(MAKE_UP, seconds=float("inf")):
            return
    pid = f" (pid {holder.pid})" if holder else ""
    msg = f"Yosan already runs{pid} with YOSAN_HOME={installation.home}: stop it with `make down`."
    raise StartRefused(msg)


def announce(installation: Installation) -> None:
    """Print the three lines, or one for an installation without the demonstration."""
    say(f"Yosan is ready at http://localhost:{installation.port}")
    demonstration = installation.read_demonstration()
    if installation.uses_sandbox and demonstration:
        say(f"Log in as {demonstration['email']} with password {demonstration['password']}")
        say(f"API key of the sandbox organization: {demonstration['api_key']}")


def run(installation: Installation) -> None:
    """Start, announce, watch; stop on a signal."""
    supervisor = Supervisor(installation, servers.child_environment(installation))
    try:
        supervisor.start()
        if not installation.email_url:
            say(f"Mail is written to {installation.mail}, since EMAIL_URL names no mail server.")
        if installation.uses_sandbox and not installation.is_demonstrated:
            supervisor.run_module("config.local.seed")
        if installation.demonstration and installation.aws_is_given:
            say("The sandbox and its demonstration are left out, since the environment names an AWS account.")
        announce(installation)
        supervisor.watch()
    finally:
        # A second Ctrl-C while we stop must not leave half of it behind.
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        say("Stopping.")
        supervisor.stop()


def _raise_stopped(_number: int, _frame: FrameType | None) -> None:
    raise Stopped


def main() -> int:
    """Run until stopped; every way in which it cannot start is one clear sentence."""
    for number in STOP_SIGNALS:
        signal.signal(number, _raise_stopped)
    try:
        installation = installations.current()
        os.environ["YOSAN_HOME"] = str(installation.home)
        installation.make_folders()
        servers.require_space(installation)
        with servers.owner_lock(installation) as lock:
            take(lock, installation)
            require_port(installation.port)
            run(installation)
    except Stopped:
        return 0
    except StartRefused as refusal:
        if str(refusal):
            sys.stderr.write(f"{refusal}\n")
        return 1
    except OSError as error:
        if error.errno not in DISK_ERRORS:
            raise
        sys.stderr.write(f"The disk of YOSAN_HOME cannot be written any more: {error.strerror}.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
