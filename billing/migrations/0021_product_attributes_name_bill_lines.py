"""What Cost Explorer tells of usage types beside their names, and when it was asked."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0020_connections_say_how_often_they_are_read"),
    ]

    operations = [
        migrations.AddField(
            model_name="billedseries",
            name="model_told",
            field=models.CharField(blank=True, db_default="", default="", max_length=255),
        ),
        migrations.AddField(
            model_name="billedseries",
            name="feature_told",
            field=models.CharField(blank=True, db_default="", default="", max_length=255),
        ),
        migrations.AddField(
            model_name="awsconnection",
            name="attributes_read_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
