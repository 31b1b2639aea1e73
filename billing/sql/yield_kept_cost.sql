-- Deletes what disconnected bills have kept of the accounts and days that another bill has just told: one cost, one line.
-- grain: organization, day, billed series    replaces: those kept lines, with nothing
-- params: connection_id, first_day, last_day, accounts, days    twice: same rows
DELETE FROM billing_billedcost AS f
USING billing_billedseries AS s, billing_awsconnection AS c
WHERE
    s.organization_id = f.organization_id
    AND s.id = f.series_id
    AND c.organization_id = s.organization_id
    AND c.id = s.connection_id
    AND c.id <> %(connection_id)s
    AND c.state = 'DISCONNECTED'
    AND f.date >= %(first_day)s
    AND f.date < %(last_day)s
    AND EXISTS (
        SELECT 1
        FROM unnest(%(accounts)s::text [], %(days)s::date []) AS told (aws_account_id, day)
        WHERE told.aws_account_id = s.aws_account_id AND told.day = f.date
    )
