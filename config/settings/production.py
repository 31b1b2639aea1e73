"""What only production changes; every secret required, none defaulted."""

from __future__ import annotations

from config import logging
from config.environment import database_from_url, email_from_url, env_int, env_list, env_path, env_secret, env_text
from config.settings.base import *  # noqa: F403 - settings build on one another
from config.settings.base import BASE_DIR

DEBUG = False
SECRET_KEY = env_secret("SECRET_KEY")
# Second factors are kept shut with the key: those that were set up under an older one must still open.
SECRET_KEY_FALLBACKS = env_list("SECRET_KEY_FALLBACKS", [])
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS")
SITE_URL = env_text("SITE_URL", f"https://{ALLOWED_HOSTS[0]}")
CSRF_TRUSTED_ORIGINS = [SITE_URL]

DATABASES = {"default": database_from_url("DATABASE_URL", env_text("DATABASE_URL"))}
# Only the step that migrates needs the owner's role: web processes and workers are better off without its password.
if env_text("DATABASE_OWNER_URL", ""):
    DATABASES["owner"] = database_from_url("DATABASE_OWNER_URL", env_text("DATABASE_OWNER_URL"))

CELERY_BROKER_URL = env_text("CELERY_BROKER_URL")
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": env_text("REDIS_URL")},
}
globals().update(email_from_url("EMAIL_URL", env_text("EMAIL_URL")))
DEFAULT_FROM_EMAIL = env_text("YOSAN_MAIL_FROM")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

WEBHOOK_ALLOWED_HOSTS = env_list("YOSAN_WEBHOOK_ALLOWED_HOSTS", [])

# A proxy ends TLS; it must set X-Forwarded-Proto itself and drop what a client sent (docs/deployment.md).
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = True
# A probe inside the cluster speaks plain HTTP.
SECURE_REDIRECT_EXEMPT = [r"^health/(live|ready)/$"]
SECURE_HSTS_SECONDS = env_int("SECURE_HSTS_SECONDS", default=31_536_000, minimum=3600)
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https"

# Cost files between being received and being read: a volume that all web processes and workers share.
MEDIA_ROOT = env_path("MEDIA_ROOT", BASE_DIR / "media")
STATIC_ROOT = env_path("STATIC_ROOT", BASE_DIR / "config" / "assets" / "collected")
LOGGING = logging.configuration(level=env_text("YOSAN_LOG_LEVEL", "INFO"))
