"""Keys that do something by themselves help some people and are in the way of others: everybody chooses."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_cost_centers_move_from_a_date")]

    operations = [
        migrations.AddField(
            model_name="user", name="uses_shortcuts", field=models.BooleanField(default=True, db_default=True)
        ),
    ]
