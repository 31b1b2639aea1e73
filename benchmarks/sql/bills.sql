-- The bill: a line for each usage type on most days.
INSERT INTO billing_billedcost (
    organization_id, date, series_id, cost_unblended, cost_net_unblended, cost_amortized, quantity, is_estimated
)
SELECT s.organization_id, d.date, s.id, c.cost, c.cost, c.cost, c.cost * 300, d.date >= %(estimated_from)s
FROM (
    SELECT day::date AS date, extract(EPOCH FROM day)::bigint AS second
    FROM generate_series(%(start)s::timestamptz, %(end)s::timestamptz - interval '1 day', interval '1 day') AS day
) AS d
CROSS JOIN LATERAL (
    SELECT b.organization_id, b.id, hashint8extended(b.id, d.second) AS dice
    FROM billing_billedseries AS b
    WHERE b.organization_id = ANY (%(organizations)s)
    ORDER BY 1, 2
    OFFSET 0
) AS s
CROSS JOIN LATERAL (SELECT (s.dice & 65535)::numeric / 997 AS cost) AS c
WHERE (s.dice & 7) > 0
