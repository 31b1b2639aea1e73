"""Rates that are learnt from the bill, and published prices from more than one source."""

import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
from django.db import migrations, models

import accounts.tenancy.isolation


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_closed_organizations_are_erased"),
        ("billing", "0011_bill_lines_say_what_they_were_read_as"),
    ]

    operations = [
        migrations.CreateModel(
            name="LearntRate",
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
                ("first_day", models.DateField()),
                ("last_day", models.DateField()),
                ("days", models.PositiveIntegerField()),
                ("cost", models.DecimalField(decimal_places=18, max_digits=38)),
                ("tokens", models.DecimalField(decimal_places=18, max_digits=38)),
                (
                    "series_ids",
                    django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None),
                ),
                ("is_estimated", models.BooleanField()),
                ("is_list_rate", models.BooleanField()),
                ("learnt_at", models.DateTimeField()),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "default_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="RateLearning",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("is_due", models.BooleanField(default=True)),
                ("learnt_at", models.DateTimeField(blank=True, null=True)),
                ("days_refused", models.PositiveIntegerField(default=0)),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "default_manager_name": "objects",
            },
        ),
        migrations.RemoveConstraint(
            model_name="modelprice",
            name="model_prices_may_not_overlap",
        ),
        migrations.AddField(
            model_name="modelprice",
            name="origin",
            field=models.CharField(
                choices=[("PRICE_LIST", "PRICE_LIST"), ("COMMITTED", "COMMITTED")],
                db_default="COMMITTED",
                default="COMMITTED",
                max_length=16,
            ),
        ),
        migrations.AddConstraint(
            model_name="modelprice",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                expressions=[
                    ("origin", "="),
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
        ),
        migrations.AddField(
            model_name="learntrate",
            name="organization",
            field=models.ForeignKey(
                db_default=accounts.tenancy.isolation.NamedOrganization(),
                db_index=False,
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.organization",
            ),
        ),
        migrations.AddField(
            model_name="ratelearning",
            name="organization",
            field=models.ForeignKey(
                db_default=accounts.tenancy.isolation.NamedOrganization(),
                db_index=False,
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="accounts.organization",
            ),
        ),
        migrations.AddConstraint(
            model_name="learntrate",
            constraint=accounts.tenancy.isolation.TenantIsolation(name="learntrate_isolation"),
        ),
        migrations.AddConstraint(
            model_name="learntrate",
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
                name="learnt_rates_may_not_overlap",
            ),
        ),
        migrations.AddConstraint(
            model_name="learntrate",
            constraint=models.CheckConstraint(
                condition=models.Q(("rate_usd_per_million__gt", 0)), name="learnt_rate_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="learntrate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("effective_to__isnull", True), ("effective_to__gt", models.F("effective_from")), _connector="OR"
                ),
                name="learnt_rate_has_a_length",
            ),
        ),
        migrations.AddConstraint(
            model_name="ratelearning",
            constraint=accounts.tenancy.isolation.TenantIsolation(name="ratelearning_isolation"),
        ),
        migrations.AddConstraint(
            model_name="ratelearning",
            constraint=models.UniqueConstraint(fields=("organization",), name="rate_learning_unique"),
        ),
    ]
