"""Rules with their versions say who pays, beside what was told of each series; runs, splits and metrics come with them."""

from typing import Any

import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.db.models.constraints
import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

import accounts.tenancy.isolation

OPTIONS = {"abstract": False, "base_manager_name": "objects", "default_manager_name": "objects"}


def organization() -> Any:
    """Return the column that every table of an organization has."""
    named, protect = accounts.tenancy.isolation.NamedOrganization(), django.db.models.deletion.PROTECT
    return models.ForeignKey(
        db_default=named,
        db_index=False,
        editable=False,
        on_delete=protect,
        related_name="+",
        to="accounts.organization",
    )


def cost_center() -> Any:
    """Return the column that names who pays."""
    protect = django.db.models.deletion.PROTECT
    return models.ForeignKey(on_delete=protect, related_name="+", to="accounts.costcenter")


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_closed_organizations_are_erased"),
        ("billing", "0013_what_is_asked_of_aws_is_metered"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="seriesassignment",
            name="rule_id",
            field=models.BigIntegerField(blank=True, null=True),
        ),
        migrations.CreateModel(
            name="AllocationRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=120)),
                ("rank", models.PositiveIntegerField()),
                ("version", models.PositiveIntegerField(default=1)),
                ("created_by", models.CharField(max_length=254)),
                ("created_at", models.DateTimeField()),
                ("changed_by", models.CharField(max_length=254)),
                ("changed_at", models.DateTimeField()),
                ("organization", organization()),
            ],
            options=OPTIONS,
        ),
        migrations.CreateModel(
            name="AllocationRuleVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("conditions", models.JSONField()),
                ("effective_from", models.DateField(blank=True, null=True)),
                ("effective_to", models.DateField(blank=True, null=True)),
                ("cost_center", cost_center()),
                ("organization", organization()),
                (
                    "rule",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="versions",
                        to="billing.allocationrule",
                    ),
                ),
            ],
            options=OPTIONS,
        ),
        migrations.CreateModel(
            name="AllocationRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("requested_by", models.CharField(max_length=254)),
                ("requested_at", models.DateTimeField()),
                ("from_day", models.DateField(blank=True, null=True)),
                (
                    "state",
                    models.CharField(choices=[("DUE", "DUE"), ("STARTED", "STARTED"), ("DONE", "DONE")], max_length=16),
                ),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("series_total", models.PositiveIntegerField(default=0)),
                ("series_done", models.PositiveIntegerField(default=0)),
                ("last_usage_series_id", models.BigIntegerField(default=0)),
                ("last_billed_series_id", models.BigIntegerField(default=0)),
                ("changes", models.PositiveIntegerField(default=0)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("organization", organization()),
            ],
            options=OPTIONS,
        ),
        migrations.CreateModel(
            name="BusinessMetric",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=120)),
                ("month_date", models.DateField()),
                ("value", models.DecimalField(decimal_places=6, max_digits=24)),
                ("entered_by", models.CharField(max_length=254)),
                ("entered_at", models.DateTimeField()),
                ("cost_center", cost_center()),
                ("organization", organization()),
            ],
            options=OPTIONS,
        ),
        migrations.CreateModel(
            name="SeriesEvidence",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("told_from", models.DateField(blank=True, null=True)),
                ("told_to", models.DateField(blank=True, null=True)),
                ("tags", models.JSONField(default=dict)),
                (
                    "origin",
                    models.CharField(
                        blank=True,
                        choices=[("HAND", "HAND"), ("RULE", "RULE"), ("TAG", "TAG"), ("ACCOUNT", "ACCOUNT")],
                        max_length=16,
                    ),
                ),
                (
                    "billed_series",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="billing.billedseries",
                    ),
                ),
                (
                    "cost_center",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.costcenter",
                    ),
                ),
                ("organization", organization()),
                (
                    "usage_series",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="billing.usageseries",
                    ),
                ),
            ],
            options=OPTIONS,
        ),
        migrations.CreateModel(
            name="SharedCostSplit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=120)),
                (
                    "method",
                    models.CharField(
                        choices=[
                            ("FIXED", "FIXED"),
                            ("DIRECT_COST", "DIRECT_COST"),
                            ("TOKENS", "TOKENS"),
                            ("METRIC", "METRIC"),
                        ],
                        max_length=16,
                    ),
                ),
                ("metric", models.CharField(blank=True, max_length=120)),
                ("first_month", models.DateField(blank=True, null=True)),
                ("last_month", models.DateField(blank=True, null=True)),
                ("created_by", models.CharField(max_length=254)),
                ("created_at", models.DateTimeField()),
                ("organization", organization()),
                (
                    "pool",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.costcenter",
                    ),
                ),
            ],
            options=OPTIONS,
        ),
        migrations.CreateModel(
            name="SharedCostShare",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("percent", models.DecimalField(blank=True, decimal_places=6, max_digits=9, null=True)),
                ("cost_center", cost_center()),
                ("organization", organization()),
                (
                    "split",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="shares", to="billing.sharedcostsplit"
                    ),
                ),
            ],
            options=OPTIONS,
        ),
        migrations.CreateModel(
            name="UnallocatedOwner",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("set_by", models.CharField(max_length=254)),
                ("set_at", models.DateTimeField()),
                ("organization", organization()),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options=OPTIONS,
        ),
        migrations.AddConstraint(
            model_name="allocationrule",
            constraint=accounts.tenancy.isolation.TenantIsolation(name="allocationrule_isolation"),
        ),
        migrations.AddConstraint(
            model_name="allocationrule",
            constraint=models.UniqueConstraint(
                models.F("organization"),
                django.db.models.functions.text.Lower("name"),
                name="allocation_rule_name_unique",
            ),
        ),
        migrations.AddConstraint(
            model_name="allocationrule",
            constraint=models.UniqueConstraint(
                deferrable=django.db.models.constraints.Deferrable["DEFERRED"],
                fields=("organization", "rank"),
                name="allocation_rule_rank_unique",
            ),
        ),
        migrations.AddConstraint(
            model_name="allocationruleversion",
            constraint=accounts.tenancy.isolation.TenantIsolation(name="allocationruleversion_isolation"),
        ),
        migrations.AddConstraint(
            model_name="allocationruleversion",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                expressions=[
                    ("rule", "="),
                    (
                        models.Func(
                            models.F("effective_from"),
                            models.F("effective_to"),
                            django.contrib.postgres.fields.ranges.RangeBoundary(),
                            function="DATERANGE",
                            output_field=django.contrib.postgres.fields.ranges.DateRangeField(),
                        ),
                        "&&",
                    ),
                ],
                name="allocation_rule_says_one_thing",
            ),
        ),
        migrations.AddConstraint(
            model_name="allocationruleversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("effective_from__isnull", True),
                    ("effective_to__isnull", True),
                    ("effective_to__gt", models.F("effective_from")),
                    _connector="OR",
                ),
                name="allocation_rule_version_has_a_length",
            ),
        ),
        migrations.AddConstraint(
            model_name="allocationrun",
            constraint=accounts.tenancy.isolation.TenantIsolation(name="allocationrun_isolation"),
        ),
        migrations.AddConstraint(
            model_name="allocationrun",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "DUE")), fields=("organization",), name="allocation_run_waits_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="businessmetric",
            constraint=accounts.tenancy.isolation.TenantIsolation(name="businessmetric_isolation"),
        ),
        migrations.AddConstraint(
            model_name="businessmetric",
            constraint=models.UniqueConstraint(
                fields=("organization", "name", "month_date", "cost_center"), name="business_metric_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="businessmetric",
            constraint=models.CheckConstraint(
                condition=models.Q(("value__gte", 0)), name="business_metric_not_negative"
            ),
        ),
        migrations.AddConstraint(
            model_name="seriesevidence",
            constraint=accounts.tenancy.isolation.TenantIsolation(name="seriesevidence_isolation"),
        ),
        migrations.AddConstraint(
            model_name="seriesevidence",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("usage_series__isnull", False)),
                expressions=[
                    ("usage_series", "="),
                    (
                        models.Func(
                            models.F("told_from"),
                            models.F("told_to"),
                            django.contrib.postgres.fields.ranges.RangeBoundary(),
                            function="DATERANGE",
                            output_field=django.contrib.postgres.fields.ranges.DateRangeField(),
                        ),
                        "&&",
                    ),
                ],
                name="usage_series_evidence_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="seriesevidence",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("billed_series__isnull", False)),
                expressions=[
                    ("billed_series", "="),
                    (
                        models.Func(
                            models.F("told_from"),
                            models.F("told_to"),
                            django.contrib.postgres.fields.ranges.RangeBoundary(),
                            function="DATERANGE",
                            output_field=django.contrib.postgres.fields.ranges.DateRangeField(),
                        ),
                        "&&",
                    ),
                ],
                name="billed_series_evidence_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="seriesevidence",
            constraint=models.CheckConstraint(
                condition=models.Q(("usage_series__isnull", True), ("billed_series__isnull", True), _connector="XOR"),
                name="series_evidence_of_one_series",
            ),
        ),
        migrations.AddConstraint(
            model_name="sharedcostsplit",
            constraint=accounts.tenancy.isolation.TenantIsolation(name="sharedcostsplit_isolation"),
        ),
        migrations.AddConstraint(
            model_name="sharedcostsplit",
            constraint=models.UniqueConstraint(
                models.F("organization"),
                django.db.models.functions.text.Lower("name"),
                name="shared_cost_split_name_unique",
            ),
        ),
        migrations.AddConstraint(
            model_name="sharedcostshare",
            constraint=accounts.tenancy.isolation.TenantIsolation(name="sharedcostshare_isolation"),
        ),
        migrations.AddConstraint(
            model_name="sharedcostshare",
            constraint=models.UniqueConstraint(fields=("split", "cost_center"), name="shared_cost_share_once"),
        ),
        migrations.AddConstraint(
            model_name="unallocatedowner",
            constraint=accounts.tenancy.isolation.TenantIsolation(name="unallocatedowner_isolation"),
        ),
        migrations.AddConstraint(
            model_name="unallocatedowner",
            constraint=models.UniqueConstraint(fields=("organization",), name="unallocated_has_one_owner"),
        ),
    ]
