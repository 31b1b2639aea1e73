-- Loaded usage, rated, put in place of one window: of the hours of one account and region.
-- grain: organization, hour, series    replaces: the window; a row that says the same is not touched
-- loads: hour timestamptz, series_id bigint, rate_card_id bigint, invocations bigint, client_errors bigint, server_errors bigint, throttles bigint, tokens_input bigint, tokens_output bigint, tokens_cache_read bigint, tokens_cache_write bigint, tokens_cache_write_5m bigint, tokens_cache_write_1h bigint, cost_input numeric, cost_output numeric, cost_cache_read numeric, cost_cache_write numeric, cost_cache_write_5m numeric, cost_cache_write_1h numeric
-- loaded by: hour, series_id
-- params: series_ids, first_hour, last_hour    twice: same rows
WITH vanished AS (
    DELETE FROM billing_hourlyusage AS f
    WHERE
        f.series_id = ANY (%(series_ids)s)
        AND f.hour >= %(first_hour)s
        AND f.hour < %(last_hour)s
        AND NOT EXISTS (SELECT 1 FROM loaded AS l WHERE l.hour = f.hour AND l.series_id = f.series_id)
)
INSERT INTO billing_hourlyusage AS f (
    hour, series_id, rate_card_id, invocations, client_errors, server_errors, throttles, tokens_input,
    tokens_output, tokens_cache_read, tokens_cache_write, tokens_cache_write_5m, tokens_cache_write_1h,
    cost_input, cost_output, cost_cache_read, cost_cache_write, cost_cache_write_5m, cost_cache_write_1h
)
SELECT
    hour, series_id, rate_card_id, invocations, client_errors, server_errors, throttles, tokens_input,
    tokens_output, tokens_cache_read, tokens_cache_write, tokens_cache_write_5m, tokens_cache_write_1h,
    cost_input, cost_output, cost_cache_read, cost_cache_write, cost_cache_write_5m, cost_cache_write_1h
FROM loaded
ORDER BY hour, series_id
ON CONFLICT (organization_id, hour, series_id) DO UPDATE SET
    rate_card_id = excluded.rate_card_id,
    invocations = excluded.invocations,
    client_errors = excluded.client_errors,
    server_errors = excluded.server_errors,
    throttles = excluded.throttles,
    tokens_input = excluded.tokens_input,
    tokens_output = excluded.tokens_output,
    tokens_cache_read = excluded.tokens_cache_read,
    tokens_cache_write = excluded.tokens_cache_write,
    tokens_cache_write_5m = excluded.tokens_cache_write_5m,
    tokens_cache_write_1h = excluded.tokens_cache_write_1h,
    cost_input = excluded.cost_input,
    cost_output = excluded.cost_output,
    cost_cache_read = excluded.cost_cache_read,
    cost_cache_write = excluded.cost_cache_write,
    cost_cache_write_5m = excluded.cost_cache_write_5m,
    cost_cache_write_1h = excluded.cost_cache_write_1h
WHERE
    (f.rate_card_id, f.invocations, f.client_errors, f.server_errors, f.throttles, f.tokens_input,
        f.tokens_output, f.tokens_cache_read, f.tokens_cache_write, f.tokens_cache_write_5m,
        f.tokens_cache_write_1h, f.cost_input, f.cost_output, f.cost_cache_read, f.cost_cache_write,
        f.cost_cache_write_5m, f.cost_cache_write_1h)
    IS DISTINCT FROM
    (excluded.rate_card_id, excluded.invocations, excluded.client_errors, excluded.server_errors,
        excluded.throttles, excluded.tokens_input, excluded.tokens_output, excluded.tokens_cache_read,
        excluded.tokens_cache_write, excluded.tokens_cache_write_5m, excluded.tokens_cache_write_1h,
        excluded.cost_input, excluded.cost_output, excluded.cost_cache_read, excluded.cost_cache_write,
        excluded.cost_cache_write_5m, excluded.cost_cache_write_1h)
