"""One throwaway PostgreSQL for each run, and fixtures that start a broker, the sandbox, a web server and a browser."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connections
from django.test.utils import setup_databases
from pytest_django import DjangoDbBlocker

from config.local import postgres, processes

pytest_plugins = ["tests.cast", "tests.servers"]

# Names the throwaway cluster to the workers of a parallel run.
CLUSTER_VARIABLE = "YOSAN_TEST_CLUSTER"
ALIASES = dict.fromkeys(("default", "owner"))


class ThrowawayCluster:
    """A PostgreSQL without durability in a folder of its own, removed as a whole at the end."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="yosan-test-"))
        account = processes.server_account()
        postgres.own(self.folder, account)
        binaries = postgres.find_binaries()
        if not postgres.is_reachable(binaries, account):
            binaries = postgres.copy_binaries(binaries, self.folder)
        self.cluster = postgres.Cluster(
            data=self.folder / "data",
            sockets=self.folder / "run",
            binaries=binaries,
            log=self.folder / "postgres.log",
            passwords=postgres.Passwords(
                superuser=secrets.token_hex(16), owner=secrets.token_hex(16), application=secrets.token_hex(16)
            ),
            account=account,
            disposable=True,
        )
        self.process = postgres.start(self.cluster)
        postgres.ensure_roles(self.cluster)

    def describe(self) -> str:
        """What a test process needs to reach the cluster."""
        passwords = self.cluster.passwords
        return json.dumps(
            {
                "host": str(self.cluster.sockets),
                "superuser": passwords.superuser,
                "owner": passwords.owner,
                "default": passwords.application,
            }
        )

    def remove(self) -> None:
        """Stop the server and delete its folder; dropping the databases one by one could wait for their clients."""
        postgres.stop(self.process)
        shutil.rmtree(self.folder)


def pytest_configure(config: pytest.Config) -> None:
    """Start the cluster once: in the only process, or in the one that leads the workers."""
    if not hasattr(config, "workerinput") and not config.option.collectonly:
        throwaway = ThrowawayCluster()
        config.add_cleanup(throwaway.remove)
        os.environ[CLUSTER_VARIABLE] = throwaway.describe()
    if CLUSTER_VARIABLE in os.environ:
        point_settings_at(json.loads(os.environ[CLUSTER_VARIABLE]))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put files that start servers or browsers first: begun last, one of them would keep a single process busy."""
    heavy = {item.path for item in items if item.get_closest_marker("slow") or item.get_closest_marker("browser")}
    items.sort(key=lambda item: item.path not in heavy)


def point_settings_at(cluster: dict[str, str]) -> None:
    """Fill the throwaway cluster into the settings that were loaded before it started."""
    for alias in ALIASES:
        settings.DATABASES[alias]["HOST"] = cluster["host"]
        settings.DATABASES[alias]["PASSWORD"] = cluster[alias]


@pytest.fixture(scope="session")
def cluster() -> dict[str, str]:
    """Where the throwaway cluster is, with the passwords of its three roles: host, superuser, owner, default."""
    description: dict[str, str] = json.loads(os.environ[CLUSTER_VARIABLE])
    return description


@pytest.fixture(scope="session")
def django_db_setup(request: pytest.FixtureRequest, django_db_blocker: DjangoDbBlocker) -> None:
    """Make and migrate the test database as its owner, whichever databases the collected tests name.

    pytest-django sets up only the aliases that tests ask for; one that asks for the application's alone would run
    in the database that the settings name.
    """
    request.getfixturevalue("django_test_environment")
    # Each worker of a parallel run has a database of its own: `test_yosan_gw0` and so on.
    request.getfixturevalue("django_db_modify_db_settings")
    with django_db_blocker.unblock():
        setup_databases(verbosity=0, interactive=False, aliases=ALIASES, serialized_aliases={})
        for alias in ALIASES:
            assert connections[alias].settings_dict["NAME"].startswith("test_"), f"{alias} is no test database"
    # Nothing is dropped: the cluster goes as a whole, and a database with clients left cannot be dropped.


@pytest.fixture(scope="session", autouse=True)
def no_network() -> Generator[None]:
    """Refuse every connection that leaves this machine."""
    connect = socket.socket.connect

    def connect_here(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            msg = f"A test tried to reach {address[0]}: tests stay on this machine."
            raise AssertionError(msg)
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect_here)
        yield
