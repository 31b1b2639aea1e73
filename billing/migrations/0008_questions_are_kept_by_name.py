"""Questions that somebody keeps, private or shared, behind the wall."""

import django.db.models.deletion
import django.db.models.functions.text
from django.db import migrations, models

import accounts.tenancy.isolation


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_people_and_organizations"),
        ("billing", "0007_prices_remember_what_was_typed"),
    ]

    operations = [
        migrations.CreateModel(
            name="SavedView",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=120)),
                ("is_shared", models.BooleanField()),
                (
                    "owner_kind",
                    models.CharField(
                        choices=[("USER", "USER"), ("API_KEY", "API_KEY"), ("SYSTEM", "SYSTEM")], max_length=16
                    ),
                ),
                ("owner_id", models.CharField(max_length=64)),
                ("owner_label", models.CharField(max_length=254)),
                ("question", models.JSONField()),
                ("saved_at", models.DateTimeField()),
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
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "default_manager_name": "objects",
            },
        ),
        migrations.AddConstraint(
            model_name="savedview",
            constraint=accounts.tenancy.isolation.TenantIsolation(name="savedview_isolation"),
        ),
        migrations.AddConstraint(
            model_name="savedview",
            constraint=models.UniqueConstraint(
                models.F("organization"),
                django.db.models.functions.text.Lower("name"),
                condition=models.Q(("is_shared", True)),
                name="shared_view_name_unique",
            ),
        ),
        migrations.AddConstraint(
            model_name="savedview",
            constraint=models.UniqueConstraint(
                models.F("organization"),
                models.F("owner_kind"),
                models.F("owner_id"),
                django.db.models.functions.text.Lower("name"),
                condition=models.Q(("is_shared", False)),
                name="private_view_name_unique",
            ),
        ),
    ]
