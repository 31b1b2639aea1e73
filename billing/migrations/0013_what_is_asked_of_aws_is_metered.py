"""What is asked of AWS is metered by month and operation; connections have a limit; metrics say when they last had data."""

from decimal import Decimal

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import accounts.tenancy.isolation

PURPOSES = [("PRESENT", "PRESENT"), ("PAST", "PAST"), ("CHECK", "CHECK")]
SOURCES = [("INVENTORY", "INVENTORY"), ("CLOUDWATCH", "CLOUDWATCH"), ("COST_EXPLORER", "COST_EXPLORER")]


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_people_and_organizations"),
        ("billing", "0012_rates_are_learnt_from_the_bill"),
    ]

    operations = [
        migrations.AddField(
            model_name="awsconnection",
            name="watching_limit_usd",
            field=models.DecimalField(
                db_default=Decimal("1.00"), decimal_places=2, default=Decimal("1.00"), max_digits=8
            ),
        ),
        migrations.AddField(
            model_name="awsconnection",
            name="bill_services",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=255), blank=True, default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="awsconnection",
            name="bill_looked_up_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="observedmetric",
            name="last_data_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="collectionrun",
            name="is_whole",
            field=models.BooleanField(db_default=True, default=True),
        ),
        migrations.AddField(
            model_name="collectionrun",
            name="purpose",
            field=models.CharField(choices=PURPOSES, db_default="PRESENT", default="PRESENT", max_length=8),
        ),
        migrations.CreateModel(
            name="MeteredCall",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month", models.DateField()),
                ("source", models.CharField(blank=True, choices=SOURCES, max_length=16)),
                ("purpose", models.CharField(choices=PURPOSES, max_length=8)),
                ("operation", models.CharField(max_length=64)),
                ("requests", models.PositiveBigIntegerField(default=0)),
                ("metrics", models.PositiveBigIntegerField(default=0)),
                ("charge_usd", models.DecimalField(decimal_places=6, default=0, max_digits=14)),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="metered",
                        to="billing.awsconnection",
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
            model_name="meteredcall",
            constraint=accounts.tenancy.isolation.TenantIsolation(name="meteredcall_isolation"),
        ),
        migrations.AddConstraint(
            model_name="meteredcall",
            constraint=models.UniqueConstraint(
                fields=("organization", "connection", "month", "source", "purpose", "operation"),
                name="metered_call_unique",
            ),
        ),
    ]
