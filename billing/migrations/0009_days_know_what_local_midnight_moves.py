"""A rolled-up day knows the hours that belong to another local day than its own, so that local days are read from days.

Columns without a default: nothing is rewritten. Days that were rolled up before have none, and their hours are read.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0008_questions_are_kept_by_name")]

    operations = [
        migrations.AddField(
            model_name="dailyusage",
            name="moved_from",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="dailyusage",
            name="moved_to",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="dailyusage",
            name="cost_moved",
            field=models.DecimalField(decimal_places=18, max_digits=38, null=True),
        ),
    ]
