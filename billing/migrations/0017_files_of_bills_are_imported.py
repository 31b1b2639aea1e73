"""Files of bills, the periods that stand of them, and the exports that deliver them."""

import django.db.models.deletion
from django.db import migrations, models

import accounts.tenancy.isolation


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_closed_organizations_are_erased"),
        ("billing", "0016_days_are_matched_with_the_bill"),
    ]

    operations = [
        migrations.CreateModel(
            name="CostExport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("bucket", models.CharField(max_length=63)),
                ("bucket_region", models.CharField(max_length=32)),
                ("prefix", models.CharField(blank=True, max_length=255)),
                ("export_name", models.CharField(max_length=128)),
                ("created_at", models.DateTimeField()),
                ("manifests", models.JSONField(default=dict)),
                ("checked_at", models.DateTimeField(blank=True, null=True)),
                ("next_check_at", models.DateTimeField(blank=True, null=True)),
                ("last_error", models.CharField(blank=True, max_length=64)),
                ("last_error_detail", models.CharField(blank=True, max_length=300)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="billing.awsconnection"
                    ),
                ),
                (
                    "cost_source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="billing.costsource"
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
            name="CostImport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "origin",
                    models.CharField(choices=[("UPLOAD", "UPLOAD"), ("POST", "POST"), ("S3", "S3")], max_length=8),
                ),
                ("format", models.CharField(blank=True, choices=[("FOCUS", "FOCUS"), ("CUR2", "CUR2")], max_length=8)),
                ("file_name", models.CharField(max_length=255)),
                ("file_bytes", models.BigIntegerField(default=0)),
                ("file_digest", models.CharField(max_length=80)),
                ("kept_as", models.CharField(blank=True, max_length=64)),
                ("keys", models.JSONField(default=list)),
                ("created_at", models.DateTimeField()),
                ("created_by", models.CharField(blank=True, max_length=254)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("DUE", "DUE"),
                            ("STARTED", "STARTED"),
                            ("DONE", "DONE"),
                            ("FAILED", "FAILED"),
                            ("REMOVED", "REMOVED"),
                        ],
                        max_length=8,
                    ),
                ),
                ("attempt", models.PositiveIntegerField(default=0)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("progress_percent", models.PositiveSmallIntegerField(default=0)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "failure",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("UNREADABLE", "UNREADABLE"),
                            ("UNKNOWN_FORMAT", "UNKNOWN_FORMAT"),
                            ("COLUMNS_MISSING", "COLUMNS_MISSING"),
                            ("NO_ROWS", "NO_ROWS"),
                            ("TOO_LARGE", "TOO_LARGE"),
                            ("GAVE_UP", "GAVE_UP"),
                            ("NOT_FETCHED", "NOT_FETCHED"),
                        ],
                        max_length=24,
                    ),
                ),
                ("failure_detail", models.CharField(blank=True, max_length=300)),
                ("rows", models.BigIntegerField(default=0)),
                ("rows_kept", models.BigIntegerField(default=0)),
                ("rows_rejected", models.BigIntegerField(default=0)),
                ("rejected", models.JSONField(default=list)),
                ("notes", models.JSONField(default=list)),
                ("amounts", models.JSONField(default=list)),
                ("left_out", models.JSONField(default=list)),
                ("periods", models.JSONField(default=list)),
                (
                    "cost_export",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="billing.costexport",
                    ),
                ),
                (
                    "cost_source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="billing.costsource"
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
            name="ImportedPeriod",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("period_start", models.DateField()),
                ("period_end", models.DateField()),
                ("complete_until", models.DateField()),
                ("rows", models.BigIntegerField()),
                ("amounts", models.JSONField(default=list)),
                ("invoices", models.JSONField(default=list)),
                ("stored_at", models.DateTimeField()),
                (
                    "cost_import",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="billing.costimport"
                    ),
                ),
                (
                    "cost_source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="billing.costsource"
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
        migrations.AddConstraint(
            model_name="costexport",
            constraint=accounts.tenancy.isolation.TenantIsolation(name="costexport_isolation"),
        ),
        migrations.AddConstraint(
            model_name="costexport",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at__isnull", True)),
                fields=("organization", "bucket", "prefix", "export_name"),
                name="cost_export_unique",
            ),
        ),
        migrations.AddIndex(
            model_name="costimport",
            index=models.Index(
                condition=models.Q(("state__in", ["DUE", "STARTED"])),
                fields=["organization", "created_at"],
                name="cost_import_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="costimport",
            constraint=accounts.tenancy.isolation.TenantIsolation(name="costimport_isolation"),
        ),
        migrations.AddConstraint(
            model_name="costimport",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["DUE", "STARTED", "DONE", "FAILED", "REMOVED"])),
                name="cost_import_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="importedperiod",
            constraint=accounts.tenancy.isolation.TenantIsolation(name="importedperiod_isolation"),
        ),
        migrations.AddConstraint(
            model_name="importedperiod",
            constraint=models.UniqueConstraint(
                fields=("organization", "cost_source", "period_start"), name="imported_period_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="importedperiod",
            constraint=models.CheckConstraint(
                condition=models.Q(("period_end__gt", models.F("period_start"))), name="imported_period_has_a_length"
            ),
        ),
    ]
