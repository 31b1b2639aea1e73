-- What was counted, and what it costs at our prices, laid out as the match with the bill wants it.
-- grain: UTC day, provider, account, region, model, token class, tier, routing    replaces: nothing
-- params: first_day, last_day    twice: same rows
WITH named AS MATERIALIZED (
    SELECT s.id AS series_id, s.provider, s.aws_account_id, s.aws_region, s.model_id, s.tier, s.routing
    FROM billing_usageseries AS s
    WHERE s.namespace <> 'usage-events'  -- what other meters tell is on no bill of AWS
),
grouped AS (
    SELECT
        f.date,
        n.provider,
        n.aws_account_id,
        n.aws_region,
        n.model_id,
        n.tier,
        n.routing,
        sum(f.tokens_input)::bigint AS tokens_input,
        sum(f.tokens_output)::bigint AS tokens_output,
        sum(f.tokens_cache_read)::bigint AS tokens_cache_read,
        sum(f.tokens_cache_write)::bigint AS tokens_cache_write,
        sum(f.tokens_cache_write_5m)::bigint AS tokens_cache_write_5m,
        sum(f.tokens_cache_write_1h)::bigint AS tokens_cache_write_1h,
        coalesce(sum(f.unpriced_input), 0)::bigint AS unpriced_input,
        coalesce(sum(f.unpriced_output), 0)::bigint AS unpriced_output,
        coalesce(sum(f.unpriced_cache_read), 0)::bigint AS unpriced_cache_read,
        coalesce(sum(f.unpriced_cache_write), 0)::bigint AS unpriced_cache_write,
        coalesce(sum(f.unpriced_cache_write_5m), 0)::bigint AS unpriced_cache_write_5m,
        coalesce(sum(f.unpriced_cache_write_1h), 0)::bigint AS unpriced_cache_write_1h,
        coalesce(sum(f.cost_input), 0) AS cost_input,
        coalesce(sum(f.cost_output), 0) AS cost_output,
        coalesce(sum(f.cost_cache_read), 0) AS cost_cache_read,
        coalesce(sum(f.cost_cache_write), 0) AS cost_cache_write,
        coalesce(sum(f.cost_cache_write_5m), 0) AS cost_cache_write_5m,
        coalesce(sum(f.cost_cache_write_1h), 0) AS cost_cache_write_1h
    FROM billing_dailyusage AS f
    JOIN named AS n ON n.series_id = f.series_id
    WHERE f.date >= %(first_day)s AND f.date < %(last_day)s
    GROUP BY 1, 2, 3, 4, 5, 6, 7
)
SELECT
    g.date, g.provider, g.aws_account_id, g.aws_region, g.model_id, class.token_class, g.tier, g.routing, class.tokens,
    class.unpriced, class.cost
FROM grouped AS g
CROSS JOIN LATERAL (
    VALUES
    ('input', g.tokens_input, g.unpriced_input, g.cost_input),
    ('output', g.tokens_output, g.unpriced_output, g.cost_output),
    ('cache_read', g.tokens_cache_read, g.unpriced_cache_read, g.cost_cache_read),
    ('cache_write', g.tokens_cache_write, g.unpriced_cache_write, g.cost_cache_write),
    ('cache_write_5m', g.tokens_cache_write_5m, g.unpriced_cache_write_5m, g.cost_cache_write_5m),
    ('cache_write_1h', g.tokens_cache_write_1h, g.unpriced_cache_write_1h, g.cost_cache_write_1h)
) AS class (token_class, tokens, unpriced, cost)
WHERE class.tokens > 0
ORDER BY 1, 2, 3, 4, 5, 6, 7, 8
