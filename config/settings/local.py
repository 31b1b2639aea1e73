"""The embedded installation (`make up`): embedded servers unless the environment names others; DEBUG stays off."""

from __future__ import annotations

from typing import Any

from config import logging
from config.environment import database_from_url, email_from_url, env_list, env_text
from config.local import installation, postgres
from config.settings.base import *  # noqa: F403 - settings build on one another

_installation = installation.current()

DEBUG = False
SECRET_KEY = _installation.secrets.secret_key
ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", *env_list("YOSAN_ALLOWED_HOSTS", [])]
SITE_URL = f"http://localhost:{_installation.port}"
# Browsers keep cookies by host, whatever the port: two installations must not log one another out.
SESSION_COOKIE_NAME = f"yosan_session_{_installation.port}"
CSRF_COOKIE_NAME = f"yosan_csrf_{_installation.port}"


def _embedded_database(user: str, password: str) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": postgres.DATABASE,
        "USER": user,
        "PASSWORD": password,
        "HOST": str(_installation.cluster.sockets),
        "PORT": postgres.PORT,
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }


if _installation.embeds_database:
    DATABASES = {
        "default": _embedded_database(postgres.APPLICATION, _installation.secrets.database_application),
        "owner": _embedded_database(postgres.OWNER, _installation.secrets.database_owner),
    }
else:
    DATABASES = {
        "default": database_from_url("DATABASE_URL", _installation.database_url),
        "owner": database_from_url("DATABASE_OWNER_URL", env_text("DATABASE_OWNER_URL")),
    }

# Cost files between being received and being read: web processes and workers share the folder.
MEDIA_ROOT = _installation.home / "media"

CELERY_BROKER_URL = _installation.broker_url or f"redis+socket://{_installation.broker_socket}?virtual_host=0"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": _installation.redis_url or f"unix://{_installation.broker_socket}?db=1",
    }
}

if _installation.email_url:
    globals().update(email_from_url("EMAIL_URL", _installation.email_url))
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = _installation.mail
    # Only this machine reaches the pages, and the mail lies in a folder: nobody is kept out by a letter.
    ACCOUNT_EMAIL_VERIFICATION = "optional"
    MFA_ALLOW_UNVERIFIED_EMAIL = True
DEFAULT_FROM_EMAIL = env_text("YOSAN_MAIL_FROM", "Yosan <yosan@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

WEBHOOK_ALLOWED_HOSTS = env_list("YOSAN_WEBHOOK_ALLOWED_HOSTS", [])

LOGGING = logging.configuration(level=env_text("YOSAN_LOG_LEVEL", "INFO"))
