"""A budget may be held against the bill, completed by estimates for the days that are not billed yet."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("forecasting", "0004_cost_centers_are_forecast_with_those_below")]

    operations = [
        migrations.AlterField(
            model_name="budget",
            name="basis",
            field=models.CharField(
                choices=[("rated", "rated"), ("billed_completed", "billed_completed")], default="rated", max_length=20
            ),
        ),
    ]
