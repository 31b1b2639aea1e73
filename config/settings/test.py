"""What only the test run changes: a throwaway database, a fast hasher, in-memory mail, plain static files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from config.settings.base import *  # noqa: F403 - settings build on one another

DEBUG = False
SECRET_KEY = "a-key-that-only-the-tests-know-and-nobody-else"  # noqa: S105 - protects nothing
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
SITE_URL = "https://yosan.test"

# tests/conftest.py fills in the throwaway cluster's folder and passwords. Until then nothing here can be reached, so
# that a mistake fails instead of touching a database that somebody works with.
_THROWAWAY: dict[str, Any] = {
    "ENGINE": "django.db.backends.postgresql",
    "NAME": "there_is_no_such_database",
    "HOST": "/nonexistent",
    "PORT": "5432",
    "PASSWORD": "",
}
DATABASES: dict[str, dict[str, Any]] = {
    # The mirror copies the name only: tests run as the application's role in the database that the owner migrated.
    "default": {**_THROWAWAY, "USER": "yosan_app", "TEST": {"MIRROR": "owner"}},
    "owner": {**_THROWAWAY, "USER": "yosan_owner", "TEST": {"NAME": "test_yosan", "DEPENDENCIES": []}},
}

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
# Tests that keep files name a folder of their own.
MEDIA_ROOT = Path("/nonexistent")
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
# Pages name files as they are called in the bundle: a live server serves those, and nothing need be gathered first.
STATIC_ROOT = None
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# Nothing listens there: a test that needs the broker asks for the fixture of that name.
CELERY_BROKER_URL = "memory://"
# Limits on sign-in attempts are tested by name, and are in the way of every other test.
ACCOUNT_RATE_LIMITS: dict[str, str] | bool = False
