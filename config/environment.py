"""Typed readers of environment variables that fail loudly and name the variable."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off", ""})
SECRET_LENGTH_MIN = 32


def env_text(name: str, default: str | None = None) -> str:
    """Return the variable's text, or the default; without a default the variable is required."""
    value = os.environ.get(name, "").strip()
    if value:
        return value
    if default is None:
        msg = f"Set the environment variable {name}."
        raise ImproperlyConfigured(msg)
    return default


def env_bool(name: str, *, default: bool) -> bool:
    """Return the variable as yes or no."""
    value = os.environ.get(name)
    if value is None:
        return default
    if value.strip().lower() in TRUE:
        return True
    if value.strip().lower() in FALSE:
        return False
    msg = f"{name} must be 1 or 0, not {value!r}."
    raise ImproperlyConfigured(msg)


def env_int(name: str, *, default: int, minimum: int | None = None, maximum: int | None = None) -> int:
    """Return the variable as a whole number within its limits."""
    text = env_text(name, str(default))
    try:
        value = int(text)
    except ValueError:
        msg = f"{name} must be a whole number, not {text!r}."
        raise ImproperlyConfigured(msg) from None
    if (minimum is not None and value < minimum) or (maximum is not None and value > maximum):
        msg = f"{name} must lie between {minimum} and {maximum}, not {value}."
        raise ImproperlyConfigured(msg)
    return value


def env_list(name: str, default: list[str] | None = None) -> list[str]:
    """Return the variable's comma-separated items; without a default at least one is required."""
    text = env_text(name, None if default is None else ",".join(default))
    return [item.strip() for item in text.split(",") if item.strip()]


def env_secret(name: str) -> str:
    """Return a required secret; one that is too short to be a secret is refused, and its value is never repeated."""
    value = env_text(name)
    if len(value) < SECRET_LENGTH_MIN:
        msg = f"{name} is shorter than {SECRET_LENGTH_MIN} characters: that is not a secret."
        raise ImproperlyConfigured(msg)
    return value


def env_path(name: str, default: Path) -> Path:
    """Return the variable as an absolute path."""
    return Path(env_text(name, str(default))).expanduser().absolute()


def database_from_url(name: str, url: str) -> dict[str, Any]:
    """Return Django's settings for a `postgresql://user:password@host:port/name?sslmode=require` address."""
    parts = _split(name, url, schemes=("postgresql", "postgres"))
    options = dict(parse_qsl(parts.query))
    # libpq takes a socket's folder as the parameter host, since a folder cannot stand in an address.
    host = options.pop("host", "") or unquote(parts.hostname or "")
    database = unquote(parts.path.lstrip("/"))
    if not database or not parts.username:
        msg = f"{name} must name a user and a database: postgresql://user:password@host:5432/database."
        raise ImproperlyConfigured(msg)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": database,
        "USER": unquote(parts.username),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }


def email_from_url(name: str, url: str) -> dict[str, Any]:
    """Return Django's mail settings for `smtp://user:password@host:587` (STARTTLS) or `smtps://user:password@host`."""
    parts = _split(name, url, schemes=("smtp", "smtps"))
    if not parts.hostname:
        msg = f"{name} must name a host: smtp://user:password@mail.example.com:587."
        raise ImproperlyConfigured(msg)
    options = dict(parse_qsl(parts.query))
    implicit = parts.scheme == "smtps"
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or (465 if implicit else 587),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": implicit,
        "EMAIL_USE_TLS": not implicit and options.get("tls", "1") not in FALSE,
        "EMAIL_TIMEOUT": 20,
    }


def _split(name: str, url: str, *, schemes: tuple[str, ...]) -> SplitResult:
    # The address itself holds a password: an error names the variable, never the value.
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        msg = f"{name} is not an address."
        raise ImproperlyConfigured(msg) from None
    if parts.scheme not in schemes:
        msg = f"{name} must begin with {schemes[0]}://."
        raise ImproperlyConfigured(msg)
    return parts
