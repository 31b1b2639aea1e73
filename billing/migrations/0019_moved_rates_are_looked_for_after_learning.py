"""When it was last looked for rates that moved: due again whenever rates were learnt."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0018_units_of_bill_lines_are_proved"),
    ]

    operations = [
        migrations.AddField(
            model_name="ratelearning",
            name="moves_found_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
