-- Every hour of the month so far was forecast: the whole, each cost center and each model.
INSERT INTO forecasting_forecastrun (
    organization_id, scope_kind, scope_key, month, data_until, made_at, method, calibrated, is_provisional, history_days,
    currency, spent_to_date, total, lo_50, hi_50, lo_80, hi_80, lo_95, hi_95
)
SELECT
    s.organization_id,
    s.kind,
    s.key,
    m.month,
    h.hour,
    h.hour + interval '5 minutes',
    'ensemble',
    TRUE,
    FALSE,
    90,
    'USD',
    100,
    300,
    290,
    310,
    280,
    320,
    250,
    350
FROM generate_series(%(start)s::timestamptz, %(now)s::timestamptz - interval '1 hour', interval '1 hour') AS h (hour)
CROSS JOIN (
    SELECT id AS organization_id, 'ORGANIZATION' AS kind, '' AS key
    FROM accounts_organization
    UNION ALL
    SELECT organization_id, 'COST_CENTER', id::text
    FROM accounts_costcenter
    UNION ALL
    SELECT DISTINCT organization_id, 'MODEL', model_id
    FROM billing_usageseries
) AS s
CROSS JOIN (VALUES (%(start)s::date), ((%(start)s::date + interval '1 month')::date)) AS m (month)
WHERE m.month = %(start)s::date OR h.hour >= %(now)s::timestamptz - interval '3 days'
