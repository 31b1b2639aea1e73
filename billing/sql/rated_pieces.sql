-- Rated cost of pieces of series' time, each under a label: what a rule would move, what nobody pays for.
-- grain: label, UTC day or month, currency    replaces: nothing
-- params: labels, series, starts, ends (pieces: a series from a day up to another); first_day, last_day (bounds of all);
--         by (day or month)    twice: same rows
WITH piece AS MATERIALIZED (
    SELECT *
    FROM unnest(%(labels)s::int[], %(series)s::bigint[], %(starts)s::date[], %(ends)s::date[])
        AS one (label, series_id, starts, ends)
)
SELECT
    p.label,
    date_trunc(%(by)s, f.date::timestamp)::date AS period,
    'USD' AS currency,
    sum(
        coalesce(f.cost_input, 0) + coalesce(f.cost_output, 0) + coalesce(f.cost_cache_read, 0)
        + coalesce(f.cost_cache_write, 0) + coalesce(f.cost_cache_write_5m, 0) + coalesce(f.cost_cache_write_1h, 0)
    ) AS cost
FROM billing_dailyusage AS f
JOIN piece AS p ON p.series_id = f.series_id AND f.date >= p.starts AND f.date < p.ends
WHERE f.date >= %(first_day)s AND f.date < %(last_day)s
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3
