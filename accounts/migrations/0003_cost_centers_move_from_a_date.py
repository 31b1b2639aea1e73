"""Where a cost center stands in the tree is a fact with a beginning and an end; what stood so far stands from the beginning."""

import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
import django.db.models.expressions
from django.apps.registry import Apps
from django.contrib.postgres.operations import BtreeGistExtension
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

import accounts.tenancy.isolation


def place_from_the_beginning(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Write one placement for each cost center. The wall is forced: without a named organization no row is seen."""
    organizations = apps.get_model("accounts", "Organization").objects.using(schema_editor.connection.alias)
    with schema_editor.connection.cursor() as cursor:
        for organization_id in organizations.values_list("id", flat=True):
            cursor.execute("SELECT set_config('app.organization_id', %s, true)", [str(organization_id)])
            cursor.execute(
                "INSERT INTO accounts_costcenterplacement (organization_id, cost_center_id, parent_id) "
                "SELECT organization_id, id, parent_id FROM accounts_costcenter WHERE organization_id = %s",
                [str(organization_id)],
            )
        cursor.execute("SELECT set_config('app.organization_id', '', true)")


def back_to_one_parent(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Write where each cost center stands now into its own row."""
    organizations = apps.get_model("accounts", "Organization").objects.using(schema_editor.connection.alias)
    with schema_editor.connection.cursor() as cursor:
        for organization_id in organizations.values_list("id", flat=True):
            cursor.execute("SELECT set_config('app.organization_id', %s, true)", [str(organization_id)])
            cursor.execute(
                "UPDATE accounts_costcenter AS center SET parent_id = place.parent_id "
                "FROM accounts_costcenterplacement AS place "
                "WHERE place.cost_center_id = center.id AND place.valid_to IS NULL AND center.organization_id = %s",
                [str(organization_id)],
            )
        cursor.execute("SELECT set_config('app.organization_id', '', true)")


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_people_are_invited_by_mail"),
    ]

    operations = [
        BtreeGistExtension(),
        migrations.RemoveConstraint(model_name="costcenter", name="cost_center_not_its_own_parent"),
        migrations.CreateModel(
            name="CostCenterPlacement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("valid_from", models.DateField(blank=True, null=True)),
                ("valid_to", models.DateField(blank=True, null=True)),
                (
                    "cost_center",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="placements",
                        to="accounts.costcenter",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        db_default=accounts.tenancy.isolation.NamedOrganization(),
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.organization",
                    ),
                ),
                (
                    "parent",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.costcenter",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "default_manager_name": "objects",
                "indexes": [
                    models.Index(fields=["organization", "cost_center"], name="cost_center_placement"),
                ],
                "constraints": [
                    accounts.tenancy.isolation.TenantIsolation(name="costcenterplacement_isolation"),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        expressions=[
                            ("cost_center", "="),
                            (
                                django.db.models.expressions.Func(
                                    models.F("valid_from"),
                                    models.F("valid_to"),
                                    django.contrib.postgres.fields.ranges.RangeBoundary(),
                                    function="DATERANGE",
                                    output_field=django.contrib.postgres.fields.ranges.DateRangeField(),
                                ),
                                "&&",
                            ),
                        ],
                        name="cost_center_stands_in_one_place",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("parent", models.F("cost_center")), _negated=True),
                        name="cost_center_not_its_own_parent",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("valid_from__isnull", True),
                            ("valid_to__isnull", True),
                            ("valid_to__gt", models.F("valid_from")),
                            _connector="OR",
                        ),
                        name="cost_center_placement_has_a_length",
                    ),
                ],
            },
        ),
        migrations.RunPython(place_from_the_beginning, back_to_one_parent),
        migrations.RemoveField(model_name="costcenter", name="parent"),
    ]
