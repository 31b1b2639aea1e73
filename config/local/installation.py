"""One installation: its folder, its port, its secrets, and which of its servers are embedded."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import socket
import tempfile
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from config.environment import env_bool, env_int, env_path, env_text
from config.local import postgres, processes
from config.local.processes import StartRefused

BASE_DIR = Path(__file__).resolve().parent.parent.parent
# Where the database lives when root's own folders are closed to the account that it runs as.
SHARED_STATE = Path("/var/lib/yosan")
SOCKET_PATH_MAX = 90
AWS_VARIABLES = (
    "AWS_ENDPOINT_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
# The sandbox knows Yosan's own account by this key; it protects nothing.
SANDBOX = "YOSAN_SANDBOX"
SANDBOX_CREDENTIALS = {
    SANDBOX: "1",
    "AWS_ACCESS_KEY_ID": "AKIASANDBOXVENDOR0001",
    "AWS_SECRET_ACCESS_KEY": "sandbox",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """What an installation makes up once and keeps to itself."""

    secret_key: str = field(repr=False)
    database_superuser: str = field(repr=False)
    database_owner: str = field(repr=False)
    database_application: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Installation:
    """Everything that belongs to one YOSAN_HOME; nothing is made until it is asked for."""

    home: Path
    port: int
    demonstration: bool
    database_url: str
    redis_url: str
    broker_url: str
    email_url: str
    aws_is_given: bool

    @property
    def embeds_database(self) -> bool:
        """Whether the database is ours to start."""
        return not self.database_url

    @property
    def embeds_broker(self) -> bool:
        """Whether the broker is ours to start: for Celery's queues, for the cache, or for both."""
        return not (self.redis_url and self.broker_url)

    @property
    def uses_sandbox(self) -> bool:
        """Whether AWS is played by our own sandbox."""
        return self.demonstration and not self.aws_is_given

    @property
    def run(self) -> Path:
        """Locks and sockets; a folder of its own in the temporary directory where the home's path is too long."""
        folder = self.home / "run"
        if len(str(folder)) <= SOCKET_PATH_MAX:
            return folder
        return Path(tempfile.gettempdir()) / f"yosan-{os.geteuid()}-{self.name}"

    @property
    def name(self) -> str:
        """A short name that no other installation on this machine has."""
        return hashlib.sha256(str(self.home).encode()).hexdigest()[:12]

    @property
    def logs(self) -> Path:
        """One log for each process."""
        return self.home / "logs"

    @property
    def mail(self) -> Path:
        """Mail as files, while no mail server is named."""
        return self.home / "mail"

    @property
    def backups(self) -> Path:
        """Dumps of the database."""
        return self.home / "backups"

    @property
    def demonstration_file(self) -> Path:
        """Log-in and API key of the demonstration."""
        return self.home / "demo.json"

    def read_demonstration(self) -> dict[str, str] | None:
        """Return log-in and API key of the demonstration, or None before there is one."""
        if not self.demonstration_file.exists():
            return None
        read: dict[str, str] = json.loads(self.demonstration_file.read_text(encoding="utf-8"))
        return read

    @property
    def is_demonstrated(self) -> bool:
        """Whether the demonstration is complete, up to its first alert."""
        noted = self.read_demonstration()
        return noted is not None and noted["ready"] == "yes"

    @property
    def broker_socket(self) -> Path:
        """The embedded broker's only door."""
        return self.run / "broker.sock"

    @cached_property
    def sandbox_port(self) -> int:
        """The sandbox's port, chosen once, so that an endpoint noted somewhere stays true."""
        path = self.home / "sandbox-port"
        if not path.exists():
            self.make_folders()
            path.write_text(f"{free_port()}\n", encoding="ascii")
        return int(path.read_text(encoding="ascii"))

    @property
    def sandbox_environment(self) -> dict[str, str]:
        """What points boto3 at the sandbox, with the credentials that it knows Yosan's own account by."""
        return {"AWS_ENDPOINT_URL": self.sandbox_url, **SANDBOX_CREDENTIALS}

    @property
    def sandbox_url(self) -> str:
        """Where the sandbox answers."""
        return f"http://127.0.0.1:{self.sandbox_port}"

    @cached_property
    def secrets(self) -> Secrets:
        """The installation's secrets, made at the first start."""
        path = self.home / "secrets.json"
        if not path.exists():
            self.make_folders()
            made = {name: secrets.token_urlsafe(48) for name in Secrets.__dataclass_fields__}
            write_private(path, made, replace=False)
        try:
            return Secrets(**json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, TypeError):
            msg = f"{path} is damaged: restore it from a copy, or run `make reset` to begin anew."
            raise StartRefused(msg) from None

    @cached_property
    def cluster(self) -> postgres.Cluster:
        """The embedded PostgreSQL of this installation."""
        account = processes.server_account()
        binaries = postgres.find_binaries()
        self.make_folders()
        place = self.database_place
        if not postgres.is_reachable(binaries, account):
            binaries = postgres.copy_binaries(binaries, place)
        return postgres.Cluster(
            data=place / "database",
            sockets=place / "socket" if place != self.home else self.run / "database",
            binaries=binaries,
            log=self.logs / "database.log",
            passwords=postgres.Passwords(
                superuser=self.secrets.database_superuser,
                owner=self.secrets.database_owner,
                application=self.secrets.database_application,
            ),
            account=account,
        )

    @cached_property
    def database_place(self) -> Path:
        """The folder of the database's files: the home, or a shared place where root's home is closed to others."""
        pointer = self.home / "database-path"
        if pointer.exists():
            place = Path(pointer.read_text(encoding="utf-8").strip())
            postgres.own(place, processes.server_account())
            return place
        account = processes.server_account()
        reachable = postgres.is_reachable(self.home, account) and postgres.is_reachable(
            postgres.find_binaries(), account
        )
        if reachable:
            return self.home
        place = SHARED_STATE / self.name
        SHARED_STATE.mkdir(mode=0o755, parents=True, exist_ok=True)
        postgres.own(place, account)
        pointer.write_text(f"{place}\n", encoding="utf-8")
        return place

    def make_folders(self) -> None:
        """Make the installation's folders; a full disk or a closed folder is one clear sentence."""
        try:
            # Others may pass through (the database's account must), but not look.
            self.home.mkdir(mode=0o711, parents=True, exist_ok=True)
            self.run.mkdir(mode=0o711, parents=True, exist_ok=True)
            for folder in (self.logs, self.mail, self.backups, self.home / "sandbox"):
                folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            msg = f"The folder {self.home} cannot be written: {error.strerror}. Choose another with YOSAN_HOME."
            raise StartRefused(msg) from None
        if self.run.stat().st_uid != os.geteuid():
            # In the temporary directory anybody may have made it first, to listen in.
            msg = f"The folder {self.run} belongs to another user: choose a shorter YOSAN_HOME."
            raise StartRefused(msg)


