"""A connection remembers how often its present is read, and what the month comes to at that."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0019_moved_rates_are_looked_for_after_learning")]

    operations = [
        migrations.AddField(
            model_name="awsconnection",
            name="reads_every_hours",
            field=models.PositiveSmallIntegerField(db_default=1, default=1),
        ),
        migrations.AddField(
            model_name="awsconnection",
            name="expected_usd_this_month",
            field=models.DecimalField(blank=True, decimal_places=4, max_digits=12, null=True),
        ),
    ]
