"""How it is known how many tokens a unit of a bill line is."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0017_files_of_bills_are_imported"),
    ]

    operations = [
        migrations.AddField(
            model_name="billedseries",
            name="unit_proof",
            field=models.CharField(
                blank=True,
                choices=[
                    ("PROVED", "PROVED"),
                    ("TOLD", "TOLD"),
                    ("CONTRADICTED", "CONTRADICTED"),
                    ("UNPROVED", "UNPROVED"),
                ],
                db_default="",
                default="",
                max_length=16,
            ),
        ),
    ]
