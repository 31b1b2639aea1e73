-- Usage of long ago by day alone: whole days are all that is read of it.
INSERT INTO billing_dailyusage (
    organization_id, date, series_id, invocations, client_errors, server_errors, throttles, tokens_input, tokens_output,
    tokens_cache_read, tokens_cache_write, tokens_cache_write_5m, tokens_cache_write_1h, cost_input, cost_output,
    cost_cache_read, cost_cache_write, cost_cache_write_5m, cost_cache_write_1h
)
SELECT
    s.organization_id,
    d.date,
    s.series_id,
    n.calls,
    n.calls / 100,
    0,
    n.calls / 300,
    n.input,
    n.output,
    n.cache_read,
    n.cache_read / 8,
    0,
    0,
    n.input * s.rate_input,
    n.output * s.rate_output,
    CASE WHEN n.cache_read = 0 THEN 0 ELSE n.cache_read * s.rate_cache_read END,
    CASE WHEN n.cache_read < 8 THEN 0 ELSE n.cache_read / 8 * s.rate_cache_write END,
    0,
    0
FROM (
    SELECT day::date AS date, extract(EPOCH FROM day)::bigint AS second
    FROM generate_series(%(start)s::timestamptz, %(end)s::timestamptz - interval '1 day', interval '1 day') AS day
) AS d
CROSS JOIN LATERAL (
    SELECT b.*, hashint8extended(b.series_id, d.second) AS dice
    FROM bench_series AS b
    WHERE b.organization_id = ANY (%(organizations)s)
    OFFSET 0
) AS s
CROSS JOIN LATERAL (SELECT 1 + ((s.dice >> 10) & 2047) * s.scale AS calls) AS c
CROSS JOIN LATERAL (
    SELECT
        c.calls,
        c.calls * (200 + ((s.dice >> 18) & 4095)) AS input,
        c.calls * (20 + ((s.dice >> 30) & 511)) AS output,
        c.calls * s.has_cache * ((s.dice >> 39) & 2047) AS cache_read
) AS n
