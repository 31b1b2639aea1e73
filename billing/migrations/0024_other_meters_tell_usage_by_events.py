"""Usage events of other meters, once each, and the days that they were added up into; series say who bills for them."""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models

import accounts.tenancy.isolation

PROVIDERS = [
    ("aws_bedrock", "aws_bedrock"),
    ("azure_openai", "azure_openai"),
    ("google_vertex", "google_vertex"),
    ("other", "other"),
]
NAMESPACES = [
    ("AWS/Bedrock", "AWS/Bedrock"),
    ("AWS/BedrockMantle", "AWS/BedrockMantle"),
    ("usage-events", "usage-events"),
]
CLASSES = ("input", "output", "cache_read", "cache_write", "cache_write_5m", "cache_write_1h")
PLAIN = {"abstract": False, "base_manager_name": "objects", "default_manager_name": "objects"}


def organization() -> Any:
    return models.ForeignKey(
        db_default=accounts.tenancy.isolation.NamedOrganization(),
        db_index=False,
        editable=False,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to="accounts.organization",
    )


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_people_and_organizations"),
        ("billing", "0023_the_price_list_says_when_it_was_read"),
    ]

    operations = [
        migrations.AddField(
            model_name="usageseries",
            name="provider",
            field=models.CharField(choices=PROVIDERS, db_default="aws_bedrock", default="aws_bedrock", max_length=24),
        ),
        migrations.AlterField(
            model_name="usageseries",
            name="namespace",
            field=models.CharField(choices=NAMESPACES, max_length=64),
        ),
        migrations.CreateModel(
            name="UsageEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("source", models.CharField(max_length=255)),
                ("event_id", models.CharField(max_length=255)),
                ("time", models.DateTimeField()),
                ("provider", models.CharField(choices=PROVIDERS, max_length=24)),
                ("model", models.CharField(max_length=128)),
                ("aws_region", models.CharField(blank=True, max_length=32)),
                ("cost_center", models.CharField(blank=True, max_length=64)),
                ("requests", models.BigIntegerField(default=0)),
                *((f"tokens_{name}", models.BigIntegerField(default=0)) for name in CLASSES),
                ("received_at", models.DateTimeField()),
                ("organization", organization()),
            ],
            options=PLAIN,
        ),
        migrations.CreateModel(
            name="UsageEventDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("aws_region", models.CharField(blank=True, max_length=32)),
                ("date", models.DateField()),
                ("is_rating_due", models.BooleanField(default=False)),
                ("stored_at", models.DateTimeField()),
                ("organization", organization()),
            ],
            options=PLAIN,
        ),
        migrations.AddConstraint(
            model_name="usageevent",
            constraint=accounts.tenancy.isolation.TenantIsolation(name="usageevent_isolation"),
        ),
        migrations.AddConstraint(
            model_name="usageevent",
            constraint=models.UniqueConstraint(fields=("organization", "source", "event_id"), name="usage_event_once"),
        ),
        migrations.AddConstraint(
            model_name="usageevent",
            constraint=models.CheckConstraint(
                condition=models.Q(requests__gte=0, **{f"tokens_{name}__gte": 0 for name in CLASSES}),
                name="usage_event_counts_up",
            ),
        ),
        migrations.AddIndex(
            model_name="usageevent",
            index=models.Index(fields=["organization", "aws_region", "time"], name="usage_event_time"),
        ),
        migrations.AddConstraint(
            model_name="usageeventday",
            constraint=accounts.tenancy.isolation.TenantIsolation(name="usageeventday_isolation"),
        ),
        migrations.AddConstraint(
            model_name="usageeventday",
            constraint=models.UniqueConstraint(
                fields=("organization", "aws_region", "date"), name="usage_event_day_unique"
            ),
        ),
    ]
