"""The dictionaries of usage and billed series, and who pays for a series."""

import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
from django.db import migrations, models

import accounts.tenancy.isolation


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_people_and_organizations"),
        ("billing", "0003_models_prices_and_rate_cards"),
    ]

    operations = [
        migrations.CreateModel(
            name="BilledSeries",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("aws_account_id", models.CharField(max_length=12)),
                ("service", models.CharField(max_length=255)),
                ("usage_type", models.CharField(max_length=255)),
                ("unit", models.CharField(blank=True, max_length=64)),
                ("currency", models.CharField(max_length=3)),
                ("first_seen_at", models.DateTimeField()),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="billing.awsconnection"
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
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "default_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="UsageSeries",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("aws_account_id", models.CharField(max_length=12)),
                ("aws_region", models.CharField(max_length=32)),
                (
                    "namespace",
                    models.CharField(
                        choices=[("AWS/Bedrock", "AWS/Bedrock"), ("AWS/BedrockMantle", "AWS/BedrockMantle")],
                        max_length=64,
                    ),
                ),
                ("aws_model_id", models.CharField(max_length=512)),
                (
                    "tier",
                    models.CharField(
                        choices=[
                            ("STANDARD", "STANDARD"),
                            ("BATCH", "BATCH"),
                            ("FLEX", "FLEX"),
                            ("PRIORITY", "PRIORITY"),
                            ("RESERVED", "RESERVED"),
                            ("LATENCY_OPTIMIZED", "LATENCY_OPTIMIZED"),
                        ],
                        max_length=24,
                    ),
                ),
                ("inference_profile_id", models.CharField(blank=True, max_length=128)),
                ("project", models.CharField(blank=True, max_length=128)),
                ("model_id", models.CharField(blank=True, max_length=128)),
                ("publisher", models.CharField(blank=True, max_length=64)),
                (
                    "routing",
                    models.CharField(
                        choices=[("IN_REGION", "IN_REGION"), ("GEO", "GEO"), ("GLOBAL", "GLOBAL")], max_length=16
                    ),
                ),
                ("tags", models.JSONField(default=dict)),
                ("first_seen_at", models.DateTimeField()),
                ("named_at", models.DateTimeField(blank=True, null=True)),
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
            name="SeriesAssignment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("assigned_from", models.DateField(blank=True, null=True)),
                ("assigned_to", models.DateField(blank=True, null=True)),
                ("origin", models.CharField(max_length=16)),
                (
                    "billed_series",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="assignments",
                        to="billing.billedseries",
                    ),
                ),
                (
                    "cost_center",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.costcenter"
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
                    "usage_series",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="assignments",
                        to="billing.usageseries",
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
            model_name="billedseries",
            constraint=accounts.tenancy.isolation.TenantIsolation(name="billedseries_isolation"),
        ),
        migrations.AddConstraint(
            model_name="billedseries",
            constraint=models.UniqueConstraint(
                fields=("organization", "connection", "aws_account_id", "service", "usage_type", "unit", "currency"),
                name="billed_series_unique",
            ),
        ),
        migrations.AddIndex(
            model_name="usageseries",
            index=models.Index(fields=["organization", "model_id"], name="usage_series_model"),
        ),
        migrations.AddConstraint(
            model_name="usageseries",
            constraint=accounts.tenancy.isolation.TenantIsolation(name="usageseries_isolation"),
        ),
        migrations.AddConstraint(
            model_name="usageseries",
            constraint=models.UniqueConstraint(
                fields=(
                    "organization",
                    "aws_account_id",
                    "aws_region",
                    "namespace",
                    "aws_model_id",
                    "tier",
                    "inference_profile_id",
                    "project",
                ),
                name="usage_series_unique",
            ),
        ),
        migrations.AddConstraint(
            model_name="seriesassignment",
            constraint=accounts.tenancy.isolation.TenantIsolation(name="seriesassignment_isolation"),
        ),
        migrations.AddConstraint(
            model_name="seriesassignment",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("usage_series__isnull", False)),
                expressions=[
                    ("usage_series", "="),
                    (
                        models.Func(
                            models.F("assigned_from"),
                            models.F("assigned_to"),
                            django.contrib.postgres.fields.ranges.RangeBoundary(),
                            function="DATERANGE",
                            output_field=django.contrib.postgres.fields.ranges.DateRangeField(),
                        ),
                        "&&",
                    ),
                ],
                name="usage_series_has_one_payer",
            ),
        ),
        migrations.AddConstraint(
            model_name="seriesassignment",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("billed_series__isnull", False)),
                expressions=[
                    ("billed_series", "="),
                    (
                        models.Func(
                            models.F("assigned_from"),
                            models.F("assigned_to"),
                            django.contrib.postgres.fields.ranges.RangeBoundary(),
                            function="DATERANGE",
                            output_field=django.contrib.postgres.fields.ranges.DateRangeField(),
                        ),
                        "&&",
                    ),
                ],
                name="billed_series_has_one_payer",
            ),
        ),
        migrations.AddConstraint(
            model_name="seriesassignment",
            constraint=models.CheckConstraint(
                condition=models.Q(("usage_series__isnull", True), ("billed_series__isnull", True), _connector="XOR"),
                name="series_assignment_of_one_series",
            ),
        ),
        migrations.AddConstraint(
            model_name="seriesassignment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("assigned_from__isnull", True),
                    ("assigned_to__isnull", True),
                    ("assigned_to__gt", models.F("assigned_from")),
                    _connector="OR",
                ),
                name="series_assignment_has_a_length",
            ),
        ),
    ]
