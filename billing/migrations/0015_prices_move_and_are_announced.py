"""Rates that moved, and cuts that were announced."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import accounts.tenancy.isolation


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_closed_organizations_are_erased"),
        ("billing", "0014_cost_is_allocated_by_rules"),
    ]

    operations = [
        migrations.CreateModel(
            name="Announcement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "origin",
                    models.CharField(
                        choices=[("REGISTERED", "REGISTERED"), ("PRICE_LIST", "PRICE_LIST")], max_length=16
                    ),
                ),
                ("title", models.CharField(max_length=120)),
                (
                    "provider",
                    models.CharField(
                        choices=[
                            ("aws_bedrock", "aws_bedrock"),
                            ("azure_openai", "azure_openai"),
                            ("google_vertex", "google_vertex"),
                            ("other", "other"),
                        ],
                        max_length=24,
                    ),
                ),
                (
                    "publishers",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=128), blank=True, default=list, size=None
                    ),
                ),
                (
                    "model_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=128), blank=True, default=list, size=None
                    ),
                ),
                ("routing_class", models.CharField(blank=True, max_length=16)),
                (
                    "tiers",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=128), blank=True, default=list, size=None
                    ),
                ),
                (
                    "aws_regions",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=128), blank=True, default=list, size=None
                    ),
                ),
                (
                    "token_classes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=128), blank=True, default=list, size=None
                    ),
                ),
                ("context_band", models.CharField(blank=True, max_length=16)),
                ("percent", models.DecimalField(decimal_places=4, max_digits=7)),
                ("first_day", models.DateField()),
                ("ends", models.DateField(blank=True, null=True)),
                ("source", models.CharField(blank=True, max_length=500)),
                ("listed_as", models.CharField(blank=True, max_length=64)),
                ("registered_by", models.CharField(max_length=254)),
                ("registered_at", models.DateTimeField()),
                ("withdrawn_by", models.CharField(blank=True, max_length=254)),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
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
                "constraints": [
                    accounts.tenancy.isolation.TenantIsolation(name="announcement_isolation"),
                    models.UniqueConstraint(
                        condition=models.Q(("listed_as", ""), _negated=True),
                        fields=("organization", "listed_as"),
                        name="announcement_listed_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("percent__gt", 0), ("percent__lte", 100)),
                        name="announcement_percent_is_a_cut",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("ends__isnull", True), ("ends__gt", models.F("first_day")), _connector="OR"
                        ),
                        name="announcement_has_a_length",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PriceEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(choices=[("observed", "observed"), ("announced", "announced")], max_length=16),
                ),
                ("model_id", models.CharField(max_length=128)),
                ("aws_region", models.CharField(max_length=64)),
                ("routing_class", models.CharField(max_length=16)),
                ("tier", models.CharField(max_length=24)),
                ("token_class", models.CharField(max_length=32)),
                ("context_band", models.CharField(max_length=16)),
                ("rate_before", models.DecimalField(decimal_places=12, max_digits=24)),
                ("rate_after", models.DecimalField(decimal_places=12, max_digits=24)),
                ("first_day", models.DateField()),
                ("source", models.CharField(blank=True, max_length=255)),
                ("found_at", models.DateTimeField()),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
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
                "constraints": [
                    accounts.tenancy.isolation.TenantIsolation(name="priceevent_isolation"),
                    models.UniqueConstraint(
                        fields=(
                            "organization",
                            "kind",
                            "model_id",
                            "aws_region",
                            "routing_class",
                            "tier",
                            "token_class",
                            "context_band",
                            "first_day",
                        ),
                        name="price_event_unique",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("rate_before__gte", 0), ("rate_after__gte", 0)),
                        name="price_event_rates_not_negative",
                    ),
                ],
            },
        ),
    ]
