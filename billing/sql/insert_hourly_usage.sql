-- Loaded usage, rated, put into the hours of one window, which were emptied before.
-- grain: organization, hour, series    replaces: nothing by itself: delete_hourly_usage comes first, in the same transaction
-- loads: hour timestamptz, series_id bigint, rate_card_id bigint, invocations bigint, client_errors bigint, server_errors bigint, throttles bigint, tokens_input bigint, tokens_output bigint, tokens_cache_read bigint, tokens_cache_write bigint, tokens_cache_write_5m bigint, tokens_cache_write_1h bigint, cost_input numeric, cost_output numeric, cost_cache_read numeric, cost_cache_write numeric, cost_cache_write_5m numeric, cost_cache_write_1h numeric
-- params: none    twice: refused, by the key
INSERT INTO billing_hourlyusage (
    hour,
    series_id,
    rate_card_id,
    invocations,
    client_errors,
    server_errors,
    throttles,
    tokens_input,
    tokens_output,
    tokens_cache_read,
    tokens_cache_write,
    tokens_cache_write_5m,
    tokens_cache_write_1h,
    cost_input,
    cost_output,
    cost_cache_read,
    cost_cache_write,
    cost_cache_write_5m,
    cost_cache_write_1h
)
SELECT
    hour,
    series_id,
    rate_card_id,
    invocations,
    client_errors,
    server_errors,
    throttles,
    tokens_input,
    tokens_output,
    tokens_cache_read,
    tokens_cache_write,
    tokens_cache_write_5m,
    tokens_cache_write_1h,
    cost_input,
    cost_output,
    cost_cache_read,
    cost_cache_write,
    cost_cache_write_5m,
    cost_cache_write_1h
FROM loaded
ORDER BY hour, series_id
