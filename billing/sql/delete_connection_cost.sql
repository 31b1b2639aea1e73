-- Deletes the billed cost of one payer's bill, of all time: its owner disconnected it and asked for that.
-- grain: organization, day, billed series    replaces: everything of the bill, with nothing
-- params: connection_id    twice: same rows
WITH versions AS (
    DELETE FROM billing_billedcostversion AS v
    USING billing_billedseries AS s
    WHERE s.organization_id = v.organization_id AND s.id = v.series_id AND s.connection_id = %(connection_id)s
)
DELETE FROM billing_billedcost AS f
USING billing_billedseries AS s
WHERE s.organization_id = f.organization_id AND s.id = f.series_id AND s.connection_id = %(connection_id)s
