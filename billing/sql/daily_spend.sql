-- Rated cost of each day, whole or by one dimension: the narrow reading behind forecasts, budgets and charts.
-- grain: day, the dimension asked for    replaces: nothing
-- params: hour_periods, hour_starts, hour_ends (the hours of each local day), first_hour, last_hour, first_day, last_day (the
--         same for UTC days, which are read from the roll-up; either pair is empty), dimension (model, aws_region,
--         aws_account, publisher, cost_center or none)    twice: same rows
WITH facts AS (
    SELECT
        f.date AS period,
        f.date,
        f.organization_id,
        f.series_id,
        coalesce(f.cost_input, 0) + coalesce(f.cost_output, 0) + coalesce(f.cost_cache_read, 0)
        + coalesce(f.cost_cache_write, 0) + coalesce(f.cost_cache_write_5m, 0) + coalesce(f.cost_cache_write_1h, 0) AS cost
    FROM billing_dailyusage AS f
    WHERE f.date >= %(first_day)s AND f.date < %(last_day)s
    UNION ALL
    SELECT
        slice.period,
        (f.hour AT TIME ZONE 'UTC')::date AS date,
        f.organization_id,
        f.series_id,
        sum(
            coalesce(f.cost_input, 0) + coalesce(f.cost_output, 0) + coalesce(f.cost_cache_read, 0)
            + coalesce(f.cost_cache_write, 0) + coalesce(f.cost_cache_write_5m, 0) + coalesce(f.cost_cache_write_1h, 0)
        )
    FROM unnest(%(hour_periods)s::date[], %(hour_starts)s::timestamptz[], %(hour_ends)s::timestamptz[])
        AS slice (period, starts, ends)
    JOIN billing_hourlyusage AS f
        ON f.hour >= slice.starts AND f.hour < slice.ends AND f.hour >= %(first_hour)s AND f.hour < %(last_hour)s
    GROUP BY 1, 2, 3, 4
)
SELECT
    f.period,
    CASE %(dimension)s
        WHEN 'model' THEN s.model_id
        WHEN 'aws_region' THEN s.aws_region
        WHEN 'aws_account' THEN s.aws_account_id
        WHEN 'publisher' THEN s.publisher
        WHEN 'cost_center' THEN coalesce(center.code, '')
        ELSE ''
    END AS key,
    sum(f.cost) AS cost
FROM facts AS f
JOIN billing_usageseries AS s ON s.organization_id = f.organization_id AND s.id = f.series_id
LEFT JOIN billing_seriesassignment AS a
    ON %(dimension)s = 'cost_center'
    AND a.organization_id = f.organization_id
    AND a.usage_series_id = f.series_id
    AND (a.assigned_from IS NULL OR a.assigned_from <= f.date)
    AND (a.assigned_to IS NULL OR a.assigned_to > f.date)
LEFT JOIN accounts_costcenter AS center
    ON %(dimension)s = 'cost_center' AND center.organization_id = a.organization_id AND center.id = a.cost_center_id
GROUP BY 1, 2
ORDER BY 1, 2
