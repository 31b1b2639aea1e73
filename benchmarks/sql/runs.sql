-- The lines that the readings of the last weeks have left: a day's window is read after each of its hours and then again.
INSERT INTO billing_collectionrun (
    organization_id, window_id, attempt, started_at, finished_at, outcome, detail, rows, rejected_count, rejected,
    unrated_count, unrated, notes, api_calls, metrics_requested, cost_explorer_requests, aws_charge_usd
)
SELECT
    w.organization_id,
    w.id,
    reading,
    at.moment,
    at.moment + interval '5 seconds',
    'STORED',
    '',
    100,
    0,
    '[]',
    0,
    '[]',
    '[]',
    3,
    40,
    0,
    0.0004
FROM billing_collectionwindow AS w
CROSS JOIN generate_series(1, CASE w.source WHEN 'CLOUDWATCH' THEN 29 ELSE 1 END) AS reading
CROSS JOIN LATERAL (SELECT w.window_start + reading * interval '1 hour' AS moment) AS at
WHERE w.window_start >= %(start)s AND at.moment < %(now)s
ORDER BY at.moment
