"""ASGI entry."""

from __future__ import annotations

import os

from django.core.asgi import get_asgi_application

from config.database_role import refuse_unsafe_start

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")
application = get_asgi_application()
refuse_unsafe_start()
