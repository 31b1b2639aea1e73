"""An own price remembers the amount, currency and unit that were typed, and the exchange rate that made dollars of them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0006_service_tiers_and_what_was_asked")]

    operations = [
        migrations.AddField(
            model_name="priceoverride",
            name="entered_amount",
            field=models.DecimalField(blank=True, decimal_places=12, max_digits=24, null=True),
        ),
        migrations.AddField(
            model_name="priceoverride",
            name="entered_currency",
            field=models.CharField(blank=True, default="", max_length=3),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="priceoverride",
            name="entered_unit",
            field=models.CharField(blank=True, default="", max_length=16),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="priceoverride",
            name="units_per_usd",
            field=models.DecimalField(blank=True, decimal_places=8, max_digits=20, null=True),
        ),
    ]
