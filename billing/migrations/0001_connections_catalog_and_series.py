"""Connections, windows, the catalog, the dictionary of series: every table but the partitioned facts."""

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
            name="FoundationModel",
            fields=[
                ("model_id", models.CharField(max_length=128, primary_key=True, serialize=False)),
                ("display_name", models.CharField(max_length=128)),
                ("publisher", models.CharField(max_length=64)),
                (
                    "aws_model_ids",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=128), size=None),
                ),
                ("legacy_date", models.DateField(blank=True, null=True)),
                ("extended_access_date", models.DateField(blank=True, null=True)),
                ("end_of_life_date", models.DateField(blank=True, null=True)),
                ("source", models.CharField(max_length=255)),
                ("source_date", models.DateField()),
            ],
        ),
        migrations.CreateModel(
            name="AwsConnection",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(blank=True, max_length=120)),
                ("kind", models.CharField(choices=[("PAYER", "PAYER"), ("MEMBER", "MEMBER")], max_length=16)),
                ("role_arn", models.CharField(max_length=640)),
                ("aws_account_id", models.CharField(max_length=12)),
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
                ("verified_at", models.DateTimeField(blank=True, null=True)),
                ("failing_since", models.DateTimeField(blank=True, null=True)),
                ("owner_told_at", models.DateTimeField(blank=True, null=True)),
                ("disconnected_at", models.DateTimeField(blank=True, null=True)),
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
            name="ModelPrice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("model_id", models.CharField(max_length=128)),
                ("aws_region", models.CharField(max_length=32)),
                (
                    "routing_class",
                    models.CharField(choices=[("REGIONAL", "REGIONAL"), ("GLOBAL", "GLOBAL")], max_length=16),
                ),
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
                (
                    "token_class",
                    models.CharField(
                        choices=[
                            ("input", "input"),
                            ("output", "output"),
                            ("cache_read", "cache_read"),
                            ("cache_write", "cache_write"),
                            ("cache_write_5m", "cache_write_5m"),
                            ("cache_write_1h", "cache_write_1h"),
                        ],
                        max_length=24,
                    ),
                ),
                ("context_band", models.CharField(choices=[("STANDARD", "STANDARD"), ("LONG", "LONG")], max_length=16)),
                ("rate_usd_per_million", models.DecimalField(decimal_places=12, max_digits=24)),
                ("currency", models.CharField(default="USD", max_length=3)),
                ("effective_from", models.DateTimeField()),
                ("effective_to", models.DateTimeField(blank=True, null=True)),
                ("source", models.CharField(max_length=255)),
                ("source_date", models.DateField()),
            ],
            options={
                "constraints": [
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        expressions=[
                            ("model_id", "="),
                            ("aws_region", "="),
                            ("routing_class", "="),
                            ("tier", "="),
                            ("token_class", "="),
                            ("context_band", "="),
                            (
                                models.Func(
                                    models.F("effective_from"),
                                    models.F("effective_to"),
                                    django.contrib.postgres.fields.ranges.RangeBoundary(),
                                    function="TSTZRANGE",
                                    output_field=django.contrib.postgres.fields.ranges.DateTimeRangeField(),
                                ),
                                "&&",
                            ),
                        ],
                        name="model_prices_may_not_overlap",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("rate_usd_per_million__gte", 0)), name="model_price_not_negative"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("effective_to__isnull", True),
                            ("effective_to__gt", models.F("effective_from")),
                            _connector="OR",
                        ),
                        name="model_price_has_a_length",
                    ),
                ],
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
                ("dimensions", models.CharField(max_length=1200)),
                ("first_seen_at", models.DateTimeField()),
                ("last_seen_at", models.DateTimeField()),
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
            name="PriceOverride",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("model_id", models.CharField(max_length=128)),
                ("aws_region", models.CharField(max_length=32)),
                (
                    "routing_class",
                    models.CharField(choices=[("REGIONAL", "REGIONAL"), ("GLOBAL", "GLOBAL")], max_length=16),
                ),
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
                (
                    "token_class",
                    models.CharField(
                        choices=[
                            ("input", "input"),
                            ("output", "output"),
                            ("cache_read", "cache_read"),
                            ("cache_write", "cache_write"),
                            ("cache_write_5m", "cache_write_5m"),
                            ("cache_write_1h", "cache_write_1h"),
                        ],
                        max_length=24,
                    ),
                ),
                ("context_band", models.CharField(choices=[("STANDARD", "STANDARD"), ("LONG", "LONG")], max_length=16)),
                ("rate_usd_per_million", models.DecimalField(decimal_places=12, max_digits=24)),
                ("currency", models.CharField(default="USD", max_length=3)),
                ("effective_from", models.DateTimeField()),
                ("effective_to", models.DateTimeField(blank=True, null=True)),
                ("source", models.CharField(max_length=255)),
                ("source_date", models.DateField()),
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
            name="RateCard",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("fingerprint", models.CharField(max_length=64)),
                ("model_id", models.CharField(max_length=128)),
                ("aws_region", models.CharField(max_length=32)),
                ("routing_class", models.CharField(max_length=16)),
                ("tier", models.CharField(max_length=24)),
                ("valid_from", models.DateTimeField(blank=True, null=True)),
                ("valid_to", models.DateTimeField(blank=True, null=True)),
                ("rates", models.JSONField()),
                ("is_assumed_input", models.BooleanField()),
                ("is_assumed_output", models.BooleanField()),
                ("is_assumed_cache_read", models.BooleanField()),
                ("is_assumed_cache_write", models.BooleanField()),
                ("is_assumed_cache_write_5m", models.BooleanField()),
                ("is_assumed_cache_write_1h", models.BooleanField()),
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
                condition=models.Q(("aws_account_id__regex", "^[0-9]{12}$")), name="aws_connection_account_is_12_digits"
            ),
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
                fields=("organization", "aws_account_id", "aws_region", "namespace", "name", "dimensions"),
                name="observed_metric_unique",
            ),
        ),
        migrations.AddConstraint(
            model_name="priceoverride",
            constraint=accounts.tenancy.isolation.TenantIsolation(name="priceoverride_isolation"),
        ),
        migrations.AddConstraint(
            model_name="priceoverride",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                expressions=[
                    ("organization", "="),
                    ("model_id", "="),
                    ("aws_region", "="),
                    ("routing_class", "="),
                    ("tier", "="),
                    ("token_class", "="),
                    ("context_band", "="),
                    (
                        models.Func(
                            models.F("effective_from"),
                            models.F("effective_to"),
                            django.contrib.postgres.fields.ranges.RangeBoundary(),
                            function="TSTZRANGE",
                            output_field=django.contrib.postgres.fields.ranges.DateTimeRangeField(),
                        ),
                        "&&",
                    ),
                ],
                name="price_overrides_may_not_overlap",
            ),
        ),
        migrations.AddConstraint(
            model_name="priceoverride",
            constraint=models.CheckConstraint(
                condition=models.Q(("rate_usd_per_million__gte", 0)), name="price_override_not_negative"
            ),
        ),
        migrations.AddConstraint(
            model_name="priceoverride",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("effective_to__isnull", True), ("effective_to__gt", models.F("effective_from")), _connector="OR"
                ),
                name="price_override_has_a_length",
            ),
        ),
        migrations.AddConstraint(
            model_name="ratecard",
            constraint=accounts.tenancy.isolation.TenantIsolation(name="ratecard_isolation"),
        ),
        migrations.AddConstraint(
            model_name="ratecard",
            constraint=models.UniqueConstraint(fields=("organization", "fingerprint"), name="rate_card_unique"),
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
