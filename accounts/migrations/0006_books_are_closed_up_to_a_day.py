"""An organization's books are closed up to a day: the figures before it stay as they were signed."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_closed_organizations_are_erased")]

    operations = [
        migrations.AddField(
            model_name="organization",
            name="books_closed_until",
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddConstraint(
            model_name="organization",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("books_closed_until__isnull", True), ("books_closed_until__day", 1), _connector="OR"
                ),
                name="organization_books_are_closed_by_months",
            ),
        ),
    ]
