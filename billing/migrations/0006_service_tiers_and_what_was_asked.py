"""Metrics of one service tier are remembered beside those of all traffic; a run counts what it asked and says what it noted."""

from django.db import migrations, models

IDENTITY = ["organization", "aws_account_id", "aws_region", "namespace", "name", "aws_model_id"]


class Migration(migrations.Migration):
    dependencies = [("billing", "0005_facts_in_monthly_partitions")]

    operations = [
        migrations.AddField(
            model_name="collectionrun",
            name="cost_explorer_requests",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="collectionrun",
            name="notes",
            field=models.JSONField(default=list),
        ),
        migrations.RemoveConstraint(model_name="observedmetric", name="observed_metric_unique"),
        migrations.AddField(
            model_name="observedmetric",
            name="service_tier",
            field=models.CharField(blank=True, default="", max_length=64),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="observedmetric",
            name="resolved_service_tier",
            field=models.CharField(blank=True, default="", max_length=64),
            preserve_default=False,
        ),
        migrations.AddConstraint(
            model_name="observedmetric",
            constraint=models.UniqueConstraint(
                fields=[*IDENTITY, "service_tier", "resolved_service_tier"], name="observed_metric_unique"
            ),
        ),
    ]
