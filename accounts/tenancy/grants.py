"""What the application's role may do with each table: told after every migration, table by table."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.db import connections, models

EVERYTHING = "SELECT, INSERT, UPDATE, DELETE"


def grant_to_application(app_config: AppConfig, using: str, **kwargs: Any) -> None:
    """Grant the application's role its rights on one app's tables. Running it twice changes nothing.

    Never blanket: `GRANT ... ON ALL TABLES` would open partitions, and a partition read directly shows every
    organization. A model narrows its rights with `application_rights` (the audit log is append-only).
    """
    connection = connections[using]
    if using != "owner":
        return
    role = connection.ops.quote_name(settings.DATABASES["default"]["USER"])
    with connection.cursor() as cursor:
        present = set(connection.introspection.table_names(cursor))
        for model in app_config.get_models(include_auto_created=True):
            table = model._meta.db_table  # noqa: SLF001 - Django's documented escape hatch
            if table in present:
                quoted = connection.ops.quote_name(table)
                cursor.execute(f"REVOKE ALL ON {quoted} FROM {role}")
                cursor.execute(f"GRANT {_rights(model)} ON {quoted} TO {role}")
        # The application may see which migrations ran (readiness asks), not change that.
        cursor.execute(f"GRANT SELECT ON django_migrations TO {role}")


def _rights(model: type[models.Model]) -> str:
    return getattr(model, "application_rights", EVERYTHING)