def write_private(path: Path, content: dict[str, str], *, replace: bool = True) -> None:
    """Write JSON that only its owner can read, whole or not at all; `replace=False` leaves an existing file alone."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=2)
        file.write("\n")
    try:
        if replace:
            Path(temporary).replace(path)
        else:
            os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        Path(temporary).unlink(missing_ok=True)


def free_port() -> int:
    """Return a port that nothing on this machine listens at."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def current() -> Installation:
    """Return the installation that the environment names."""
    database_url = env_text("DATABASE_URL", "")
    if database_url and not env_text("DATABASE_OWNER_URL", ""):
        msg = (
            "DATABASE_URL is set but DATABASE_OWNER_URL is not: migrations need the owner's role (docs/deployment.md)."
        )
        raise StartRefused(msg)
    return Installation(
        home=env_path("YOSAN_HOME", BASE_DIR / ".yosan"),
        port=env_int("PORT", default=8000, minimum=1, maximum=65535),
        demonstration=env_bool("YOSAN_DEMO", default=True),
        database_url=database_url,
        redis_url=env_text("REDIS_URL", ""),
        broker_url=env_text("CELERY_BROKER_URL", ""),
        email_url=env_text("EMAIL_URL", ""),
        # Our own programs are given the sandbox's address in the same variables.
        aws_is_given=not env_bool(SANDBOX, default=False) and any(env_text(name, "") for name in AWS_VARIABLES),
    )
