-- Rated cost of each local day, whole or by one dimension: the narrow reading behind forecasts, budgets and charts.
-- grain: day, the dimension asked for    replaces: nothing
-- params: days, owners (UTC days and the local day that owns each); are_split, moved_periods, moved_starts, moved_ends (of
--         each of them: whether some hours belong to another local day, and which to which, if it is one stretch of them);
--         block_days, block_owners, block_periods, block_starts, block_ends (every such stretch); first_day, last_day,
--         first_hour, last_hour (bounds of both); first_period, last_period (the local days asked for); dimension (model,
--         aws_region, aws_account, publisher, cost_center or none)    twice: same rows
--
-- The dictionaries are read once and joined by hash (MATERIALIZED): how many facts there are, the planner cannot know, and
-- where it expects a few it would look each of a hundred thousand facts up by itself. (All of one organization: the wall.)
-- Each value has a number, since numbers are grouped in half the time that names take.
WITH named AS MATERIALIZED (
    SELECT
        s.id AS series_id,
        CASE %(dimension)s
            WHEN 'model' THEN s.model_id
            WHEN 'aws_region' THEN s.aws_region
            WHEN 'aws_account' THEN s.aws_account_id
            WHEN 'publisher' THEN s.publisher
            ELSE ''
        END AS key
    FROM billing_usageseries AS s
),
payers AS MATERIALIZED (
    SELECT a.usage_series_id AS series_id, a.assigned_from, a.assigned_to, center.code
    FROM billing_seriesassignment AS a
    JOIN accounts_costcenter AS center ON center.organization_id = a.organization_id AND center.id = a.cost_center_id
    WHERE %(dimension)s = 'cost_center' AND a.usage_series_id IS NOT NULL
),
-- Day by day, so that each is added up by hash and out of the key's index alone: what is sorted after that is small. A
-- roll-up knows what its moved hours cost if it was made for these hours: in this time zone, and since roll-ups do.
owned AS MATERIALIZED (
    SELECT day.date, day.owner, day.period, added.key, added.cost, added.cost_moved, added.is_known
    FROM unnest(
        %(days)s::date[], %(owners)s::date[], %(are_split)s::boolean[], %(moved_periods)s::date[],
        %(moved_starts)s::timestamptz[], %(moved_ends)s::timestamptz[]
    ) AS day (date, owner, is_split, period, starts, ends)
    CROSS JOIN LATERAL (
        SELECT
            coalesce(p.code, s.key) AS key,
            sum(f.cost) AS cost,
            sum(f.cost_moved) AS cost_moved,
            bool_and(NOT day.is_split OR coalesce(f.moved_from = day.starts AND f.moved_to = day.ends, FALSE)) AS is_known
        FROM billing_dailyusage AS f
        JOIN named AS s ON s.series_id = f.series_id
        LEFT JOIN payers AS p
            ON p.series_id = f.series_id
            AND (p.assigned_from IS NULL OR p.assigned_from <= f.date)
            AND (p.assigned_to IS NULL OR p.assigned_to > f.date)
        WHERE f.date = day.date AND f.date >= %(first_day)s AND f.date < %(last_day)s
        GROUP BY 1
    ) AS added
),
-- Days whose hours have to be read after all.
unknown AS MATERIALIZED (
    SELECT DISTINCT date
    FROM owned
    WHERE NOT is_known
),
moved AS (
    SELECT owner, period, key, cost_moved AS cost
    FROM owned
    WHERE period IS NOT NULL AND date NOT IN (SELECT date FROM unknown)
),
blocks AS (
    SELECT
        block.owner,
        block.period,
        coalesce(p.code, s.key) AS key,
        sum(moving.cost) AS cost
    FROM unnest(
        %(block_owners)s::date[], %(block_periods)s::date[], %(block_days)s::date[],
        %(block_starts)s::timestamptz[], %(block_ends)s::timestamptz[]
    ) AS block (owner, period, date, starts, ends)
    JOIN unknown AS u ON u.date = block.date
    -- Block by block, through the index: joined by range, every fact might be compared with every block.
    CROSS JOIN LATERAL (
        SELECT
            f.series_id,
            sum(
                coalesce(f.cost_input, 0) + coalesce(f.cost_output, 0) + coalesce(f.cost_cache_read, 0)
                + coalesce(f.cost_cache_write, 0) + coalesce(f.cost_cache_write_5m, 0) + coalesce(f.cost_cache_write_1h, 0)
            ) AS cost
        FROM billing_hourlyusage AS f
        WHERE
            f.hour >= block.starts AND f.hour < block.ends AND f.hour >= %(first_hour)s AND f.hour < %(last_hour)s
        GROUP BY 1
    ) AS moving
    JOIN named AS s ON s.series_id = moving.series_id
    LEFT JOIN payers AS p
        ON p.series_id = moving.series_id
        AND (p.assigned_from IS NULL OR p.assigned_from <= block.date)
        AND (p.assigned_to IS NULL OR p.assigned_to > block.date)
    GROUP BY 1, 2, 3
)
SELECT f.period, f.key, sum(f.cost) AS cost
FROM (
    SELECT owner AS period, key, cost FROM owned
    UNION ALL
    SELECT period, key, cost FROM moved
    UNION ALL
    SELECT owner, key, -cost FROM moved
    UNION ALL
    SELECT period, key, cost FROM blocks
    UNION ALL
    SELECT owner, key, -cost FROM blocks
) AS f
WHERE f.period >= %(first_period)s AND f.period < %(last_period)s
GROUP BY 1, 2
HAVING sum(f.cost) <> 0
ORDER BY 1, 2
