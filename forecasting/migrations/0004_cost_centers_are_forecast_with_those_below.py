"""Forecasts of a cost center hold those below it; what was said so far was about the center alone and says so."""

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

KINDS = [
    ("ORGANIZATION", "ORGANIZATION"),
    ("COST_CENTER", "COST_CENTER"),
    ("COST_CENTER_OWN", "COST_CENTER_OWN"),
    ("MODEL", "MODEL"),
]


def _rename(apps: Apps, schema_editor: BaseDatabaseSchemaEditor, before: str, after: str) -> None:
    organizations = apps.get_model("accounts", "Organization").objects.using(schema_editor.connection.alias)
    with schema_editor.connection.cursor() as cursor:
        for organization_id in organizations.values_list("id", flat=True):
            # The wall is forced: without a named organization no row is seen.
            cursor.execute("SELECT set_config('app.organization_id', %s, true)", [str(organization_id)])
            cursor.execute(
                "DELETE FROM forecasting_forecastpoint WHERE run_id IN (SELECT id FROM forecasting_forecastrun WHERE scope_kind = %s)",
                [after],
            )
            cursor.execute("DELETE FROM forecasting_forecastrun WHERE scope_kind = %s", [after])
            cursor.execute("UPDATE forecasting_forecastrun SET scope_kind = %s WHERE scope_kind = %s", [after, before])
        cursor.execute("SELECT set_config('app.organization_id', '', true)")


def name_what_stood_alone(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Say of each forecast of a cost center that it was about the center alone."""
    _rename(apps, schema_editor, "COST_CENTER", "COST_CENTER_OWN")


def back(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Forget the forecasts with those below, and call those of the center alone by the name before."""
    _rename(apps, schema_editor, "COST_CENTER_OWN", "COST_CENTER")


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_cost_centers_move_from_a_date"),
        ("forecasting", "0003_forecasts_say_whether_the_past_was_read"),
    ]

    operations = [
        migrations.AlterField(
            model_name="forecastrun", name="scope_kind", field=models.CharField(choices=KINDS, max_length=16)
        ),
        migrations.RunPython(name_what_stood_alone, back),
    ]
