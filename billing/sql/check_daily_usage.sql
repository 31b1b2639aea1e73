-- Days whose roll-up is not what their hours add up to: none, ever.
-- grain: organization, day, series    replaces: nothing
-- params: first_hour, last_hour (whole days), first_day, last_day (the same)    twice: same rows
WITH added AS (
    SELECT
        (f.hour AT TIME ZONE 'UTC')::date AS date,
        f.series_id,
        sum(f.invocations)::bigint AS invocations,
        sum(f.client_errors)::bigint AS client_errors,
        sum(f.server_errors)::bigint AS server_errors,
        sum(f.throttles)::bigint AS throttles,
        sum(f.tokens_input)::bigint AS tokens_input,
        sum(f.tokens_output)::bigint AS tokens_output,
        sum(f.tokens_cache_read)::bigint AS tokens_cache_read,
        sum(f.tokens_cache_write)::bigint AS tokens_cache_write,
        sum(f.tokens_cache_write_5m)::bigint AS tokens_cache_write_5m,
        sum(f.tokens_cache_write_1h)::bigint AS tokens_cache_write_1h,
        sum(f.cost_input) AS cost_input,
        sum(f.cost_output) AS cost_output,
        sum(f.cost_cache_read) AS cost_cache_read,
        sum(f.cost_cache_write) AS cost_cache_write,
        sum(f.cost_cache_write_5m) AS cost_cache_write_5m,
        sum(f.cost_cache_write_1h) AS cost_cache_write_1h,
        (sum(f.tokens_input) FILTER (WHERE f.cost_input IS NULL AND f.tokens_input > 0))::bigint AS unpriced_input,
        (sum(f.tokens_output) FILTER (WHERE f.cost_output IS NULL AND f.tokens_output > 0))::bigint AS unpriced_output,
        (sum(f.tokens_cache_read) FILTER (WHERE f.cost_cache_read IS NULL AND f.tokens_cache_read > 0))::bigint AS unpriced_cache_read,
        (sum(f.tokens_cache_write) FILTER (WHERE f.cost_cache_write IS NULL AND f.tokens_cache_write > 0))::bigint AS unpriced_cache_write,
        (sum(f.tokens_cache_write_5m) FILTER (WHERE f.cost_cache_write_5m IS NULL AND f.tokens_cache_write_5m > 0))::bigint AS unpriced_cache_write_5m,
        (sum(f.tokens_cache_write_1h) FILTER (WHERE f.cost_cache_write_1h IS NULL AND f.tokens_cache_write_1h > 0))::bigint AS unpriced_cache_write_1h,
        sum(f.cost_input) FILTER (WHERE card.is_assumed_input AND f.cost_input > 0) AS assumed_input,
        sum(f.cost_output) FILTER (WHERE card.is_assumed_output AND f.cost_output > 0) AS assumed_output,
        sum(f.cost_cache_read) FILTER (WHERE card.is_assumed_cache_read AND f.cost_cache_read > 0) AS assumed_cache_read,
        sum(f.cost_cache_write) FILTER (WHERE card.is_assumed_cache_write AND f.cost_cache_write > 0) AS assumed_cache_write,
        sum(f.cost_cache_write_5m) FILTER (WHERE card.is_assumed_cache_write_5m AND f.cost_cache_write_5m > 0) AS assumed_cache_write_5m,
        sum(f.cost_cache_write_1h) FILTER (WHERE card.is_assumed_cache_write_1h AND f.cost_cache_write_1h > 0) AS assumed_cache_write_1h
    FROM billing_hourlyusage AS f
    LEFT JOIN billing_ratecard AS card ON card.organization_id = f.organization_id AND card.id = f.rate_card_id
    WHERE f.hour >= %(first_hour)s AND f.hour < %(last_hour)s
    GROUP BY 1, 2
),
stored AS (
    SELECT *
    FROM billing_dailyusage AS f
    WHERE f.date >= %(first_day)s AND f.date < %(last_day)s
)
SELECT coalesce(added.date, stored.date) AS date, coalesce(added.series_id, stored.series_id) AS series_id
FROM added
FULL JOIN stored ON stored.date = added.date AND stored.series_id = added.series_id
WHERE
    (added.date, added.invocations, added.client_errors, added.server_errors, added.throttles,
        added.tokens_input, added.tokens_output, added.tokens_cache_read, added.tokens_cache_write,
        added.tokens_cache_write_5m, added.tokens_cache_write_1h, added.cost_input, added.cost_output,
        added.cost_cache_read, added.cost_cache_write, added.cost_cache_write_5m, added.cost_cache_write_1h,
        added.unpriced_input, added.unpriced_output, added.unpriced_cache_read, added.unpriced_cache_write,
        added.unpriced_cache_write_5m, added.unpriced_cache_write_1h, added.assumed_input,
        added.assumed_output, added.assumed_cache_read, added.assumed_cache_write,
        added.assumed_cache_write_5m, added.assumed_cache_write_1h)
    IS DISTINCT FROM
    (stored.date, stored.invocations, stored.client_errors, stored.server_errors, stored.throttles,
        stored.tokens_input, stored.tokens_output, stored.tokens_cache_read, stored.tokens_cache_write,
        stored.tokens_cache_write_5m, stored.tokens_cache_write_1h, stored.cost_input, stored.cost_output,
        stored.cost_cache_read, stored.cost_cache_write, stored.cost_cache_write_5m,
        stored.cost_cache_write_1h, stored.unpriced_input, stored.unpriced_output, stored.unpriced_cache_read,
        stored.unpriced_cache_write, stored.unpriced_cache_write_5m, stored.unpriced_cache_write_1h,
        stored.assumed_input, stored.assumed_output, stored.assumed_cache_read, stored.assumed_cache_write,
        stored.assumed_cache_write_5m, stored.assumed_cache_write_1h)
UNION
-- The hours that belong to another local day, which are kept apart in the same row.
SELECT stored.date, stored.series_id
FROM stored
WHERE
    stored.moved_from IS NOT NULL
    AND stored.cost_moved IS DISTINCT FROM (
        SELECT
            coalesce(
                sum(
                    coalesce(f.cost_input, 0) + coalesce(f.cost_output, 0) + coalesce(f.cost_cache_read, 0)
                    + coalesce(f.cost_cache_write, 0) + coalesce(f.cost_cache_write_5m, 0)
                    + coalesce(f.cost_cache_write_1h, 0)
                ),
                0
            )
        FROM billing_hourlyusage AS f
        WHERE
            f.hour >= stored.moved_from
            AND f.hour < stored.moved_to
            AND f.hour >= %(first_hour)s
            AND f.hour < %(last_hour)s
            AND f.series_id = stored.series_id
    )
ORDER BY 1, 2
