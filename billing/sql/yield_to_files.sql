-- Deletes what Cost Explorer told of the accounts and days that a file tells in full: it has resources, principals and tags.
-- grain: organization, day, billed series    replaces: those lines of connections, with nothing
-- params: first_day, last_day    twice: same rows
WITH told AS MATERIALIZED (
    SELECT DISTINCT f.organization_id, f.date, s.aws_account_id
    FROM billing_billedcost AS f
    JOIN billing_billedseries AS s ON s.organization_id = f.organization_id AND s.id = f.series_id
    JOIN billing_importedperiod AS p
        ON p.organization_id = f.organization_id
        AND p.cost_source_id = s.cost_source_id
        AND p.period_start <= f.date
        AND p.complete_until > f.date
    WHERE
        f.date >= %(first_day)s
        AND f.date < %(last_day)s
        AND s.provider = 'aws_bedrock'
        AND s.charge_category = 'USAGE'
)
DELETE FROM billing_billedcost AS f
USING billing_billedseries AS s, told
WHERE
    s.organization_id = f.organization_id
    AND s.id = f.series_id
    AND s.connection_id IS NOT NULL
    AND f.date >= %(first_day)s
    AND f.date < %(last_day)s
    AND told.organization_id = f.organization_id
    AND told.date = f.date
    AND told.aws_account_id = s.aws_account_id
RETURNING f.date, s.aws_account_id
