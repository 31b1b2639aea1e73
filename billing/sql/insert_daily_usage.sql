-- Hourly usage and rated cost added up into UTC days, for the days that one window touches, which were emptied before.
-- grain: organization, day, series    replaces: nothing by itself: delete_daily_usage comes first, in the same transaction
-- params: aws_account_id, aws_region, first_hour, last_hour (whole days)    twice: refused, by the key
INSERT INTO billing_dailyusage (
    date,
    series_id,
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
    cost_cache_write_1h,
    unpriced_input,
    unpriced_output,
    unpriced_cache_read,
    unpriced_cache_write,
    unpriced_cache_write_5m,
    unpriced_cache_write_1h,
    assumed_input,
    assumed_output,
    assumed_cache_read,
    assumed_cache_write,
    assumed_cache_write_5m,
    assumed_cache_write_1h
)
SELECT
    (f.hour AT TIME ZONE 'UTC')::date,
    f.series_id,
    sum(f.invocations)::bigint,
    sum(f.client_errors)::bigint,
    sum(f.server_errors)::bigint,
    sum(f.throttles)::bigint,
    sum(f.tokens_input)::bigint,
    sum(f.tokens_output)::bigint,
    sum(f.tokens_cache_read)::bigint,
    sum(f.tokens_cache_write)::bigint,
    sum(f.tokens_cache_write_5m)::bigint,
    sum(f.tokens_cache_write_1h)::bigint,
    sum(f.cost_input),
    sum(f.cost_output),
    sum(f.cost_cache_read),
    sum(f.cost_cache_write),
    sum(f.cost_cache_write_5m),
    sum(f.cost_cache_write_1h),
    nullif(sum(CASE WHEN f.cost_input IS NULL THEN f.tokens_input ELSE 0 END), 0)::bigint,
    nullif(sum(CASE WHEN f.cost_output IS NULL THEN f.tokens_output ELSE 0 END), 0)::bigint,
    nullif(sum(CASE WHEN f.cost_cache_read IS NULL THEN f.tokens_cache_read ELSE 0 END), 0)::bigint,
    nullif(sum(CASE WHEN f.cost_cache_write IS NULL THEN f.tokens_cache_write ELSE 0 END), 0)::bigint,
    nullif(sum(CASE WHEN f.cost_cache_write_5m IS NULL THEN f.tokens_cache_write_5m ELSE 0 END), 0)::bigint,
    nullif(sum(CASE WHEN f.cost_cache_write_1h IS NULL THEN f.tokens_cache_write_1h ELSE 0 END), 0)::bigint,
    nullif(sum(CASE WHEN card.is_assumed_input THEN f.cost_input ELSE 0 END), 0),
    nullif(sum(CASE WHEN card.is_assumed_output THEN f.cost_output ELSE 0 END), 0),
    nullif(sum(CASE WHEN card.is_assumed_cache_read THEN f.cost_cache_read ELSE 0 END), 0),
    nullif(sum(CASE WHEN card.is_assumed_cache_write THEN f.cost_cache_write ELSE 0 END), 0),
    nullif(sum(CASE WHEN card.is_assumed_cache_write_5m THEN f.cost_cache_write_5m ELSE 0 END), 0),
    nullif(sum(CASE WHEN card.is_assumed_cache_write_1h THEN f.cost_cache_write_1h ELSE 0 END), 0)
FROM billing_hourlyusage AS f
JOIN billing_usageseries AS s ON s.organization_id = f.organization_id AND s.id = f.series_id
LEFT JOIN billing_ratecard AS card ON card.organization_id = f.organization_id AND card.id = f.rate_card_id
WHERE
    s.aws_account_id = %(aws_account_id)s
    AND s.aws_region = %(aws_region)s
    AND f.hour >= %(first_hour)s
    AND f.hour < %(last_hour)s
GROUP BY 1, 2
ORDER BY 1, 2
