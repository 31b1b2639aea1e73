-- The lines of one bill that were told otherwise at one time, as they were and as they are.
-- grain: day, billed series    replaces: nothing
-- params: connection_id, first_day, last_day, replaced_at    twice: same rows
SELECT
    v.date,
    s.currency,
    s.aws_account_id,
    s.service,
    s.usage_type,
    v.cost_unblended AS cost_before,
    coalesce(f.cost_unblended, 0) AS cost_after
FROM billing_billedcostversion AS v
JOIN billing_billedseries AS s ON s.id = v.series_id AND s.connection_id = %(connection_id)s
LEFT JOIN billing_billedcost AS f ON f.date = v.date AND f.series_id = v.series_id
WHERE v.date >= %(first_day)s AND v.date < %(last_day)s AND v.replaced_at = %(replaced_at)s
ORDER BY 1, 2, 3, 4, 5
