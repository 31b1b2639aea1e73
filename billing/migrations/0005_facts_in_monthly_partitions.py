"""The partitioned facts: hourly and daily usage, billed cost; Django cannot write PARTITION BY, so their SQL is here.

Their walls stand in the same statements, since the constraint's own SQL never runs for them. The application's role gets
rights on the parents only (a partition that is read directly shows every organization), and there is no default
partition: a row of a month that nobody made is refused.
"""

import django.db.models.deletion
from django.db import migrations, models

import accounts.tenancy.isolation

COUNTS = "invocations bigint NOT NULL, client_errors bigint NOT NULL, server_errors bigint NOT NULL, throttles bigint NOT NULL"
CLASSES = ("input", "output", "cache_read", "cache_write", "cache_write_5m", "cache_write_1h")
TOKENS = ", ".join(f"tokens_{name} bigint NOT NULL CHECK (tokens_{name} >= 0)" for name in CLASSES)
COSTS = ", ".join(f"cost_{name} numeric(38, 18) CHECK (cost_{name} >= 0)" for name in CLASSES)
UNPRICED = ", ".join(f"unpriced_{name} bigint" for name in CLASSES)
ASSUMED = ", ".join(f"assumed_{name} numeric(38, 18)" for name in CLASSES)
NAMED_ORGANIZATION = "NULLIF(current_setting('app.organization_id', true), '')::uuid"


def table(name: str, columns: str, key: str, partition_key: str) -> str:
    return (
        f"CREATE TABLE public.{name} (organization_id uuid NOT NULL DEFAULT {NAMED_ORGANIZATION}, {columns}, "
        f"PRIMARY KEY ({key})) PARTITION BY RANGE ({partition_key})"
    )


def wall(name: str, policy: str) -> list[str]:
    own = f"organization_id = {NAMED_ORGANIZATION}"
    return [
        f"ALTER TABLE public.{name} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE public.{name} FORCE ROW LEVEL SECURITY",
        f'CREATE POLICY "{policy}" ON public.{name} USING ({own}) WITH CHECK ({own})',
    ]


