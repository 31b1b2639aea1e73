"""Foundation models, prices that may not overlap, an organization's own prices, rate cards."""

import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
from django.db import migrations, models

import accounts.tenancy.isolation


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_people_and_organizations"),
        ("billing", "0002_inventory_and_exchange_rates"),
    ]

    operations = [
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
                ("listed_at", models.DateTimeField()),
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
    ]
