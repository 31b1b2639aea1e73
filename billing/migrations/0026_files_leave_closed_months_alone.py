"""A file that tells of a closed month is refused, and says so."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0025_a_month_begun_twice_is_made_once"),
    ]

    operations = [
        migrations.AlterField(
            model_name="costimport",
            name="failure",
            field=models.CharField(
                blank=True,
                choices=[
                    ("UNREADABLE", "UNREADABLE"),
                    ("UNKNOWN_FORMAT", "UNKNOWN_FORMAT"),
                    ("COLUMNS_MISSING", "COLUMNS_MISSING"),
                    ("NO_ROWS", "NO_ROWS"),
                    ("TOO_LARGE", "TOO_LARGE"),
                    ("GAVE_UP", "GAVE_UP"),
                    ("NOT_FETCHED", "NOT_FETCHED"),
                    ("MONTH_CLOSED", "MONTH_CLOSED"),
                ],
                max_length=24,
            ),
        ),
    ]
