"""`TenantIsolation`: row-level security written as a model constraint. Imported by migrations, hence frozen."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.ddl_references import Statement
from django.db.models.constraints import BaseConstraint
from django.db.models.expressions import Func
from django.utils.deconstruct import deconstructible

# After a transaction the setting is '' and not NULL: without NULLIF the cast fails.
NAMED_ORGANIZATION_SQL = "NULLIF(current_setting('app.organization_id', true), '')::uuid"
NAMED_USER_SQL = "NULLIF(current_setting('app.user_id', true), '')::bigint"


@deconstructible(path="accounts.tenancy.isolation.NamedOrganization")
class NamedOrganization(Func):
    """The organization that the transaction names: the default of every `organization_id`, so that no code fills it."""

    template = NAMED_ORGANIZATION_SQL
    arity = 0
    output_field = models.UUIDField()


class Wall(BaseConstraint):
    """What both policies share: a constraint whose SQL is a row-level security policy."""

    def __init__(
        self, *, name: str, violation_error_code: str | None = None, violation_error_message: str | None = None
    ) -> None:
        super().__init__(
            name=name, violation_error_code=violation_error_code, violation_error_message=violation_error_message
        )

    def statements(self, table: str) -> list[str]:
        raise NotImplementedError

    def constraint_sql(self, model: type[models.Model] | None, schema_editor: BaseDatabaseSchemaEditor | None) -> Any:
        # CreateModel calls this and puts the text inside CREATE TABLE, where a policy cannot stand: it is run at the
        # end of the migration instead. Returning None and doing nothing would leave the table without a wall, silently.
        if model is None or schema_editor is None:
            return None
        schema_editor.deferred_sql.extend(Statement(text, table="") for text in self._texts(model, schema_editor))
        return None

    def create_sql(self, model: type[models.Model] | None, schema_editor: BaseDatabaseSchemaEditor | None) -> Any:
        if model is None or schema_editor is None:
            return None
        return Statement("; ".join(self._texts(model, schema_editor)), table="")

    def remove_sql(self, model: type[models.Model] | None, schema_editor: BaseDatabaseSchemaEditor | None) -> Any:
        if model is None or schema_editor is None:
            return None
        table = schema_editor.quote_name(model._meta.db_table)  # noqa: SLF001 - Django's documented escape hatch
        return Statement(f"DROP POLICY IF EXISTS {schema_editor.quote_name(self.name)} ON {table}", table="")

    def validate(self, *args: object, **kwargs: object) -> None:
        """Do nothing: PostgreSQL is the judge."""

    def _texts(self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> list[str]:
        return self.statements(schema_editor.quote_name(model._meta.db_table))  # noqa: SLF001 - as above

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and getattr(other, "name", None) == self.name

    def __hash__(self) -> int:
        return hash((type(self), self.name))


class TenantIsolation(Wall):
    """Rows of the named organization only, to read and to write; forced, so that the table's owner is bound too."""

    def statements(self, table: str) -> list[str]:
        own = f"organization_id = {NAMED_ORGANIZATION_SQL}"
        return [
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
            f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
            f'CREATE POLICY "{self.name}" ON {table} USING ({own}) WITH CHECK ({own})',
        ]


class ReadableByUser(Wall):
    """Besides: rows of the named user may be read. SELECT only, since policies are OR-ed: for all commands it would let
    a user write himself into another organization.
    """

    def statements(self, table: str) -> list[str]:
        return [f'CREATE POLICY "{self.name}" ON {table} FOR SELECT USING (user_id = {NAMED_USER_SQL})']
