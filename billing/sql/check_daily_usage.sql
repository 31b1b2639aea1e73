-- Days whose roll-up is not what their hours add up to: none, ever.
-- grain: organization, day, series    replaces: nothing
-- params: first_hour, last_hour (whole days), first_day, last_day (the same)    twice: same rows
WITH added AS (
    SELECT
        (f.hour AT TIME ZONE 'UTC')::date AS date,
        f.series_id,
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
        nullif(sum(CASE WHEN f.cost_input IS NULL THEN f.tokens_input ELSE 0 END), 0) AS unpriced_input,
        nullif(sum(CASE WHEN f.cost_output IS NULL THEN f.tokens_output ELSE 0 END), 0) AS unpriced_output,
        nullif(sum(CASE WHEN f.cost_cache_read IS NULL THEN f.tokens_cache_read ELSE 0 END), 0) AS unpriced_cache_read,
        nullif(sum(CASE WHEN f.cost_cache_write IS NULL THEN f.tokens_cache_write ELSE 0 END), 0) AS unpriced_cache_write,
        nullif(sum(CASE WHEN f.cost_cache_write_5m IS NULL THEN f.tokens_cache_write_5m ELSE 0 END), 0) AS unpriced_cache_write_5m,
        nullif(sum(CASE WHEN f.cost_cache_write_1h IS NULL THEN f.tokens_cache_write_1h ELSE 0 END), 0) AS unpriced_cache_write_1h,
        nullif(sum(CASE WHEN card.is_assumed_input THEN f.cost_input ELSE 0 END), 0) AS assumed_input,
        nullif(sum(CASE WHEN card.is_assumed_output THEN f.cost_output ELSE 0 END), 0) AS assumed_output,
        nullif(sum(CASE WHEN card.is_assumed_cache_read THEN f.cost_cache_read ELSE 0 END), 0) AS assumed_cache_read,
        nullif(sum(CASE WHEN card.is_assumed_cache_write THEN f.cost_cache_write ELSE 0 END), 0) AS assumed_cache_write,
        nullif(sum(CASE WHEN card.is_assumed_cache_write_5m THEN f.cost_cache_write_5m ELSE 0 END), 0) AS assumed_cache_write_5m,
        nullif(sum(CASE WHEN card.is_assumed_cache_write_1h THEN f.cost_cache_write_1h ELSE 0 END), 0) AS assumed_cache_write_1h
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
    added.invocations IS DISTINCT FROM stored.invocations
    OR added.client_errors IS DISTINCT FROM stored.client_errors
    OR added.server_errors IS DISTINCT FROM stored.server_errors
    OR added.throttles IS DISTINCT FROM stored.throttles
    OR added.tokens_input IS DISTINCT FROM stored.tokens_input
    OR added.tokens_output IS DISTINCT FROM stored.tokens_output
    OR added.tokens_cache_read IS DISTINCT FROM stored.tokens_cache_read
    OR added.tokens_cache_write IS DISTINCT FROM stored.tokens_cache_write
    OR added.tokens_cache_write_5m IS DISTINCT FROM stored.tokens_cache_write_5m
    OR added.tokens_cache_write_1h IS DISTINCT FROM stored.tokens_cache_write_1h
    OR added.cost_input IS DISTINCT FROM stored.cost_input
    OR added.cost_output IS DISTINCT FROM stored.cost_output
    OR added.cost_cache_read IS DISTINCT FROM stored.cost_cache_read
    OR added.cost_cache_write IS DISTINCT FROM stored.cost_cache_write
    OR added.cost_cache_write_5m IS DISTINCT FROM stored.cost_cache_write_5m
    OR added.cost_cache_write_1h IS DISTINCT FROM stored.cost_cache_write_1h
    OR added.unpriced_input IS DISTINCT FROM stored.unpriced_input
    OR added.unpriced_output IS DISTINCT FROM stored.unpriced_output
    OR added.unpriced_cache_read IS DISTINCT FROM stored.unpriced_cache_read
    OR added.unpriced_cache_write IS DISTINCT FROM stored.unpriced_cache_write
    OR added.unpriced_cache_write_5m IS DISTINCT FROM stored.unpriced_cache_write_5m
    OR added.unpriced_cache_write_1h IS DISTINCT FROM stored.unpriced_cache_write_1h
    OR added.assumed_input IS DISTINCT FROM stored.assumed_input
    OR added.assumed_output IS DISTINCT FROM stored.assumed_output
    OR added.assumed_cache_read IS DISTINCT FROM stored.assumed_cache_read
    OR added.assumed_cache_write IS DISTINCT FROM stored.assumed_cache_write
    OR added.assumed_cache_write_5m IS DISTINCT FROM stored.assumed_cache_write_5m
    OR added.assumed_cache_write_1h IS DISTINCT FROM stored.assumed_cache_write_1h
ORDER BY 1, 2
