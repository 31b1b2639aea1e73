"""WSGI entry."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

from config.database_role import refuse_unsafe_start

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")
application = get_wsgi_application()
refuse_unsafe_start()
