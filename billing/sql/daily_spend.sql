-- Rated cost of each local day, whole or by one dimension: the narrow reading behind forecasts, budgets and charts.
-- grain: day, the dimension asked for    replaces: nothing
-- params: days, owners (UTC days and the local day that owns each); block_days, block_owners, block_periods, block_starts,
--         block_ends (hours of a UTC day that belong to another local day than its owner); first_day, last_day, first_hour,
--         last_hour (bounds of both); first_period, last_period (the local days asked for); dimension (model, aws_region,
--         aws_account, publisher, cost_center or none)    twice: same rows
WITH blocks AS (
    SELECT
        block.owner,
        block.period,
        block.day AS date,
        moving.organization_id,
        moving.series_id,
        moving.cost
    FROM unnest(
        %(block_owners)s::date[], %(block_periods)s::date[], %(block_days)s::date[],
        %(block_starts)s::timestamptz[], %(block_ends)s::timestamptz[]
    ) AS block (owner, period, day, starts, ends)
    -- Added up block by block, through the index: joined by range, every fact might be compared with every block.
    CROSS JOIN LATERAL (
        SELECT
            f.organization_id,
            f.series_id,
            sum(
                coalesce(f.cost_input, 0) + coalesce(f.cost_output, 0) + coalesce(f.cost_cache_read, 0)
                + coalesce(f.cost_cache_write, 0) + coalesce(f.cost_cache_write_5m, 0) + coalesce(f.cost_cache_write_1h, 0)
            ) AS cost
        FROM billing_hourlyusage AS f
        WHERE
            f.hour >= block.starts AND f.hour < block.ends AND f.hour >= %(first_hour)s AND f.hour < %(last_hour)s
        GROUP BY 1, 2
    ) AS moving
),
facts AS (
    SELECT
        owned.owner AS period,
        f.date,
        f.organization_id,
        f.series_id,
        coalesce(f.cost_input, 0) + coalesce(f.cost_output, 0) + coalesce(f.cost_cache_read, 0)
        + coalesce(f.cost_cache_write, 0) + coalesce(f.cost_cache_write_5m, 0) + coalesce(f.cost_cache_write_1h, 0) AS cost
    FROM unnest(%(days)s::date[], %(owners)s::date[]) AS owned (day, owner)
    JOIN billing_dailyusage AS f ON f.date = owned.day AND f.date >= %(first_day)s AND f.date < %(last_day)s
    UNION ALL
    SELECT moved.period, b.date, b.organization_id, b.series_id, moved.cost
    FROM blocks AS b
    CROSS JOIN LATERAL (VALUES (b.owner, -b.cost), (b.period, b.cost)) AS moved (period, cost)
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
WHERE f.period >= %(first_period)s AND f.period < %(last_period)s
GROUP BY 1, 2
HAVING sum(f.cost) <> 0
ORDER BY 1, 2
