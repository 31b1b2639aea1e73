"""A month that two workers begin at once is made once.

Who waited for the other asks a table, which sees what was committed meanwhile: the names that a session has looked up in vain
are only forgotten when it opens a table.
"""

from django.db import migrations

ENSURE_MONTH = """
    CREATE OR REPLACE FUNCTION public.ensure_month(fact_table text, month date) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DECLARE
        month_start date := date_trunc('month', month::timestamp)::date;
        month_end date := (date_trunc('month', month::timestamp) + interval '1 month')::date;
        partition text := fact_table || to_char(month_start, '_YYYY_MM');
        hours text := '';
    BEGIN
        IF fact_table !~ '^(accounts|billing|forecasting)_[a-z]+$' OR NOT EXISTS (
            SELECT 1 FROM pg_partitioned_table WHERE partrelid = to_regclass(format('public.%I', fact_table))
        ) THEN
            RAISE EXCEPTION 'no such fact table: %', fact_table;
        END IF;
        IF month_start NOT BETWEEN date '2015-01-01' AND date '2100-01-01' THEN
            RAISE EXCEPTION 'no month of ours: %', month_start;
        END IF;
        IF to_regclass(format('public.%I', partition)) IS NOT NULL THEN
            RETURN false;
        END IF;
        PERFORM pg_advisory_xact_lock(hashtext('ensure_month'), hashtext(partition));
        IF ASKED AGAIN THEN
            RETURN false;
        END IF;
        SELECT CASE WHEN a.atttypid = 'timestamptz'::regtype THEN ' 00:00:00+00' ELSE '' END INTO hours
        FROM pg_partitioned_table AS p JOIN pg_attribute AS a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]
        WHERE p.partrelid = to_regclass(format('public.%I', fact_table));
        EXECUTE format('CREATE TABLE public.%I (LIKE public.%I INCLUDING ALL)', partition, fact_table);
        EXECUTE format(
            'ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
            fact_table, partition, month_start || hours, month_end || hours
        );
        RETURN true;
    END $$
"""
BEFORE = "IF to_regclass(format('public.%I', partition)) IS NOT NULL THEN"
NOW = "IF EXISTS (SELECT FROM pg_class WHERE relname = partition AND relnamespace = 'public'::regnamespace) THEN"


class Migration(migrations.Migration):
    dependencies = [("billing", "0024_other_meters_tell_usage_by_events")]

    operations = [
        migrations.RunSQL(
            sql=[(ENSURE_MONTH.replace("IF ASKED AGAIN THEN", NOW), None)],
            reverse_sql=[(ENSURE_MONTH.replace("IF ASKED AGAIN THEN", BEFORE), None)],
        )
    ]
