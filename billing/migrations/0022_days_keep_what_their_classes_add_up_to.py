"""A rolled-up day keeps what its classes add up to, in the index of its key, and what local midnight moves of each sum.

One statement adds all columns, so that the days are written again once; no door is open meanwhile. Days that were rolled up
before do not know the moved part of what had no price or an assumed one: whoever needs that reads their hours.
"""

from django.db import migrations, models
from django.db.models import F, Value
from django.db.models.functions import Coalesce

CLASSES = ("input", "output", "cache_read", "cache_write", "cache_write_5m", "cache_write_1h")
MONEY = "numeric(38, 18)"
KEY = "organization_id, date, series_id"
# What local days and most groupings need: they read the index alone.
KEPT = (
    "cost, cost_moved, tokens_unpriced, tokens_unpriced_moved, cost_assumed, cost_assumed_moved, moved_from, moved_to"
)


def added_up(measure: str) -> str:
    return " + ".join(f"COALESCE({measure}_{name}, 0)" for name in CLASSES)


def column(name: str, kind: str, measure: str) -> str:
    return f"ADD COLUMN {name} {kind} GENERATED ALWAYS AS ({added_up(measure)}) STORED"


def generated(measure: str, kind: models.Field) -> models.GeneratedField:
    first, *others = (Coalesce(F(f"{measure}_{name}"), Value(0)) for name in CLASSES)
    for other in others:
        first += other
    return models.GeneratedField(expression=first, output_field=kind, db_persist=True)


def money() -> models.DecimalField:
    return models.DecimalField(decimal_places=18, max_digits=38, null=True)


FORWARD = [
    (
        "ALTER TABLE public.billing_dailyusage "
        f"ADD COLUMN tokens_unpriced_moved bigint, ADD COLUMN cost_assumed_moved {MONEY}, "
        f"{column('cost', MONEY, 'cost')}, {column('tokens_unpriced', 'bigint', 'unpriced')}, "
        f"{column('cost_assumed', MONEY, 'assumed')}"
    ),
    "ALTER TABLE public.billing_dailyusage DROP CONSTRAINT billing_dailyusage_pkey",
    f"ALTER TABLE public.billing_dailyusage ADD PRIMARY KEY ({KEY}) INCLUDE ({KEPT})",
]
BACKWARD = [
    "ALTER TABLE public.billing_dailyusage DROP CONSTRAINT billing_dailyusage_pkey",
    f"ALTER TABLE public.billing_dailyusage ADD PRIMARY KEY ({KEY})",
    (
        "ALTER TABLE public.billing_dailyusage DROP COLUMN cost, DROP COLUMN tokens_unpriced, DROP COLUMN cost_assumed, "
        "DROP COLUMN tokens_unpriced_moved, DROP COLUMN cost_assumed_moved"
    ),
]


class Migration(migrations.Migration):
    dependencies = [("billing", "0021_product_attributes_name_bill_lines")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(sql=[(statement, None) for statement in FORWARD], reverse_sql=BACKWARD)
            ],
            state_operations=[
                migrations.AddField("dailyusage", "tokens_unpriced_moved", models.BigIntegerField(null=True)),
                migrations.AddField("dailyusage", "cost_assumed_moved", money()),
                migrations.AddField("dailyusage", "cost", generated("cost", money())),
                migrations.AddField(
                    "dailyusage", "tokens_unpriced", generated("unpriced", models.BigIntegerField(null=True))
                ),
                migrations.AddField("dailyusage", "cost_assumed", generated("assumed", money())),
            ],
        )
    ]