# The time comes before the series in the keys: what is asked is always a stretch of time, of most series at once.
FORWARD = [
    table(
        "billing_hourlyusage",
        f"hour timestamptz NOT NULL, series_id bigint NOT NULL, rate_card_id bigint, {COUNTS}, {TOKENS}, {COSTS}",
        "organization_id, hour, series_id",
        "hour",
    ),
    table(
        "billing_dailyusage",
        f"date date NOT NULL, series_id bigint NOT NULL, {COUNTS}, {TOKENS}, {COSTS}, {UNPRICED}, {ASSUMED}",
        "organization_id, date, series_id",
        "date",
    ),
    table(
        "billing_billedcost",
        "date date NOT NULL, series_id bigint NOT NULL, cost_unblended numeric(38, 18) NOT NULL, "
        "cost_net_unblended numeric(38, 18) NOT NULL, cost_amortized numeric(38, 18) NOT NULL, "
        "quantity numeric(38, 18) NOT NULL, is_estimated boolean NOT NULL",
        "organization_id, date, series_id",
        "date",
    ),
    *wall("billing_hourlyusage", "hourlyusage_isolation"),
    *wall("billing_dailyusage", "dailyusage_isolation"),
    *wall("billing_billedcost", "billedcost_isolation"),
    # Runs with its owner's rights, so that the application may have a month made without owning a table: hence the fixed
    # search_path, the list of tables, and names that are built from a date and never taken from the caller. The new
    # partition is attached, which lets readers of the parent go on, where CREATE TABLE ... PARTITION OF would stop them.
    """
    CREATE FUNCTION public.ensure_month(fact_table text, month date) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DECLARE
        month_start date := date_trunc('month', month::timestamp)::date;
        month_end date := (date_trunc('month', month::timestamp) + interval '1 month')::date;
        partition text := fact_table || to_char(month_start, '_YYYY_MM');
    BEGIN
        IF fact_table NOT IN ('billing_hourlyusage', 'billing_dailyusage', 'billing_billedcost') THEN
            RAISE EXCEPTION 'no such fact table: %', fact_table;
        END IF;
        IF month_start NOT BETWEEN date '2015-01-01' AND date '2100-01-01' THEN
            RAISE EXCEPTION 'no month of ours: %', month_start;
        END IF;
        IF to_regclass(format('public.%I', partition)) IS NOT NULL THEN
            RETURN false;
        END IF;
        PERFORM pg_advisory_xact_lock(hashtext('ensure_month'), hashtext(partition));
        IF to_regclass(format('public.%I', partition)) IS NOT NULL THEN
            RETURN false;
        END IF;
        EXECUTE format('CREATE TABLE public.%I (LIKE public.%I INCLUDING ALL)', partition, fact_table);
        EXECUTE format(
            'ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
            fact_table, partition,
            CASE fact_table WHEN 'billing_hourlyusage' THEN month_start || ' 00:00:00+00' ELSE month_start::text END,
            CASE fact_table WHEN 'billing_hourlyusage' THEN month_end || ' 00:00:00+00' ELSE month_end::text END
        );
        RETURN true;
    END $$
    """,
    # A partition that a backfill has just filled has no statistics, and plans that take it for empty are ten times slower
    # than they need be, until PostgreSQL looks by itself. Only its owner may have it analyzed. Done when the partition has
    # doubled since the last time, and by one transaction at a time: ANALYZE keeps its lock until the end of it.
    """
    CREATE FUNCTION public.analyze_month(fact_table text, month date) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DECLARE
        partition text := fact_table || to_char(month, '_YYYY_MM');
        known pg_class%ROWTYPE;
    BEGIN
        IF fact_table NOT IN ('billing_hourlyusage', 'billing_dailyusage', 'billing_billedcost') THEN
            RAISE EXCEPTION 'no such fact table: %', fact_table;
        END IF;
        SELECT * INTO known FROM pg_class WHERE oid = to_regclass(format('public.%I', partition));
        IF known.oid IS NULL OR pg_relation_size(known.oid) < 2 * 8192 * greatest(known.relpages, 16) THEN
            RETURN false;
        END IF;
        IF NOT pg_try_advisory_xact_lock(hashtext('analyze_month'), hashtext(partition)) THEN
            RETURN false;
        END IF;
        EXECUTE format('ANALYZE public.%I', partition);
        RETURN true;
    END $$
    """,
]
BACKWARD = [
    "DROP FUNCTION public.analyze_month(text, date)",
    "DROP FUNCTION public.ensure_month(text, date)",
    "DROP TABLE public.billing_hourlyusage, public.billing_dailyusage, public.billing_billedcost",
]


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_people_and_organizations"),
        ("billing", "0004_series_and_assignments"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(sql=[(statement, None) for statement in FORWARD], reverse_sql=BACKWARD)
            ],
            state_operations=[
                migrations.CreateModel(
                    name="BilledCost",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "organization_id",
                                "date",
                                "series_id",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("date", models.DateField()),
                        ("series_id", models.BigIntegerField()),
                        ("cost_unblended", models.DecimalField(decimal_places=18, max_digits=38)),
                        ("cost_net_unblended", models.DecimalField(decimal_places=18, max_digits=38)),
                        ("cost_amortized", models.DecimalField(decimal_places=18, max_digits=38)),
                        ("quantity", models.DecimalField(decimal_places=18, max_digits=38)),
                        ("is_estimated", models.BooleanField()),
                        (
                            "organization",
                            models.ForeignKey(
                                db_constraint=False,
                                db_default=accounts.tenancy.isolation.NamedOrganization(),
                                db_index=False,
                                editable=False,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="accounts.organization",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                        "base_manager_name": "objects",
                        "default_manager_name": "objects",
                    },
                ),
                migrations.CreateModel(
                    name="DailyUsage",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "organization_id",
                                "date",
                                "series_id",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("date", models.DateField()),
                        ("series_id", models.BigIntegerField()),
                        ("invocations", models.BigIntegerField()),
                        ("client_errors", models.BigIntegerField()),
                        ("server_errors", models.BigIntegerField()),
                        ("throttles", models.BigIntegerField()),
                        ("tokens_input", models.BigIntegerField()),
                        ("tokens_output", models.BigIntegerField()),
                        ("tokens_cache_read", models.BigIntegerField()),
                        ("tokens_cache_write", models.BigIntegerField()),
                        ("tokens_cache_write_5m", models.BigIntegerField()),
                        ("tokens_cache_write_1h", models.BigIntegerField()),
                        ("cost_input", models.DecimalField(decimal_places=18, max_digits=38, null=True)),
                        ("cost_output", models.DecimalField(decimal_places=18, max_digits=38, null=True)),
                        ("cost_cache_read", models.DecimalField(decimal_places=18, max_digits=38, null=True)),
                        ("cost_cache_write", models.DecimalField(decimal_places=18, max_digits=38, null=True)),
                        ("cost_cache_write_5m", models.DecimalField(decimal_places=18, max_digits=38, null=True)),
                        ("cost_cache_write_1h", models.DecimalField(decimal_places=18, max_digits=38, null=True)),
                        ("unpriced_input", models.BigIntegerField(null=True)),
                        ("unpriced_output", models.BigIntegerField(null=True)),
                        ("unpriced_cache_read", models.BigIntegerField(null=True)),
                        ("unpriced_cache_write", models.BigIntegerField(null=True)),
                        ("unpriced_cache_write_5m", models.BigIntegerField(null=True)),
                        ("unpriced_cache_write_1h", models.BigIntegerField(null=True)),
                        ("assumed_input", models.DecimalField(decimal_places=18, max_digits=38, null=True)),
                        ("assumed_output", models.DecimalField(decimal_places=18, max_digits=38, null=True)),
                        ("assumed_cache_read", models.DecimalField(decimal_places=18, max_digits=38, null=True)),
                        ("assumed_cache_write", models.DecimalField(decimal_places=18, max_digits=38, null=True)),
                        ("assumed_cache_write_5m", models.DecimalField(decimal_places=18, max_digits=38, null=True)),
                        ("assumed_cache_write_1h", models.DecimalField(decimal_places=18, max_digits=38, null=True)),
                        (
                            "organization",
                            models.ForeignKey(
                                db_constraint=False,
                                db_default=accounts.tenancy.isolation.NamedOrganization(),
                                db_index=False,
                                editable=False,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="accounts.organization",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                        "base_manager_name": "objects",
                        "default_manager_name": "objects",
                    },
                ),
                migrations.CreateModel(
                    name="HourlyUsage",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "organization_id",
                                "hour",
                                "series_id",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("hour", models.DateTimeField()),
                        ("series_id", models.BigIntegerField()),
                        ("rate_card_id", models.BigIntegerField(null=True)),
                        ("invocations", models.BigIntegerField()),
                        ("client_errors", models.BigIntegerField()),
                        ("server_errors", models.BigIntegerField()),
                        ("throttles", models.BigIntegerField()),
                        ("tokens_input", models.BigIntegerField()),
                        ("tokens_output", models.BigIntegerField()),
                        ("tokens_cache_read", models.BigIntegerField()),
                        ("tokens_cache_write", models.BigIntegerField()),
                        ("tokens_cache_write_5m", models.BigIntegerField()),
                        ("tokens_cache_write_1h", models.BigIntegerField()),
                        ("cost_input", models.DecimalField(decimal_places=18, max_digits=38, null=True)),
                        ("cost_output", models.DecimalField(decimal_places=18, max_digits=38, null=True)),
                        ("cost_cache_read", models.DecimalField(decimal_places=18, max_digits=38, null=True)),
                        ("cost_cache_write", models.DecimalField(decimal_places=18, max_digits=38, null=True)),
                        ("cost_cache_write_5m", models.DecimalField(decimal_places=18, max_digits=38, null=True)),
                        ("cost_cache_write_1h", models.DecimalField(decimal_places=18, max_digits=38, null=True)),
                        (
                            "organization",
                            models.ForeignKey(
                                db_constraint=False,
                                db_default=accounts.tenancy.isolation.NamedOrganization(),
                                db_index=False,
                                editable=False,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="accounts.organization",
                            ),
                        ),
                    ],
                    options={
                        "abstract": False,
                        "base_manager_name": "objects",
                        "default_manager_name": "objects",
                    },
                ),
                migrations.AddConstraint(
                    model_name="billedcost",
                    constraint=accounts.tenancy.isolation.TenantIsolation(name="billedcost_isolation"),
                ),
                migrations.AddConstraint(
                    model_name="dailyusage",
                    constraint=accounts.tenancy.isolation.TenantIsolation(name="dailyusage_isolation"),
                ),
                migrations.AddConstraint(
                    model_name="hourlyusage",
                    constraint=accounts.tenancy.isolation.TenantIsolation(name="hourlyusage_isolation"),
                ),
            ],
        ),
    ]
