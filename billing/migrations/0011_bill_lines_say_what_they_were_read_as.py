"""Bill lines say what they were read as, of which provider and kind of charge they are, and may come from files."""

import django.db.models.deletion
from django.db import migrations, models

import accounts.tenancy.isolation


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_closed_organizations_are_erased"),
        ("billing", "0010_windows_and_runs_are_found_by_index"),
    ]

    operations = [
        migrations.CreateModel(
            name="CostSource",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=120)),
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
                ("created_at", models.DateTimeField()),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "default_manager_name": "objects",
            },
        ),
        migrations.RemoveConstraint(
            model_name="billedseries",
            name="billed_series_unique",
        ),
        migrations.AddField(
            model_name="billedseries",
            name="aws_region",
            field=models.CharField(blank=True, db_default="", default="", max_length=64),
        ),
        migrations.AddField(
            model_name="billedseries",
            name="charge_category",
            field=models.CharField(
                choices=[
                    ("USAGE", "USAGE"),
                    ("PURCHASE", "PURCHASE"),
                    ("TAX", "TAX"),
                    ("CREDIT", "CREDIT"),
                    ("REFUND", "REFUND"),
                    ("ADJUSTMENT", "ADJUSTMENT"),
                ],
                db_default="USAGE",
                default="USAGE",
                max_length=16,
            ),
        ),
        migrations.AddField(
            model_name="billedseries",
            name="context_band",
            field=models.CharField(blank=True, db_default="", default="", max_length=16),
        ),
        migrations.AddField(
            model_name="billedseries",
            name="heading",
            field=models.CharField(
                blank=True,
                choices=[
                    ("TOKENS", "TOKENS"),
                    ("MEDIA", "MEDIA"),
                    ("GUARDRAILS", "GUARDRAILS"),
                    ("KNOWLEDGE_BASES", "KNOWLEDGE_BASES"),
                    ("AGENTS", "AGENTS"),
                    ("AGENTCORE", "AGENTCORE"),
                    ("CUSTOM_MODELS", "CUSTOM_MODELS"),
                    ("IMPORTED_MODELS", "IMPORTED_MODELS"),
                    ("PROVISIONED_THROUGHPUT", "PROVISIONED_THROUGHPUT"),
                    ("RESERVED_THROUGHPUT", "RESERVED_THROUGHPUT"),
                    ("DATA_AUTOMATION", "DATA_AUTOMATION"),
                    ("OTHER", "OTHER"),
                    ("UNRECOGNIZED", "UNRECOGNIZED"),
                ],
                db_default="",
                default="",
                max_length=32,
            ),
        ),
        migrations.AddField(
            model_name="billedseries",
            name="model_id",
            field=models.CharField(blank=True, db_default="", default="", max_length=128),
        ),
        migrations.AddField(
            model_name="billedseries",
            name="principal_arn",
            field=models.CharField(blank=True, db_default="", default="", max_length=512),
        ),
        migrations.AddField(
            model_name="billedseries",
            name="provider",
            field=models.CharField(
                choices=[
                    ("aws_bedrock", "aws_bedrock"),
                    ("azure_openai", "azure_openai"),
                    ("google_vertex", "google_vertex"),
                    ("other", "other"),
                ],
                db_default="aws_bedrock",
                default="aws_bedrock",
                max_length=24,
            ),
        ),
        migrations.AddField(
            model_name="billedseries",
            name="publisher",
            field=models.CharField(blank=True, db_default="", default="", max_length=64),
        ),
        migrations.AddField(
            model_name="billedseries",
            name="reading",
            field=models.PositiveSmallIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="billedseries",
            name="region_told",
            field=models.CharField(blank=True, db_default="", default="", max_length=64),
        ),
        migrations.AddField(
            model_name="billedseries",
            name="resource_id",
            field=models.CharField(blank=True, db_default="", default="", max_length=512),
        ),
        migrations.AddField(
            model_name="billedseries",
            name="routing_class",
            field=models.CharField(blank=True, db_default="", default="", max_length=16),
        ),
        migrations.AddField(
            model_name="billedseries",
            name="tags",
            field=models.JSONField(db_default={}, default=dict),
        ),
        migrations.AddField(
            model_name="billedseries",
            name="tags_digest",
            field=models.CharField(blank=True, db_default="", default="", max_length=64),
        ),
        migrations.AddField(
            model_name="billedseries",
            name="tier",
            field=models.CharField(blank=True, db_default="", default="", max_length=24),
        ),
        migrations.AddField(
            model_name="billedseries",
            name="token_class",
            field=models.CharField(blank=True, db_default="", default="", max_length=32),
        ),
        migrations.AddField(
            model_name="billedseries",
            name="tokens_per_unit",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name="billedseries",
            name="aws_account_id",
            field=models.CharField(max_length=128),
        ),
        migrations.AlterField(
            model_name="billedseries",
            name="connection",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="billing.awsconnection",
            ),
        ),
        migrations.AddField(
            model_name="costsource",
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
            model_name="billedseries",
            name="cost_source",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="billing.costsource",
            ),
        ),
        migrations.AddIndex(
            model_name="billedseries",
            index=models.Index(fields=["organization", "model_id"], name="billed_series_model"),
        ),
        migrations.AddConstraint(
            model_name="billedseries",
            constraint=models.UniqueConstraint(
                fields=(
                    "organization",
                    "connection",
                    "cost_source",
                    "aws_account_id",
                    "service",
                    "usage_type",
                    "unit",
                    "currency",
                    "provider",
                    "charge_category",
                    "region_told",
                    "resource_id",
                    "principal_arn",
                    "tags_digest",
                ),
                name="billed_series_unique",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="billedseries",
            constraint=models.CheckConstraint(
                condition=models.Q(("connection__isnull", True), ("cost_source__isnull", True), _connector="XOR"),
                name="billed_series_of_one_bill",
            ),
        ),
        migrations.AddConstraint(
            model_name="costsource",
            constraint=accounts.tenancy.isolation.TenantIsolation(name="costsource_isolation"),
        ),
        migrations.AddConstraint(
            model_name="costsource",
            constraint=models.UniqueConstraint(fields=("organization", "name"), name="cost_source_unique"),
        ),
    ]
