-- Deletes what files of one cost source told of some days: a person took them back.
-- grain: organization, day, billed series    replaces: those lines, with nothing
-- params: cost_source_id, first_day, last_day    twice: same rows
DELETE FROM billing_billedcost AS f
USING billing_billedseries AS s
WHERE
    s.organization_id = f.organization_id
    AND s.id = f.series_id
    AND s.cost_source_id = %(cost_source_id)s
    AND f.date >= %(first_day)s
    AND f.date < %(last_day)s
