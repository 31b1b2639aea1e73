-- What each line that has one rate was used for and cost, in the stretches that an announced price cut compares.
-- grain: account, reading of the line (publisher … heading), unit where no tokens are counted, currency    replaces: nothing
-- params: provider, eve_first_day, before_start, before_end, since_start, since_end, after_start, lately_start, lately_end
--         twice: same rows
WITH daily AS (
    SELECT
        s.aws_account_id,
        s.publisher,
        s.model_id,
        s.aws_region,
        s.routing_class,
        s.tier,
        s.token_class,
        s.context_band,
        s.heading,
        CASE WHEN s.tokens_per_unit IS NULL THEN s.unit ELSE '' END AS unit,
        s.currency,
        f.date,
        sum(f.quantity * coalesce(s.tokens_per_unit, 1)) AS quantity,
        sum(f.cost_net_unblended) AS cost
    FROM billing_billedcost AS f
    JOIN billing_billedseries AS s ON s.organization_id = f.organization_id AND s.id = f.series_id
    WHERE
        f.date >= %(eve_first_day)s
        AND f.date < greatest(%(before_end)s, %(since_end)s, %(lately_end)s)
        AND s.provider = %(provider)s
        AND s.charge_category = 'USAGE'
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
),
marked AS (
    SELECT
        *,
        max(date) FILTER (WHERE date < %(since_start)s AND quantity > 0) OVER (
            PARTITION BY
                aws_account_id, publisher, model_id, aws_region, routing_class, tier, token_class, context_band,
                heading, unit, currency
        ) AS eve
    FROM daily
)
SELECT
    aws_account_id,
    publisher,
    model_id,
    aws_region,
    routing_class,
    tier,
    token_class,
    context_band,
    heading,
    unit,
    currency,
    coalesce(sum(quantity) FILTER (WHERE date >= %(before_start)s AND date < %(before_end)s), 0),
    coalesce(sum(cost) FILTER (WHERE date >= %(before_start)s AND date < %(before_end)s), 0),
    coalesce(sum(quantity) FILTER (WHERE date = eve), 0),
    coalesce(sum(cost) FILTER (WHERE date = eve), 0),
    coalesce(sum(quantity) FILTER (WHERE date >= %(since_start)s AND date < %(since_end)s), 0),
    coalesce(sum(cost) FILTER (WHERE date >= %(since_start)s AND date < %(since_end)s), 0),
    coalesce(sum(quantity) FILTER (WHERE date >= %(after_start)s AND date < %(since_end)s), 0),
    coalesce(sum(cost) FILTER (WHERE date >= %(after_start)s AND date < %(since_end)s), 0),
    coalesce(sum(quantity) FILTER (WHERE date >= %(lately_start)s AND date < %(lately_end)s), 0),
    coalesce(sum(cost) FILTER (WHERE date >= %(lately_start)s AND date < %(lately_end)s), 0)
FROM marked
GROUP BY
    aws_account_id, publisher, model_id, aws_region, routing_class, tier, token_class, context_band, heading, unit, currency
ORDER BY
    aws_account_id, publisher, model_id, aws_region, routing_class, tier, token_class, context_band, heading, unit, currency
