"""Environment variables are read as what they must be, or refused by name."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import environment


def test_a_missing_variable_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ALLOWED_HOSTS", raising=False)
    with pytest.raises(ImproperlyConfigured, match="ALLOWED_HOSTS"):
        environment.env_list("ALLOWED_HOSTS")


@pytest.mark.parametrize(("text", "value"), [("1", True), ("yes", True), ("On", True), ("0", False), ("", False)])
def test_yes_and_no_are_understood(monkeypatch: pytest.MonkeyPatch, text: str, value: bool) -> None:
    monkeypatch.setenv("YOSAN_DEMO", text)
    assert environment.env_bool("YOSAN_DEMO", default=not value) is value


def test_what_is_neither_yes_nor_no_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YOSAN_DEMO", "maybe")
    with pytest.raises(ImproperlyConfigured, match="YOSAN_DEMO must be 1 or 0"):
        environment.env_bool("YOSAN_DEMO", default=True)


@pytest.mark.parametrize("text", ["eight", "0", "65536"])
def test_a_port_that_cannot_be_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("PORT", text)
    with pytest.raises(ImproperlyConfigured, match="PORT must"):
        environment.env_int("PORT", default=8000, minimum=1, maximum=65535)


def test_a_short_secret_is_refused_and_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "hunter2")
    with pytest.raises(ImproperlyConfigured) as refusal:
        environment.env_secret("SECRET_KEY")
    assert "SECRET_KEY" in str(refusal.value)
    assert "hunter2" not in str(refusal.value)


def test_a_database_address_is_taken_apart() -> None:
    read = environment.database_from_url(
        "DATABASE_URL", "postgresql://app:p%40ss@db.example.com:6432/yosan?sslmode=verify-full"
    )
    assert (read["USER"], read["PASSWORD"], read["HOST"], read["PORT"], read["NAME"]) == (
        "app",
        "p@ss",
        "db.example.com",
        "6432",
        "yosan",
    )
    assert read["OPTIONS"] == {"sslmode": "verify-full"}


def test_a_database_address_may_name_a_socket_folder() -> None:
    read = environment.database_from_url("DATABASE_URL", "postgresql://app:secret@/yosan?host=%2Frun%2Fpostgresql")
    assert read["HOST"] == "/run/postgresql"
    assert read["OPTIONS"] == {}


@pytest.mark.parametrize(
    "address",
    [
        "mysql://app:secret@host/yosan",
        "postgresql://app:secret@host/",
        "postgresql://host/yosan",
        "postgresql://app:secret@host:port/x",
    ],
)
def test_a_wrong_database_address_is_refused_without_its_password(address: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refusal:
        environment.database_from_url("DATABASE_URL", address)
    assert "DATABASE_URL" in str(refusal.value)
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("address", "port", "tls", "ssl"),
    [
        ("smtp://user:secret@mail.example.com", 587, True, False),
        ("smtp://mail.example.com:25?tls=0", 25, False, False),
        ("smtps://user:secret@mail.example.com", 465, False, True),
    ],
)
def test_a_mail_address_says_how_it_is_encrypted(address: str, port: int, tls: bool, ssl: bool) -> None:
    read = environment.email_from_url("EMAIL_URL", address)
    assert (read["EMAIL_HOST"], read["EMAIL_PORT"], read["EMAIL_USE_TLS"], read["EMAIL_USE_SSL"]) == (
        "mail.example.com",
        port,
        tls,
        ssl,
    )
