-- Deletes what a file told of accounts and days that it may not tell in full, where Cost Explorer tells them.
-- grain: organization, day, billed series    replaces: those lines of files, with nothing
-- params: first_day, last_day    twice: same rows
WITH told AS MATERIALIZED (
    SELECT DISTINCT f.organization_id, f.date, s.aws_account_id
    FROM billing_billedcost AS f
    JOIN billing_billedseries AS s ON s.organization_id = f.organization_id AND s.id = f.series_id
    WHERE
        f.date >= %(first_day)s
        AND f.date < %(last_day)s
        AND s.connection_id IS NOT NULL
        AND s.charge_category = 'USAGE'
)
DELETE FROM billing_billedcost AS f
USING billing_billedseries AS s, billing_importedperiod AS p, told
WHERE
    s.organization_id = f.organization_id
    AND s.id = f.series_id
    AND s.provider = 'aws_bedrock'
    AND p.organization_id = s.organization_id
    AND p.cost_source_id = s.cost_source_id
    AND p.complete_until <= f.date
    AND p.period_end > f.date
    AND f.date >= %(first_day)s
    AND f.date < %(last_day)s
    AND told.organization_id = f.organization_id
    AND told.date = f.date
    AND told.aws_account_id = s.aws_account_id
RETURNING f.date, s.aws_account_id
