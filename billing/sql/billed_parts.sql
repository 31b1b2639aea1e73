-- What was billed, and what the bill said when it was first told whole, laid out as the match with our usage wants it.
-- grain: UTC day and all that a bill line was read as    replaces: nothing
-- params: first_day, last_day    twice: same rows
WITH firsts AS (
    SELECT DISTINCT ON (v.date, v.series_id) v.date, v.series_id, v.cost_unblended, v.quantity
    FROM billing_billedcostversion AS v
    WHERE v.date >= %(first_day)s AND v.date < %(last_day)s
    ORDER BY v.date, v.series_id, v.replaced_at
),
told AS (
    SELECT f.date, f.series_id, f.cost_unblended, f.quantity
    FROM billing_billedcost AS f
    WHERE f.date >= %(first_day)s AND f.date < %(last_day)s
),
lines AS (
    SELECT
        date,
        series_id,
        coalesce(t.cost_unblended, 0) AS cost,
        coalesce(t.quantity, 0) AS quantity,
        coalesce(f.cost_unblended, t.cost_unblended) AS cost_first,
        coalesce(f.quantity, t.quantity) AS quantity_first
    FROM told AS t
    FULL JOIN firsts AS f USING (date, series_id)
)
SELECT
    l.date,
    s.provider,
    s.aws_account_id,
    s.aws_region,
    s.model_id,
    s.token_class,
    s.tier,
    s.routing_class,
    s.context_band,
    s.heading,
    s.charge_category,
    s.currency,
    sum(l.quantity * s.tokens_per_unit) AS tokens,
    sum(l.cost) AS cost,
    sum(l.quantity_first * s.tokens_per_unit) AS tokens_first,
    sum(l.cost_first) AS cost_first
FROM lines AS l
JOIN billing_billedseries AS s ON s.id = l.series_id
-- A line whose unit nothing proves stays apart: it has no tokens.
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, s.tokens_per_unit IS NULL
ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
