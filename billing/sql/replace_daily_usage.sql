-- Hourly usage and rated cost added up into UTC days, in place of the days that one window touches.
-- grain: organization, day, series    replaces: the days of the window; the roll-up is made anew
-- params: series_ids, first_hour, last_hour (whole days), first_day, last_day (the same), moved_days, moved_starts, moved_ends
--         (of some days the hours whose cost is kept apart: they belong to another local day)    twice: same rows
WITH emptied AS (
    DELETE FROM billing_dailyusage AS f
    WHERE
        f.series_id = ANY (%(series_ids)s)
        AND f.date >= %(first_day)s
        AND f.date < %(last_day)s
    RETURNING 1
),
moved AS MATERIALIZED (
    SELECT date, starts, ends
    FROM unnest(%(moved_days)s::date[], %(moved_starts)s::timestamptz[], %(moved_ends)s::timestamptz[])
        AS moved (date, starts, ends)
),
cards AS MATERIALIZED (
    SELECT
        card.id,
        card.rates,
        card.is_assumed_input,
        card.is_assumed_output,
        card.is_assumed_cache_read,
        card.is_assumed_cache_write,
        card.is_assumed_cache_write_5m,
        card.is_assumed_cache_write_1h,
        (card.is_assumed_input OR card.is_assumed_output OR card.is_assumed_cache_read OR card.is_assumed_cache_write
            OR card.is_assumed_cache_write_5m OR card.is_assumed_cache_write_1h) AS is_assumed
    FROM billing_ratecard AS card
),
-- By rate card first: within one the price is known or unknown, assumed or not, for all its hours.
by_card AS (
    SELECT
        f.organization_id,
        (f.hour AT TIME ZONE 'UTC')::date AS date,
        f.series_id,
        f.rate_card_id,
        sum(f.invocations) AS invocations,
        sum(f.client_errors) AS client_errors,
        sum(f.server_errors) AS server_errors,
        sum(f.throttles) AS throttles,
        sum(f.tokens_input) AS tokens_input,
        sum(f.tokens_output) AS tokens_output,
        sum(f.tokens_cache_read) AS tokens_cache_read,
        sum(f.tokens_cache_write) AS tokens_cache_write,
        sum(f.tokens_cache_write_5m) AS tokens_cache_write_5m,
        sum(f.tokens_cache_write_1h) AS tokens_cache_write_1h,
        sum(f.cost_input) AS cost_input,
        sum(f.cost_output) AS cost_output,
        sum(f.cost_cache_read) AS cost_cache_read,
        sum(f.cost_cache_write) AS cost_cache_write,
        sum(f.cost_cache_write_5m) AS cost_cache_write_5m,
        sum(f.cost_cache_write_1h) AS cost_cache_write_1h,
        sum(
            CASE
                WHEN f.hour >= moved.starts AND f.hour < moved.ends
                    THEN
                        coalesce(f.cost_input, 0) + coalesce(f.cost_output, 0) + coalesce(f.cost_cache_read, 0)
                        + coalesce(f.cost_cache_write, 0) + coalesce(f.cost_cache_write_5m, 0)
                        + coalesce(f.cost_cache_write_1h, 0)
                ELSE 0
            END
        ) AS cost_moved,
        sum(
            CASE
                WHEN f.hour >= moved.starts AND f.hour < moved.ends
                    THEN
                        CASE WHEN f.cost_input IS NULL THEN f.tokens_input ELSE 0 END
                        + CASE WHEN f.cost_output IS NULL THEN f.tokens_output ELSE 0 END
                        + CASE WHEN f.cost_cache_read IS NULL THEN f.tokens_cache_read ELSE 0 END
                        + CASE WHEN f.cost_cache_write IS NULL THEN f.tokens_cache_write ELSE 0 END
                        + CASE WHEN f.cost_cache_write_5m IS NULL THEN f.tokens_cache_write_5m ELSE 0 END
                        + CASE WHEN f.cost_cache_write_1h IS NULL THEN f.tokens_cache_write_1h ELSE 0 END
                ELSE 0
            END
        ) AS tokens_unpriced_moved,
        sum(
            CASE
                WHEN f.hour >= moved.starts AND f.hour < moved.ends AND card.is_assumed
                    THEN
                        CASE WHEN card.is_assumed_input THEN coalesce(f.cost_input, 0) ELSE 0 END
                        + CASE WHEN card.is_assumed_output THEN coalesce(f.cost_output, 0) ELSE 0 END
                        + CASE WHEN card.is_assumed_cache_read THEN coalesce(f.cost_cache_read, 0) ELSE 0 END
                        + CASE WHEN card.is_assumed_cache_write THEN coalesce(f.cost_cache_write, 0) ELSE 0 END
                        + CASE WHEN card.is_assumed_cache_write_5m THEN coalesce(f.cost_cache_write_5m, 0) ELSE 0 END
                        + CASE WHEN card.is_assumed_cache_write_1h THEN coalesce(f.cost_cache_write_1h, 0) ELSE 0 END
                ELSE 0
            END
        ) AS cost_assumed_moved
    FROM billing_hourlyusage AS f
    LEFT JOIN moved ON moved.date = (f.hour AT TIME ZONE 'UTC')::date
    LEFT JOIN cards AS card ON card.id = f.rate_card_id
    WHERE
        f.series_id = ANY (%(series_ids)s)
        AND f.hour >= %(first_hour)s
        AND f.hour < %(last_hour)s
    GROUP BY 1, 2, 3, 4
)
INSERT INTO billing_dailyusage (
    date, series_id, invocations, client_errors, server_errors, throttles, tokens_input, tokens_output,
    tokens_cache_read, tokens_cache_write, tokens_cache_write_5m, tokens_cache_write_1h, cost_input,
    cost_output, cost_cache_read, cost_cache_write, cost_cache_write_5m, cost_cache_write_1h, unpriced_input,
    unpriced_output, unpriced_cache_read, unpriced_cache_write, unpriced_cache_write_5m,
    unpriced_cache_write_1h, assumed_input, assumed_output, assumed_cache_read, assumed_cache_write,
    assumed_cache_write_5m, assumed_cache_write_1h, moved_from, moved_to, cost_moved, tokens_unpriced_moved,
    cost_assumed_moved
)
SELECT
    d.date,
    d.series_id,
    sum(d.invocations)::bigint,
    sum(d.client_errors)::bigint,
    sum(d.server_errors)::bigint,
    sum(d.throttles)::bigint,
    sum(d.tokens_input)::bigint,
    sum(d.tokens_output)::bigint,
    sum(d.tokens_cache_read)::bigint,
    sum(d.tokens_cache_write)::bigint,
    sum(d.tokens_cache_write_5m)::bigint,
    sum(d.tokens_cache_write_1h)::bigint,
    sum(d.cost_input),
    sum(d.cost_output),
    sum(d.cost_cache_read),
    sum(d.cost_cache_write),
    sum(d.cost_cache_write_5m),
    sum(d.cost_cache_write_1h),
    nullif(sum(CASE WHEN card.rates -> 'input' ->> 'rate' IS NULL THEN d.tokens_input ELSE 0 END), 0)::bigint,
    nullif(sum(CASE WHEN card.rates -> 'output' ->> 'rate' IS NULL THEN d.tokens_output ELSE 0 END), 0)::bigint,
    nullif(sum(CASE WHEN card.rates -> 'cache_read' ->> 'rate' IS NULL THEN d.tokens_cache_read ELSE 0 END), 0)::bigint,
    nullif(sum(CASE WHEN card.rates -> 'cache_write' ->> 'rate' IS NULL THEN d.tokens_cache_write ELSE 0 END), 0)::bigint,
    nullif(sum(CASE WHEN card.rates -> 'cache_write_5m' ->> 'rate' IS NULL THEN d.tokens_cache_write_5m ELSE 0 END), 0)::bigint,
    nullif(sum(CASE WHEN card.rates -> 'cache_write_1h' ->> 'rate' IS NULL THEN d.tokens_cache_write_1h ELSE 0 END), 0)::bigint,
    nullif(sum(CASE WHEN card.is_assumed_input THEN d.cost_input ELSE 0 END), 0),
    nullif(sum(CASE WHEN card.is_assumed_output THEN d.cost_output ELSE 0 END), 0),
    nullif(sum(CASE WHEN card.is_assumed_cache_read THEN d.cost_cache_read ELSE 0 END), 0),
    nullif(sum(CASE WHEN card.is_assumed_cache_write THEN d.cost_cache_write ELSE 0 END), 0),
    nullif(sum(CASE WHEN card.is_assumed_cache_write_5m THEN d.cost_cache_write_5m ELSE 0 END), 0),
    nullif(sum(CASE WHEN card.is_assumed_cache_write_1h THEN d.cost_cache_write_1h ELSE 0 END), 0),
    min(moved.starts),
    min(moved.ends),
    CASE WHEN min(moved.starts) IS NOT NULL THEN sum(d.cost_moved) END,
    CASE WHEN min(moved.starts) IS NOT NULL THEN sum(d.tokens_unpriced_moved)::bigint END,
    CASE WHEN min(moved.starts) IS NOT NULL THEN sum(d.cost_assumed_moved) END
FROM by_card AS d
LEFT JOIN moved ON moved.date = d.date
LEFT JOIN cards AS card ON card.id = d.rate_card_id
-- Always true, and known only when the days are empty: what is inserted finds no row of before.
WHERE (SELECT count(*) FROM emptied) >= 0
GROUP BY 1, 2
ORDER BY 1, 2
