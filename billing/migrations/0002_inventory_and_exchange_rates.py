"""What was ever seen in an account, and the exchange rates that were entered."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import accounts.tenancy.isolation


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_people_and_organizations"),
        ("billing", "0001_connections_and_collection"),
    ]

    operations = [
        migrations.CreateModel(
            name="ExchangeRate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month_date", models.DateField()),
                ("currency", models.CharField(max_length=3)),
                ("units_per_usd", models.DecimalField(decimal_places=8, max_digits=20)),
                ("source", models.CharField(blank=True, max_length=120)),
                ("entered_by", models.CharField(max_length=254)),
                ("entered_at", models.DateTimeField()),
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
        migrations.CreateModel(
            name="InferenceProfile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("aws_account_id", models.CharField(max_length=12)),
                ("aws_region", models.CharField(max_length=32)),
                ("profile_id", models.CharField(max_length=128)),
                ("name", models.CharField(blank=True, max_length=128)),
                ("arn", models.CharField(max_length=512)),
                (
                    "model_arns",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=512), default=list, size=None
                    ),
                ),
                ("tags", models.JSONField(default=dict)),
                ("first_seen_at", models.DateTimeField()),
                ("last_seen_at", models.DateTimeField()),
                ("deleted_at", models.DateTimeField(blank=True, null=True)),
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
        migrations.CreateModel(
            name="ObservedMetric",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("aws_account_id", models.CharField(max_length=12)),
                ("aws_region", models.CharField(max_length=32)),
                ("namespace", models.CharField(max_length=64)),
                ("name", models.CharField(max_length=64)),
                ("aws_model_id", models.CharField(max_length=512)),
                ("first_seen_at", models.DateTimeField()),
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
            model_name="exchangerate",
            constraint=accounts.tenancy.isolation.TenantIsolation(name="exchangerate_isolation"),
        ),
        migrations.AddConstraint(
            model_name="exchangerate",
            constraint=models.UniqueConstraint(
                fields=("organization", "month_date", "currency"), name="exchange_rate_once_a_month"
            ),
        ),
        migrations.AddConstraint(
            model_name="exchangerate",
            constraint=models.CheckConstraint(
                condition=models.Q(("units_per_usd__gt", 0)), name="exchange_rate_above_zero"
            ),
        ),
        migrations.AddConstraint(
            model_name="exchangerate",
            constraint=models.CheckConstraint(
                condition=models.Q(("month_date__day", 1)), name="exchange_rate_of_a_whole_month"
            ),
        ),
        migrations.AddConstraint(
            model_name="inferenceprofile",
            constraint=accounts.tenancy.isolation.TenantIsolation(name="inferenceprofile_isolation"),
        ),
        migrations.AddConstraint(
            model_name="inferenceprofile",
            constraint=models.UniqueConstraint(
                fields=("organization", "aws_account_id", "aws_region", "profile_id"), name="inference_profile_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="observedmetric",
            constraint=accounts.tenancy.isolation.TenantIsolation(name="observedmetric_isolation"),
        ),
        migrations.AddConstraint(
            model_name="observedmetric",
            constraint=models.UniqueConstraint(
                fields=("organization", "aws_account_id", "aws_region", "namespace", "name", "aws_model_id"),
                name="observed_metric_unique",
            ),
        ),
    ]
