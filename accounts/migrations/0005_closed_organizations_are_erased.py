"""A closed organization is erased when its time is over; a move says when it was told, so that forecasts follow."""

from django.db import migrations, models

# Runs with its owner's rights, since the application may not take away a line of the audit log, and may do so only here:
# hence the fixed search_path, the condition on the organization itself, and tables that are found by their wall and
# never taken from the caller. Foreign keys are deferred, so the order of the tables does not matter.
ERASE = """
CREATE FUNCTION public.erase_organization(erased uuid) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    walled text;
    deleted bigint;
    total bigint := 0;
BEGIN
    PERFORM 1 FROM public.accounts_organization
    WHERE id = erased AND erased_at IS NULL AND closed_at <= clock_timestamp() - interval '30 days'
    FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'organization % is not due to be erased', erased;
    END IF;
    PERFORM set_config('app.organization_id', erased::text, true);
    FOR walled IN
        SELECT c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relforcerowsecurity
        ORDER BY c.relname
    LOOP
        EXECUTE format('DELETE FROM public.%I WHERE organization_id = %L', walled, erased);
        GET DIAGNOSTICS deleted = ROW_COUNT;
        total := total + deleted;
    END LOOP;
    UPDATE public.accounts_organization
    SET erased_at = clock_timestamp(), name = '', slug = 'erased-' || replace(erased::text, '-', '')
    WHERE id = erased;
    RETURN total;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_people_choose_whether_keys_do_something"),
    ]

    operations = [
        migrations.AddField(
            model_name="costcenterplacement", name="moved_at", field=models.DateTimeField(blank=True, null=True)
        ),
        migrations.AddField(
            model_name="organization", name="erased_at", field=models.DateTimeField(blank=True, null=True)
        ),
        migrations.RunSQL(sql=ERASE, reverse_sql="DROP FUNCTION public.erase_organization(uuid)"),
    ]
