-- Tokens and rated cost by any set of dimensions, over periods made of whole UTC days and the hours at their edges.
-- grain: period, the dimensions asked for    replaces: nothing
-- params: day_periods, day_starts, day_ends, hour_periods, hour_starts, hour_ends (slices; an empty period: the fact's own),
--         split_days, split_owners, split_moved, with_owners, with_moved, split_starts, split_ends (UTC days that two local
--         ones share: the period of most of it and of the hours in between, and which of the two are asked for; cost alone),
--         spare_days, spare_periods, spare_starts, spare_ends (the hours of both, should a day not know them apart),
--         first_day, last_day, first_hour, last_hour (bounds of all slices), by_…, is_… and not_… (dimensions, their
--         filters), with_tokens (or cost alone), with_classes (or sums over all), after_… (the position after
--         which to read), row_limit
--         twice: same rows
-- The dictionaries are read once and joined by hash (MATERIALIZED): how many facts a slice has, the planner cannot know, and
-- where it expects a few it would look each of a hundred thousand facts up by itself. (All of one organization: the wall.)
WITH chosen AS MATERIALIZED (
    SELECT
        s.id AS series_id,
        CASE WHEN %(by_model)s THEN s.model_id ELSE '' END AS model,
        CASE WHEN %(by_publisher)s THEN s.publisher ELSE '' END AS publisher,
        CASE WHEN %(by_provider)s THEN s.provider ELSE '' END AS provider,
        CASE WHEN %(by_aws_region)s THEN s.aws_region ELSE '' END AS aws_region,
        CASE WHEN %(by_aws_account)s THEN s.aws_account_id ELSE '' END AS aws_account,
        CASE WHEN %(by_routing)s THEN s.routing ELSE '' END AS routing,
        CASE WHEN %(by_tier)s THEN s.tier ELSE '' END AS tier
    FROM billing_usageseries AS s
    WHERE
        (%(is_model)s::text[] IS NULL OR s.model_id = ANY (%(is_model)s::text[]))
        AND (%(not_model)s::text[] IS NULL OR s.model_id <> ALL (%(not_model)s::text[]))
        AND (%(is_publisher)s::text[] IS NULL OR s.publisher = ANY (%(is_publisher)s::text[]))
        AND (%(not_publisher)s::text[] IS NULL OR s.publisher <> ALL (%(not_publisher)s::text[]))
        AND (%(is_provider)s::text[] IS NULL OR s.provider = ANY (%(is_provider)s::text[]))
        AND (%(not_provider)s::text[] IS NULL OR s.provider <> ALL (%(not_provider)s::text[]))
        AND (%(is_aws_region)s::text[] IS NULL OR s.aws_region = ANY (%(is_aws_region)s::text[]))
        AND (%(not_aws_region)s::text[] IS NULL OR s.aws_region <> ALL (%(not_aws_region)s::text[]))
        AND (%(is_aws_account)s::text[] IS NULL OR s.aws_account_id = ANY (%(is_aws_account)s::text[]))
        AND (%(not_aws_account)s::text[] IS NULL OR s.aws_account_id <> ALL (%(not_aws_account)s::text[]))
        AND (%(is_routing)s::text[] IS NULL OR s.routing = ANY (%(is_routing)s::text[]))
        AND (%(not_routing)s::text[] IS NULL OR s.routing <> ALL (%(not_routing)s::text[]))
        AND (%(is_tier)s::text[] IS NULL OR s.tier = ANY (%(is_tier)s::text[]))
        AND (%(not_tier)s::text[] IS NULL OR s.tier <> ALL (%(not_tier)s::text[]))
),
payers AS MATERIALIZED (
    SELECT a.usage_series_id AS series_id, a.assigned_from, a.assigned_to, center.code
    FROM billing_seriesassignment AS a
    JOIN accounts_costcenter AS center ON center.organization_id = a.organization_id AND center.id = a.cost_center_id
    WHERE %(with_cost_center)s AND a.usage_series_id IS NOT NULL
),
cards AS MATERIALIZED (
    SELECT
        card.id,
        card.is_assumed_input,
        card.is_assumed_output,
        card.is_assumed_cache_read,
        card.is_assumed_cache_write,
        card.is_assumed_cache_write_5m,
        card.is_assumed_cache_write_1h
    FROM billing_ratecard AS card
),
-- Days that were rolled up for other hours: in another time zone, or before roll-ups told these apart.
unknown AS MATERIALIZED (
    SELECT DISTINCT f.date
    FROM unnest(%(split_days)s::date[], %(split_starts)s::timestamptz[], %(split_ends)s::timestamptz[])
        AS day (date, starts, ends)
    CROSS JOIN LATERAL (
        SELECT u.date, u.moved_from, u.moved_to, u.tokens_unpriced_moved
        FROM billing_dailyusage AS u
        WHERE u.date = day.date AND u.date >= %(first_day)s AND u.date < %(last_day)s
        OFFSET 0
    ) AS f
    WHERE NOT coalesce(f.moved_from = day.starts AND f.moved_to = day.ends AND f.tokens_unpriced_moved >= 0, FALSE)
),
hour_slices AS MATERIALIZED (
    SELECT slice.period, slice.starts, slice.ends
    FROM unnest(%(hour_periods)s::timestamptz[], %(hour_starts)s::timestamptz[], %(hour_ends)s::timestamptz[])
        AS slice (period, starts, ends)
    UNION ALL
    SELECT spare.period, spare.starts, spare.ends
    FROM unnest(
        %(spare_days)s::date[], %(spare_periods)s::timestamptz[], %(spare_starts)s::timestamptz[],
        %(spare_ends)s::timestamptz[]
    ) AS spare (date, period, starts, ends)
    JOIN unknown AS u ON u.date = spare.date
),
facts AS (
    SELECT
        coalesce(slice.period, f.date::timestamp AT TIME ZONE 'UTC') AS period,
        f.series_id,
        f.date,
        f.invocations,
        f.tokens_input,
        f.tokens_output,
        f.tokens_cache_read,
        f.tokens_cache_write,
        f.tokens_cache_write_5m,
        f.tokens_cache_write_1h,
        f.cost_input,
        f.cost_output,
        f.cost_cache_read,
        f.cost_cache_write,
        f.cost_cache_write_5m,
        f.cost_cache_write_1h,
        f.unpriced_input,
        f.unpriced_output,
        f.unpriced_cache_read,
        f.unpriced_cache_write,
        f.unpriced_cache_write_5m,
        f.unpriced_cache_write_1h,
        f.assumed_input,
        f.assumed_output,
        f.assumed_cache_read,
        f.assumed_cache_write,
        f.assumed_cache_write_5m,
        f.assumed_cache_write_1h,
        f.cost,
        f.tokens_unpriced,
        f.cost_assumed
    FROM unnest(%(day_periods)s::timestamptz[], %(day_starts)s::date[], %(day_ends)s::date[])
        AS slice (period, starts, ends)
    -- Slice by slice, through the index (OFFSET keeps the planner from joining by range, every fact with every slice).
    CROSS JOIN LATERAL (
        SELECT *
        FROM billing_dailyusage AS u
        WHERE u.date >= slice.starts AND u.date < slice.ends AND u.date >= %(first_day)s AND u.date < %(last_day)s
        OFFSET 0
    ) AS f
    UNION ALL
    -- Of a day that two local days share, each has its own part.
    SELECT
        coalesce(part.period, f.date::timestamp AT TIME ZONE 'UTC'),
        f.series_id,
        f.date,
        0::bigint,
        0::bigint,
        0::bigint,
        0::bigint,
        0::bigint,
        0::bigint,
        0::bigint,
        0::numeric,
        0::numeric,
        0::numeric,
        0::numeric,
        0::numeric,
        0::numeric,
        0::bigint,
        0::bigint,
        0::bigint,
        0::bigint,
        0::bigint,
        0::bigint,
        0::numeric,
        0::numeric,
        0::numeric,
        0::numeric,
        0::numeric,
        0::numeric,
        part.cost,
        part.tokens_unpriced,
        part.cost_assumed
    FROM unnest(
        %(split_days)s::date[], %(split_owners)s::timestamptz[], %(split_moved)s::timestamptz[], %(with_owners)s::boolean[],
        %(with_moved)s::boolean[]
    ) AS day (date, owner, moved, with_owner, with_moved)
    CROSS JOIN LATERAL (
        SELECT *
        FROM billing_dailyusage AS u
        WHERE u.date = day.date AND u.date >= %(first_day)s AND u.date < %(last_day)s
        OFFSET 0
    ) AS f
    CROSS JOIN LATERAL (
        VALUES
        (
            day.with_owner, day.owner, f.cost - f.cost_moved, f.tokens_unpriced - f.tokens_unpriced_moved,
            f.cost_assumed - f.cost_assumed_moved
        ),
        (day.with_moved, day.moved, f.cost_moved, f.tokens_unpriced_moved, f.cost_assumed_moved)
    ) AS part (is_asked, period, cost, tokens_unpriced, cost_assumed)
    WHERE part.is_asked AND day.date NOT IN (SELECT date FROM unknown)
    UNION ALL
    SELECT
        coalesce(slice.period, f.hour),
        f.series_id,
        (f.hour AT TIME ZONE 'UTC')::date,
        f.invocations,
        f.tokens_input,
        f.tokens_output,
        f.tokens_cache_read,
        f.tokens_cache_write,
        f.tokens_cache_write_5m,
        f.tokens_cache_write_1h,
        f.cost_input,
        f.cost_output,
        f.cost_cache_read,
        f.cost_cache_write,
        f.cost_cache_write_5m,
        f.cost_cache_write_1h,
        CASE WHEN f.cost_input IS NULL THEN f.tokens_input END,
        CASE WHEN f.cost_output IS NULL THEN f.tokens_output END,
        CASE WHEN f.cost_cache_read IS NULL THEN f.tokens_cache_read END,
        CASE WHEN f.cost_cache_write IS NULL THEN f.tokens_cache_write END,
        CASE WHEN f.cost_cache_write_5m IS NULL THEN f.tokens_cache_write_5m END,
        CASE WHEN f.cost_cache_write_1h IS NULL THEN f.tokens_cache_write_1h END,
        CASE WHEN card.is_assumed_input THEN f.cost_input END,
        CASE WHEN card.is_assumed_output THEN f.cost_output END,
        CASE WHEN card.is_assumed_cache_read THEN f.cost_cache_read END,
        CASE WHEN card.is_assumed_cache_write THEN f.cost_cache_write END,
        CASE WHEN card.is_assumed_cache_write_5m THEN f.cost_cache_write_5m END,
        CASE WHEN card.is_assumed_cache_write_1h THEN f.cost_cache_write_1h END,
        coalesce(f.cost_input, 0) + coalesce(f.cost_output, 0) + coalesce(f.cost_cache_read, 0)
        + coalesce(f.cost_cache_write, 0) + coalesce(f.cost_cache_write_5m, 0) + coalesce(f.cost_cache_write_1h, 0),
        CASE WHEN f.cost_input IS NULL THEN f.tokens_input ELSE 0 END
        + CASE WHEN f.cost_output IS NULL THEN f.tokens_output ELSE 0 END
        + CASE WHEN f.cost_cache_read IS NULL THEN f.tokens_cache_read ELSE 0 END
        + CASE WHEN f.cost_cache_write IS NULL THEN f.tokens_cache_write ELSE 0 END
        + CASE WHEN f.cost_cache_write_5m IS NULL THEN f.tokens_cache_write_5m ELSE 0 END
        + CASE WHEN f.cost_cache_write_1h IS NULL THEN f.tokens_cache_write_1h ELSE 0 END,
        CASE WHEN card.is_assumed_input THEN coalesce(f.cost_input, 0) ELSE 0 END
        + CASE WHEN card.is_assumed_output THEN coalesce(f.cost_output, 0) ELSE 0 END
        + CASE WHEN card.is_assumed_cache_read THEN coalesce(f.cost_cache_read, 0) ELSE 0 END
        + CASE WHEN card.is_assumed_cache_write THEN coalesce(f.cost_cache_write, 0) ELSE 0 END
        + CASE WHEN card.is_assumed_cache_write_5m THEN coalesce(f.cost_cache_write_5m, 0) ELSE 0 END
        + CASE WHEN card.is_assumed_cache_write_1h THEN coalesce(f.cost_cache_write_1h, 0) ELSE 0 END
    FROM hour_slices AS slice
    CROSS JOIN LATERAL (
        SELECT *
        FROM billing_hourlyusage AS u
        WHERE u.hour >= slice.starts AND u.hour < slice.ends AND u.hour >= %(first_hour)s AND u.hour < %(last_hour)s
        OFFSET 0
    ) AS f
    LEFT JOIN cards AS card ON card.id = f.rate_card_id
),
grouped AS (
    SELECT
        CASE WHEN %(by_period)s THEN f.period END AS period,
        c.model,
        c.publisher,
        c.provider,
        c.aws_region,
        c.aws_account,
        c.routing,
        c.tier,
        CASE WHEN %(by_cost_center)s THEN coalesce(p.code, '') ELSE '' END AS cost_center,
        -- Folded away where only cost is asked for: half of what adding up takes.
        CASE WHEN %(with_tokens)s THEN sum(f.invocations)::bigint ELSE 0 END AS invocations,
        CASE WHEN %(with_tokens)s THEN sum(f.tokens_input)::bigint ELSE 0 END AS tokens_input,
        CASE WHEN %(with_tokens)s THEN sum(f.tokens_output)::bigint ELSE 0 END AS tokens_output,
        CASE WHEN %(with_tokens)s THEN sum(f.tokens_cache_read)::bigint ELSE 0 END AS tokens_cache_read,
        CASE WHEN %(with_tokens)s THEN sum(f.tokens_cache_write)::bigint ELSE 0 END AS tokens_cache_write,
        CASE WHEN %(with_tokens)s THEN sum(f.tokens_cache_write_5m)::bigint ELSE 0 END AS tokens_cache_write_5m,
        CASE WHEN %(with_tokens)s THEN sum(f.tokens_cache_write_1h)::bigint ELSE 0 END AS tokens_cache_write_1h,
        CASE WHEN %(with_classes)s THEN coalesce(sum(f.cost_input), 0) ELSE 0 END AS cost_input,
        CASE WHEN %(with_classes)s THEN coalesce(sum(f.cost_output), 0) ELSE 0 END AS cost_output,
        CASE WHEN %(with_classes)s THEN coalesce(sum(f.cost_cache_read), 0) ELSE 0 END AS cost_cache_read,
        CASE WHEN %(with_classes)s THEN coalesce(sum(f.cost_cache_write), 0) ELSE 0 END AS cost_cache_write,
        CASE WHEN %(with_classes)s THEN coalesce(sum(f.cost_cache_write_5m), 0) ELSE 0 END AS cost_cache_write_5m,
        CASE WHEN %(with_classes)s THEN coalesce(sum(f.cost_cache_write_1h), 0) ELSE 0 END AS cost_cache_write_1h,
        CASE WHEN %(with_classes)s THEN coalesce(sum(f.unpriced_input), 0)::bigint ELSE 0 END AS unpriced_input,
        CASE WHEN %(with_classes)s THEN coalesce(sum(f.unpriced_output), 0)::bigint ELSE 0 END AS unpriced_output,
        CASE WHEN %(with_classes)s THEN coalesce(sum(f.unpriced_cache_read), 0)::bigint ELSE 0 END AS unpriced_cache_read,
        CASE WHEN %(with_classes)s THEN coalesce(sum(f.unpriced_cache_write), 0)::bigint ELSE 0 END AS unpriced_cache_write,
        CASE WHEN %(with_classes)s THEN coalesce(sum(f.unpriced_cache_write_5m), 0)::bigint ELSE 0 END AS unpriced_cache_write_5m,
        CASE WHEN %(with_classes)s THEN coalesce(sum(f.unpriced_cache_write_1h), 0)::bigint ELSE 0 END AS unpriced_cache_write_1h,
        CASE WHEN %(with_classes)s THEN coalesce(sum(f.assumed_input), 0) ELSE 0 END AS assumed_input,
        CASE WHEN %(with_classes)s THEN coalesce(sum(f.assumed_output), 0) ELSE 0 END AS assumed_output,
        CASE WHEN %(with_classes)s THEN coalesce(sum(f.assumed_cache_read), 0) ELSE 0 END AS assumed_cache_read,
        CASE WHEN %(with_classes)s THEN coalesce(sum(f.assumed_cache_write), 0) ELSE 0 END AS assumed_cache_write,
        CASE WHEN %(with_classes)s THEN coalesce(sum(f.assumed_cache_write_5m), 0) ELSE 0 END AS assumed_cache_write_5m,
        CASE WHEN %(with_classes)s THEN coalesce(sum(f.assumed_cache_write_1h), 0) ELSE 0 END AS assumed_cache_write_1h,
        CASE WHEN %(with_classes)s THEN 0 ELSE coalesce(sum(f.cost), 0) END AS cost,
        CASE WHEN %(with_classes)s THEN 0 ELSE coalesce(sum(f.tokens_unpriced), 0)::bigint END AS tokens_unpriced,
        CASE WHEN %(with_classes)s THEN 0 ELSE coalesce(sum(f.cost_assumed), 0) END AS cost_assumed
    FROM facts AS f
    JOIN chosen AS c ON c.series_id = f.series_id
    LEFT JOIN payers AS p
        ON p.series_id = f.series_id
        AND (p.assigned_from IS NULL OR p.assigned_from <= f.date)
        AND (p.assigned_to IS NULL OR p.assigned_to > f.date)
    WHERE
        (%(is_cost_center)s::text[] IS NULL OR coalesce(p.code, '') = ANY (%(is_cost_center)s::text[]))
        AND (%(not_cost_center)s::text[] IS NULL OR coalesce(p.code, '') <> ALL (%(not_cost_center)s::text[]))
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
),
told AS (
    SELECT
        g.period,
        g.model,
        g.publisher,
        g.provider,
        g.aws_region,
        g.aws_account,
        g.routing,
        g.tier,
        g.cost_center,
        class.token_class,
        class.tokens,
        class.cost,
        class.unpriced,
        class.assumed,
        g.invocations,
        g.tokens_input,
        g.tokens_output,
        g.tokens_cache_read,
        g.tokens_cache_write,
        g.tokens_cache_write_5m,
        g.tokens_cache_write_1h
    FROM grouped AS g
    CROSS JOIN LATERAL (
        SELECT
            CASE WHEN %(by_token_class)s THEN v.token_class ELSE '' END AS token_class,
            sum(v.tokens)::bigint AS tokens,
            sum(v.cost) AS cost,
            sum(v.unpriced)::bigint AS unpriced,
            sum(v.assumed) AS assumed
        FROM (
            VALUES
            ('', 0, g.cost, g.tokens_unpriced, g.cost_assumed),
            ('input', g.tokens_input, g.cost_input, g.unpriced_input, g.assumed_input),
            ('output', g.tokens_output, g.cost_output, g.unpriced_output, g.assumed_output),
            ('cache_read', g.tokens_cache_read, g.cost_cache_read, g.unpriced_cache_read, g.assumed_cache_read),
            ('cache_write', g.tokens_cache_write, g.cost_cache_write, g.unpriced_cache_write, g.assumed_cache_write),
            ('cache_write_5m', g.tokens_cache_write_5m, g.cost_cache_write_5m, g.unpriced_cache_write_5m, g.assumed_cache_write_5m),
            ('cache_write_1h', g.tokens_cache_write_1h, g.cost_cache_write_1h, g.unpriced_cache_write_1h, g.assumed_cache_write_1h)
        ) AS v (token_class, tokens, cost, unpriced, assumed)
        WHERE
            (%(is_token_class)s::text[] IS NULL OR v.token_class = ANY (%(is_token_class)s::text[]))
            AND (%(not_token_class)s::text[] IS NULL OR v.token_class <> ALL (%(not_token_class)s::text[]))
            AND (v.tokens > 0 OR NOT %(by_token_class)s)
            AND (v.token_class <> '') = %(with_classes)s
        GROUP BY 1
    ) AS class
)
SELECT
    period,
    model,
    publisher,
    provider,
    aws_region,
    aws_account,
    routing,
    tier,
    cost_center,
    token_class,
    tokens,
    cost,
    unpriced,
    assumed,
    invocations,
    tokens_input,
    tokens_output,
    tokens_cache_read,
    tokens_cache_write,
    tokens_cache_write_5m,
    tokens_cache_write_1h
FROM told
WHERE
    NOT %(has_after)s
    OR (coalesce(period, timestamptz '-infinity'), model, publisher, provider, aws_region, aws_account, routing, tier,
        cost_center, token_class)
    > (coalesce(%(after_period)s::timestamptz, timestamptz '-infinity'), %(after_model)s, %(after_publisher)s,
        %(after_provider)s, %(after_aws_region)s, %(after_aws_account)s, %(after_routing)s, %(after_tier)s,
        %(after_cost_center)s, %(after_token_class)s)
ORDER BY
    period NULLS FIRST, model, publisher, provider, aws_region, aws_account, routing, tier, cost_center, token_class
LIMIT %(row_limit)s
