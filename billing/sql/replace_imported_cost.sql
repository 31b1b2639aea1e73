-- Loaded lines of files put in place of one billing period: of some days of one cost source.
-- grain: organization, day, billed series    replaces: the period; a row that says the same is not touched
-- loads: date date, series_id bigint, cost_unblended numeric, cost_net_unblended numeric, cost_amortized numeric, quantity numeric, is_estimated boolean
-- loaded by: date, series_id
-- params: cost_source_id, first_day, last_day    twice: same rows
WITH vanished AS (
    DELETE FROM billing_billedcost AS f
    USING billing_billedseries AS s
    WHERE
        s.organization_id = f.organization_id
        AND s.id = f.series_id
        AND s.cost_source_id = %(cost_source_id)s
        AND f.date >= %(first_day)s
        AND f.date < %(last_day)s
        AND NOT EXISTS (SELECT 1 FROM loaded AS l WHERE l.date = f.date AND l.series_id = f.series_id)
)
INSERT INTO billing_billedcost AS f (
    date, series_id, cost_unblended, cost_net_unblended, cost_amortized, quantity, is_estimated
)
SELECT
    date, series_id, cost_unblended, cost_net_unblended, cost_amortized, quantity, is_estimated
FROM loaded
ORDER BY date, series_id
ON CONFLICT (organization_id, date, series_id) DO UPDATE SET
    cost_unblended = excluded.cost_unblended,
    cost_net_unblended = excluded.cost_net_unblended,
    cost_amortized = excluded.cost_amortized,
    quantity = excluded.quantity,
    is_estimated = excluded.is_estimated
WHERE
    (f.cost_unblended, f.cost_net_unblended, f.cost_amortized, f.quantity, f.is_estimated)
    IS DISTINCT FROM
    (excluded.cost_unblended, excluded.cost_net_unblended, excluded.cost_amortized, excluded.quantity,
        excluded.is_estimated)
