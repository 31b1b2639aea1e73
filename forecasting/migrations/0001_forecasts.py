from collections.abc import Sequence

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q

import accounts.tenancy.isolation

SCOPE_KINDS = [("ORGANIZATION", "ORGANIZATION"), ("COST_CENTER", "COST_CENTER"), ("MODEL", "MODEL")]
CHOICE_REASONS = [
    ("TOO_LITTLE_HISTORY", "TOO_LITTLE_HISTORY"),
    ("RECOMMENDED", "RECOMMENDED"),
    ("BASELINE_BETTER", "BASELINE_BETTER"),
]


def identity() -> models.BigAutoField:
    return models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


def organization() -> models.ForeignKey:
    return models.ForeignKey(
        db_default=accounts.tenancy.isolation.NamedOrganization(),
        db_index=False,
        editable=False,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to="accounts.organization",
    )


def money() -> models.DecimalField:
    return models.DecimalField(decimal_places=18, max_digits=38)


def options(*, constraints: list[models.BaseConstraint], indexes: Sequence[models.Index] = ()) -> dict[str, object]:
    return {
        "abstract": False,
        "base_manager_name": "objects",
        "default_manager_name": "objects",
        "constraints": constraints,
        "indexes": list(indexes),
    }


class Migration(migrations.Migration):
    initial = True

    dependencies = [("accounts", "0001_people_and_organizations")]

    operations = [
        migrations.CreateModel(
            name="ForecastRun",
            fields=[
                ("id", identity()),
                ("scope_kind", models.CharField(choices=SCOPE_KINDS, max_length=16)),
                ("scope_key", models.CharField(blank=True, default="", max_length=255)),
                ("month", models.DateField()),
                ("data_until", models.DateTimeField()),
                ("made_at", models.DateTimeField()),
                ("method", models.CharField(max_length=32)),
                ("calibrated", models.BooleanField()),
                ("history_days", models.PositiveIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("spent_to_date", money()),
                ("total", money()),
                ("lo_50", money()),
                ("hi_50", money()),
                ("lo_80", money()),
                ("hi_80", money()),
                ("lo_95", money()),
                ("hi_95", money()),
                ("organization", organization()),
            ],
            options=options(
                constraints=[
                    accounts.tenancy.isolation.TenantIsolation(name="forecastrun_isolation"),
                    models.UniqueConstraint(
                        fields=("organization", "scope_kind", "scope_key", "month", "data_until"),
                        name="forecast_run_unique",
                    ),
                    models.CheckConstraint(
                        condition=Q(
                            ("spent_to_date__lte", F("lo_95")),
                            ("lo_95__lte", F("lo_80")),
                            ("lo_80__lte", F("lo_50")),
                            ("lo_50__lte", F("total")),
                            ("total__lte", F("hi_50")),
                            ("hi_50__lte", F("hi_80")),
                            ("hi_80__lte", F("hi_95")),
                        ),
                        name="forecast_run_bounds_in_order",
                    ),
                ],
                indexes=[
                    models.Index(
                        fields=["organization", "month", "scope_kind", "scope_key", "-made_at"],
                        name="forecast_run_in_force",
                    ),
                    models.Index(fields=["organization", "-made_at"], name="forecast_run_newest"),
                ],
            ),
        ),
        migrations.CreateModel(
            name="ForecastPoint",
            fields=[
                ("id", identity()),
                ("date", models.DateField()),
                ("amount", money()),
                ("running_total", money()),
                ("lo_80", money()),
                ("hi_80", money()),
                ("lo_95", money()),
                ("hi_95", money()),
                ("organization", organization()),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="points",
                        to="forecasting.forecastrun",
                    ),
                ),
            ],
            options=options(
                constraints=[
                    accounts.tenancy.isolation.TenantIsolation(name="forecastpoint_isolation"),
                    models.UniqueConstraint(fields=("organization", "run", "date"), name="forecast_point_unique"),
                ],
            ),
        ),
        migrations.CreateModel(
            name="BacktestScore",
            fields=[
                ("id", identity()),
                ("data_until", models.DateTimeField()),
                ("made_at", models.DateTimeField()),
                ("method", models.CharField(max_length=32)),
                ("is_chosen", models.BooleanField()),
                ("reason", models.CharField(choices=CHOICE_REASONS, max_length=32)),
                ("trials", models.PositiveIntegerField()),
                ("memory_days", models.PositiveIntegerField()),
                ("total_error", models.FloatField()),
                ("daily_error", models.FloatField()),
                ("bias", models.FloatField()),
                ("organization", organization()),
            ],
            options=options(
                constraints=[
                    accounts.tenancy.isolation.TenantIsolation(name="backtestscore_isolation"),
                    models.UniqueConstraint(
                        fields=("organization", "data_until", "method"), name="backtest_score_unique"
                    ),
                ],
            ),
        ),
    ]
