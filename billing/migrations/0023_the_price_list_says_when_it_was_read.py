"""How the last reading of AWS's Price List went."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0022_days_keep_what_their_classes_add_up_to"),
    ]

    operations = [
        migrations.CreateModel(
            name="PriceListReading",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("READ", "READ"),
                            ("NOT_CONFIGURED", "NOT_CONFIGURED"),
                            ("DENIED", "DENIED"),
                            ("FAILED", "FAILED"),
                        ],
                        max_length=16,
                    ),
                ),
                ("tried_at", models.DateTimeField()),
                ("read_at", models.DateTimeField(blank=True, null=True)),
                ("detail", models.CharField(blank=True, max_length=300)),
                ("products", models.PositiveIntegerField(default=0)),
                ("prices", models.PositiveIntegerField(default=0)),
                ("left_out", models.JSONField(default=dict)),
            ],
        ),
    ]
