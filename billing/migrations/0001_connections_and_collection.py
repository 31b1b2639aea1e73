"""Connections, and the windows and runs of their collection; windows may not overlap."""

import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
from django.contrib.postgres.operations import BtreeGistExtension
from django.db import migrations, models

import accounts.tenancy.isolation


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_people_and_organizations"),
    ]

    operations = [
        # Exclusion constraints compare plain columns and ranges in one index.
        BtreeGistExtension(),
        migrations.CreateModel(
            name="AwsConnection",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(blank=True, max_length=120)),
                ("kind", models.CharField(choices=[("PAYER", "PAYER"), ("MEMBER", "MEMBER")], max_length=16)),
                ("role_arn", models.CharField(blank=True, max_length=640)),
                ("aws_account_id", models.CharField(blank=True, max_length=12)),
                ("external_id", models.CharField(max_length=1224)),
                ("tag_key", models.CharField(default="team", max_length=128)),
                (
                    "aws_regions_asked",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=32), blank=True, default=list, size=None
                    ),
                ),
                (
                    "aws_regions",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=32), blank=True, default=list, size=None
                    ),
                ),
                (
                    "linked_account_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=12), blank=True, default=list, size=None
                    ),
                ),
                ("endpoint_url", models.CharField(blank=True, max_length=255)),
                ("principal_arn", models.CharField(blank=True, max_length=255)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("PENDING", "PENDING"),
                            ("VERIFYING", "VERIFYING"),
                            ("VERIFIED", "VERIFIED"),
                            ("REFUSED", "REFUSED"),
                            ("PAUSED", "PAUSED"),
                            ("FAILING", "FAILING"),
                            ("DISCONNECTED", "DISCONNECTED"),
                        ],
                        default="PENDING",
                        max_length=16,
                    ),
                ),
                ("holds_role", models.BooleanField(default=False)),
                (
                    "permissions_found",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=64), blank=True, default=list, size=None
                    ),
                ),
                (
                    "permissions_missing",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=64), blank=True, default=list, size=None
                    ),
                ),
                ("polling_usd_per_month", models.DecimalField(blank=True, decimal_places=4, max_digits=12, null=True)),
                ("last_error", models.CharField(blank=True, max_length=64)),
                ("last_error_detail", models.CharField(blank=True, max_length=500)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("attempt", models.PositiveIntegerField(default=0)),
                ("failures", models.PositiveIntegerField(default=0)),
                ("next_attempt_at", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField()),
                ("connected_at", models.DateTimeField(blank=True, null=True)),
                ("scanned_at", models.DateTimeField(blank=True, null=True)),
                ("verified_at", models.DateTimeField(blank=True, null=True)),
                ("failing_since", models.DateTimeField(blank=True, null=True)),
                ("owner_told_at", models.DateTimeField(blank=True, null=True)),
                ("disconnected_at", models.DateTimeField(blank=True, null=True)),
                ("deletion_asked_at", models.DateTimeField(blank=True, null=True)),
                ("data_deleted_at", models.DateTimeField(blank=True, null=True)),
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
            name="CollectionWindow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("INVENTORY", "INVENTORY"),
                            ("CLOUDWATCH", "CLOUDWATCH"),
                            ("COST_EXPLORER", "COST_EXPLORER"),
                        ],
                        max_length=16,
                    ),
                ),
                ("aws_region", models.CharField(blank=True, max_length=32)),
                ("window_start", models.DateTimeField()),
                ("window_end", models.DateTimeField()),
                ("filled_until", models.DateTimeField(blank=True, null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[("DUE", "DUE"), ("STARTED", "STARTED"), ("DONE", "DONE"), ("FAILED", "FAILED")],
                        max_length=8,
                    ),
                ),
                ("attempt", models.PositiveIntegerField(default=0)),
                ("failures", models.PositiveIntegerField(default=0)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("offered_until", models.DateTimeField(blank=True, null=True)),
                ("next_attempt_at", models.DateTimeField(blank=True, null=True)),
                ("last_error", models.CharField(blank=True, max_length=64)),
                ("read_at", models.DateTimeField(blank=True, null=True)),
                ("stored_at", models.DateTimeField(blank=True, null=True)),
                ("rows", models.PositiveIntegerField(default=0)),
                ("rated_at", models.DateTimeField(blank=True, null=True)),
                ("is_rating_due", models.BooleanField(default=False)),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="windows", to="billing.awsconnection"
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
            name="CollectionRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("attempt", models.PositiveIntegerField()),
                ("started_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField()),
                ("outcome", models.CharField(max_length=32)),
                ("detail", models.CharField(blank=True, max_length=500)),
                ("rows", models.PositiveIntegerField(default=0)),
                ("rejected_count", models.PositiveIntegerField(default=0)),
                ("rejected", models.JSONField(default=list)),
                ("unrated_count", models.PositiveIntegerField(default=0)),
                ("unrated", models.JSONField(default=list)),
                ("api_calls", models.PositiveIntegerField(default=0)),
                ("metrics_requested", models.PositiveIntegerField(default=0)),
                ("aws_charge_usd", models.DecimalField(decimal_places=6, default=0, max_digits=12)),
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
                    "window",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="runs", to="billing.collectionwindow"
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "default_manager_name": "objects",
            },
        ),
        migrations.AddIndex(
            model_name="awsconnection",
            index=models.Index(fields=["organization", "state"], name="aws_connection_state"),
        ),
        migrations.AddConstraint(
            model_name="awsconnection",
            constraint=accounts.tenancy.isolation.TenantIsolation(name="awsconnection_isolation"),
        ),
        migrations.AddConstraint(
            model_name="awsconnection",
            constraint=models.UniqueConstraint(
                condition=models.Q(("holds_role", True)), fields=("role_arn",), name="aws_connection_role_held_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="awsconnection",
            constraint=models.UniqueConstraint(
                condition=models.Q(("holds_role", True)),
                fields=("organization", "aws_account_id"),
                name="aws_connection_account_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="awsconnection",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["PAYER", "MEMBER"])), name="aws_connection_kind_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="awsconnection",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ["PENDING", "VERIFYING", "VERIFIED", "REFUSED", "PAUSED", "FAILING", "DISCONNECTED"])
                ),
                name="aws_connection_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="awsconnection",
            constraint=models.CheckConstraint(
                condition=models.Q(("aws_account_id__regex", "^([0-9]{12})?$")),
                name="aws_connection_account_is_12_digits",
            ),
        ),
        migrations.AddIndex(
            model_name="collectionwindow",
            index=models.Index(
                condition=models.Q(("state__in", ["DUE", "STARTED"])),
                fields=["organization", "next_attempt_at"],
                name="collection_window_open",
            ),
        ),
        migrations.AddIndex(
            model_name="collectionwindow",
            index=models.Index(
                condition=models.Q(("is_rating_due", True)),
                fields=["organization", "window_start"],
                name="collection_window_rating_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="collectionwindow",
            constraint=accounts.tenancy.isolation.TenantIsolation(name="collectionwindow_isolation"),
        ),
        migrations.AddConstraint(
            model_name="collectionwindow",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                expressions=[
                    ("connection", "="),
                    ("source", "="),
                    ("aws_region", "="),
                    (
                        models.Func(
                            models.F("window_start"),
                            models.F("window_end"),
                            django.contrib.postgres.fields.ranges.RangeBoundary(),
                            function="TSTZRANGE",
                            output_field=django.contrib.postgres.fields.ranges.DateTimeRangeField(),
                        ),
                        "&&",
                    ),
                ],
                name="collection_windows_may_not_overlap",
            ),
        ),
        migrations.AddConstraint(
            model_name="collectionwindow",
            constraint=models.CheckConstraint(
                condition=models.Q(("window_end__gt", models.F("window_start"))), name="collection_window_has_a_length"
            ),
        ),
        migrations.AddConstraint(
            model_name="collectionwindow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("filled_until__isnull", True),
                    models.Q(
                        ("filled_until__gte", models.F("window_start")), ("filled_until__lte", models.F("window_end"))
                    ),
                    _connector="OR",
                ),
                name="collection_window_filled_within",
            ),
        ),
        migrations.AddConstraint(
            model_name="collectionwindow",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["DUE", "STARTED", "DONE", "FAILED"])),
                name="collection_window_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="collectionwindow",
            constraint=models.CheckConstraint(
                condition=models.Q(("source__in", ["INVENTORY", "CLOUDWATCH", "COST_EXPLORER"])),
                name="collection_window_source_known",
            ),
        ),
        migrations.AddIndex(
            model_name="collectionrun",
            index=models.Index(fields=["organization", "finished_at"], name="collection_run_finished"),
        ),
        migrations.AddConstraint(
            model_name="collectionrun",
            constraint=accounts.tenancy.isolation.TenantIsolation(name="collectionrun_isolation"),
        ),
        migrations.AddConstraint(
            model_name="collectionrun",
            constraint=models.UniqueConstraint(fields=("window", "attempt"), name="collection_run_once_per_attempt"),
        ),
    ]
