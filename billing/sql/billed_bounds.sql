-- The first and the last UTC day of a provider's bill, and whether the last may still change.
-- grain: one row    replaces: nothing
-- params: provider    twice: same row
SELECT
    min(f.date),
    max(f.date),
    coalesce(bool_or(f.is_estimated), false)
FROM billing_billedcost AS f
JOIN billing_billedseries AS s ON s.organization_id = f.organization_id AND s.id = f.series_id
WHERE s.provider = %(provider)s AND s.charge_category = 'USAGE'
