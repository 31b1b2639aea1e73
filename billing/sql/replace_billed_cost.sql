-- Loaded bill lines put in place of one window: of some days of one payer's bill.
-- grain: organization, day, billed series    replaces: the window; a row that says the same is not touched
-- loads: date date, series_id bigint, cost_unblended numeric, cost_net_unblended numeric, cost_amortized numeric, quantity numeric, is_estimated boolean
-- loaded by: date, series_id
-- params: connection_id, first_day, last_day; whole_days (days of the window that were told whole before: what they said is
--         kept), replaced_at    twice: same rows
WITH before AS (
    SELECT f.date, f.series_id, f.cost_unblended, f.cost_net_unblended, f.cost_amortized, f.quantity, s.aws_account_id
    FROM billing_billedcost AS f
    JOIN billing_billedseries AS s ON s.organization_id = f.organization_id AND s.id = f.series_id
    WHERE s.connection_id = %(connection_id)s AND f.date = ANY (%(whole_days)s::date[])
),
kept AS (
    INSERT INTO billing_billedcostversion (
        date, series_id, replaced_at, cost_unblended, cost_net_unblended, cost_amortized, quantity
    )
    SELECT
        coalesce(b.date, l.date),
        coalesce(b.series_id, l.series_id),
        %(replaced_at)s,
        coalesce(b.cost_unblended, 0),
        coalesce(b.cost_net_unblended, 0),
        coalesce(b.cost_amortized, 0),
        coalesce(b.quantity, 0)
    FROM before AS b
    FULL JOIN (SELECT * FROM loaded WHERE date = ANY (%(whole_days)s::date[])) AS l
        ON l.date = b.date AND l.series_id = b.series_id
    WHERE
        (b.cost_unblended, b.cost_net_unblended, b.cost_amortized, b.quantity)
        IS DISTINCT FROM (l.cost_unblended, l.cost_net_unblended, l.cost_amortized, l.quantity)
        -- A line that is new on a day of which this bill said nothing, since a file counts there, is no restatement.
        AND (
            b.series_id IS NOT NULL
            OR EXISTS (
                SELECT 1
                FROM billing_billedseries AS s
                JOIN before AS o ON o.aws_account_id = s.aws_account_id
                WHERE s.id = l.series_id AND o.date = l.date
            )
        )
    ON CONFLICT DO NOTHING
),
vanished AS (
    DELETE FROM billing_billedcost AS f
    USING billing_billedseries AS s
    WHERE
        s.organization_id = f.organization_id
        AND s.id = f.series_id
        AND s.connection_id = %(connection_id)s
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
