-- The days whose match is missing, due, or older than what was read of them; newest first.
-- grain: UTC day    replaces: nothing
-- params: first_day, last_day (exclusive), restated_days (how far back one reading of the bill reaches), row_limit
--         twice: same rows
WITH readings AS (
    SELECT
        -- One reading of the bill tells the weeks before its month again.
        w.window_start::date - CASE WHEN w.source = 'COST_EXPLORER' THEN %(restated_days)s ELSE 0 END AS starts,
        (w.filled_until - interval '1 microsecond')::date AS ends,
        max(w.stored_at) AS stored_at
    FROM (
        SELECT
            source,
            stored_at,
            window_start AT TIME ZONE 'UTC' AS window_start,
            filled_until AT TIME ZONE 'UTC' AS filled_until
        FROM billing_collectionwindow
        WHERE source IN ('CLOUDWATCH', 'COST_EXPLORER') AND stored_at IS NOT NULL AND filled_until > window_start
    ) AS w
    GROUP BY 1, 2
    UNION ALL
    SELECT period_start, period_end - 1, stored_at
    FROM billing_importedperiod
),
days AS (
    SELECT day.date, max(r.stored_at) AS stored_at
    FROM generate_series(%(first_day)s::date, %(last_day)s::date - 1, interval '1 day') AS day (date)
    JOIN readings AS r ON day.date BETWEEN r.starts AND r.ends
    GROUP BY 1
)
SELECT d.date::date
FROM days AS d
LEFT JOIN billing_reconciliation AS m ON m.date = d.date::date
WHERE m.id IS NULL OR m.reconciled_at < d.stored_at
UNION
SELECT m.date
FROM billing_reconciliation AS m
WHERE m.is_due AND m.date >= %(first_day)s AND m.date < %(last_day)s
ORDER BY 1 DESC
LIMIT %(row_limit)s
