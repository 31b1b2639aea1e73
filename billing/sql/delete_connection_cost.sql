-- Deletes the billed cost of one payer's bill, of all time: its owner disconnected it and asked for that.
-- grain: organization, day, billed series    replaces: everything of the bill, with nothing
-- params: connection_id    twice: same rows
DELETE FROM billing_billedcost AS f
USING billing_billedseries AS s
WHERE s.organization_id = f.organization_id AND s.id = f.series_id AND s.connection_id = %(connection_id)s
