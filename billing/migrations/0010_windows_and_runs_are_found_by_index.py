"""Windows are found by organization, and the charges of a month's readings are read out of an index alone.

Built beside what goes on (CONCURRENTLY): both tables are written to every few minutes.
"""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("billing", "0009_days_know_what_local_midnight_moves")]

    operations = [
        AddIndexConcurrently(
            model_name="collectionwindow",
            index=models.Index(
                fields=["organization", "connection", "source", "aws_region", "-window_start"],
                name="collection_window_newest",
            ),
        ),
        AddIndexConcurrently(
            model_name="collectionwindow",
            index=models.Index(
                condition=models.Q(
                    ("filled_until__isnull", True), ("filled_until__lt", models.F("window_end")), _connector="OR"
                ),
                fields=["organization", "window_start"],
                name="collection_window_unfilled",
            ),
        ),
        AddIndexConcurrently(
            model_name="collectionrun",
            index=models.Index(
                fields=["organization", "finished_at"],
                include=["window", "aws_charge_usd"],
                name="collection_run_charges",
            ),
        ),
        RemoveIndexConcurrently(
            model_name="collectionrun",
            name="collection_run_finished",
        ),
    ]
