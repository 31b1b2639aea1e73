-- Deletes what other cost sources told of the accounts and days that one source has just told: one cost, one line.
-- grain: organization, day, billed series    replaces: those lines of other sources, with nothing
-- params: cost_source_id, first_day, last_day    twice: same rows
WITH told AS MATERIALIZED (
    SELECT DISTINCT f.organization_id, f.date, s.provider, s.aws_account_id
    FROM billing_billedcost AS f
    JOIN billing_billedseries AS s ON s.organization_id = f.organization_id AND s.id = f.series_id
    WHERE
        f.date >= %(first_day)s
        AND f.date < %(last_day)s
        AND s.cost_source_id = %(cost_source_id)s
        AND s.charge_category = 'USAGE'
)
DELETE FROM billing_billedcost AS f
USING billing_billedseries AS s, told
WHERE
    s.organization_id = f.organization_id
    AND s.id = f.series_id
    AND s.cost_source_id <> %(cost_source_id)s
    AND f.date >= %(first_day)s
    AND f.date < %(last_day)s
    AND told.organization_id = f.organization_id
    AND told.date = f.date
    AND told.provider = s.provider
    AND told.aws_account_id = s.aws_account_id
RETURNING f.date, s.aws_account_id
