-- Loaded bill lines put into the days of one window, which were emptied before.
-- grain: organization, day, billed series    replaces: nothing by itself: delete_billed_cost comes first, in the same transaction
-- loads: date date, series_id bigint, cost_unblended numeric, cost_net_unblended numeric, cost_amortized numeric, quantity numeric, is_estimated boolean
-- params: none    twice: refused, by the key
INSERT INTO billing_billedcost (
    date, series_id, cost_unblended, cost_net_unblended, cost_amortized, quantity, is_estimated
)
SELECT
    date, series_id, cost_unblended, cost_net_unblended, cost_amortized, quantity, is_estimated
FROM loaded
ORDER BY date, series_id
