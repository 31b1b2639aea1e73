-- The days of forecasts; of each day only its newest forecast keeps them.
INSERT INTO forecasting_forecastpoint (
    organization_id, run_id, date, amount, running_total, lo_80, hi_80, lo_95, hi_95
)
SELECT r.organization_id, r.id, day::date, 10, 200, 190, 210, 180, 220
FROM forecasting_forecastrun AS r
CROSS JOIN LATERAL generate_series(
    greatest(r.month, r.data_until::date), r.month + interval '1 month' - interval '1 day', interval '1 day'
) AS day
WHERE extract(HOUR FROM r.data_until) = 23 OR r.data_until = %(now)s::timestamptz - interval '1 hour'
