-- What a connection has been asked for: each region day by day, the bill month by month.
INSERT INTO billing_collectionwindow (
    organization_id, connection_id, source, aws_region, window_start, window_end, filled_until, state, attempt, failures,
    last_error, read_at, stored_at, rows, rated_at, is_rating_due
)
SELECT
    c.organization_id,
    c.id,
    w.source,
    w.region,
    w.first,
    w.last,
    least(w.last, %(now)s),
    'DONE',
    29,
    0,
    '',
    least(w.last, %(now)s),
    least(w.last, %(now)s),
    100,
    least(w.last, %(now)s),
    FALSE
FROM billing_awsconnection AS c
CROSS JOIN LATERAL (
    SELECT source, region, day AS first, day + interval '1 day' AS last
    FROM generate_series(%(start)s::timestamptz, %(end)s::timestamptz - interval '1 day', interval '1 day') AS day
    CROSS JOIN unnest(c.aws_regions) AS region
    CROSS JOIN unnest(ARRAY['CLOUDWATCH', 'INVENTORY']) AS source
    UNION ALL
    SELECT 'COST_EXPLORER', '', month, month + interval '1 month'
    FROM generate_series(
        date_trunc('month', %(start)s::timestamptz), %(end)s::timestamptz - interval '1 day', interval '1 month'
    ) AS month
) AS w
ON CONFLICT DO NOTHING
