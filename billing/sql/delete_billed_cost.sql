-- Empties the days of one window of one payer's bill.
-- grain: organization, day, billed series    replaces: the window, with insert_billed_cost
-- params: connection_id, first_day, last_day    twice: same rows
DELETE FROM billing_billedcost AS f
USING billing_billedseries AS s
WHERE
    s.organization_id = f.organization_id
    AND s.id = f.series_id
    AND s.connection_id = %(connection_id)s
    AND f.date >= %(first_day)s
    AND f.date < %(last_day)s
