-- Usage hour by hour: more in office hours than at night and at weekends. A series and an hour always throw the same dice.
INSERT INTO billing_hourlyusage (
    organization_id, hour, series_id, rate_card_id, invocations, client_errors, server_errors, throttles, tokens_input,
    tokens_output, tokens_cache_read, tokens_cache_write, tokens_cache_write_5m, tokens_cache_write_1h, cost_input,
    cost_output, cost_cache_read, cost_cache_write, cost_cache_write_5m, cost_cache_write_1h
)
SELECT
    s.organization_id,
    h.hour,
    s.series_id,
    s.rate_card_id,
    n.calls,
    n.calls / 100,
    0,
    n.calls / 300,
    n.input,
    n.output,
    n.cache_read,
    n.cache_write,
    0,
    0,
    n.input * s.rate_input,
    n.output * s.rate_output,
    CASE WHEN n.cache_read = 0 THEN 0 ELSE n.cache_read * s.rate_cache_read END,
    CASE WHEN n.cache_write = 0 THEN 0 ELSE n.cache_write * s.rate_cache_write END,
    0,
    0
FROM (
    SELECT
        hour,
        extract(EPOCH FROM hour)::bigint AS second,
        CASE WHEN extract(HOUR FROM hour) BETWEEN 7 AND 18 THEN 0.85 ELSE 0.4 END
        * CASE WHEN extract(ISODOW FROM hour) > 5 THEN 0.4 ELSE 1 END AS share
    FROM generate_series(%(start)s::timestamptz, %(end)s::timestamptz - interval '1 hour', interval '1 hour') AS hour
) AS h
CROSS JOIN LATERAL (
    SELECT b.*, hashint8extended(b.series_id, h.second) AS dice
    FROM bench_series AS b
    WHERE b.organization_id = ANY (%(organizations)s)
    OFFSET 0
) AS s
CROSS JOIN LATERAL (SELECT 1 + ((s.dice >> 10) & 255) * s.scale AS calls) AS c
CROSS JOIN LATERAL (
    SELECT
        c.calls,
        c.calls * (200 + ((s.dice >> 18) & 4095)) AS input,
        c.calls * (20 + ((s.dice >> 30) & 511)) AS output,
        c.calls * s.has_cache * ((s.dice >> 39) & 2047) AS cache_read,
        c.calls * s.has_cache * ((s.dice >> 50) & 255) AS cache_write
) AS n
WHERE (s.dice & 1023) < s.busy * h.share
