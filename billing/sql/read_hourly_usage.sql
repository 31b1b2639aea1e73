-- The stored counts of one window, to be rated again: in the order of series, so that a rate card serves many rows.
-- grain: hour, series    replaces: nothing
-- params: series_ids, first_hour, last_hour    twice: same rows
SELECT
    f.hour,
    f.series_id,
    f.invocations,
    f.client_errors,
    f.server_errors,
    f.throttles,
    f.tokens_input,
    f.tokens_output,
    f.tokens_cache_read,
    f.tokens_cache_write,
    f.tokens_cache_write_5m,
    f.tokens_cache_write_1h
FROM billing_hourlyusage AS f
WHERE
    f.series_id = ANY (%(series_ids)s)
    AND f.hour >= %(first_hour)s
    AND f.hour < %(last_hour)s
ORDER BY f.series_id, f.hour
