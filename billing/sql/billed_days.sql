-- What tokens cost and counted on each UTC day, by what a price depends on: of bill lines whose reading proves the unit.
-- grain: price key, date    replaces: nothing
-- params: provider, charge_category, heading, currency, token_classes    twice: same rows
-- Several lines of one key are added first: AWS bills the same tokens under the names of two families.
SELECT
    s.model_id,
    s.aws_region,
    s.routing_class,
    s.tier,
    s.token_class,
    s.context_band,
    f.date,
    sum(f.cost_net_unblended) AS cost,
    sum(f.quantity * s.tokens_per_unit) AS tokens,
    count(*) AS lines,
    sum(s.tokens_per_unit) AS tokens_per_unit,
    bool_or(f.is_estimated) AS is_estimated,
    array_agg(s.id ORDER BY s.id) AS series_ids
FROM billing_billedcost AS f
JOIN billing_billedseries AS s ON s.organization_id = f.organization_id AND s.id = f.series_id
WHERE
    s.provider = %(provider)s
    AND s.charge_category = %(charge_category)s
    AND s.heading = %(heading)s
    AND s.currency = %(currency)s
    AND s.token_class = ANY (%(token_classes)s::text[])
    AND s.tokens_per_unit IS NOT NULL
    AND s.model_id <> ''
    AND s.aws_region <> ''
    AND s.routing_class <> ''
    AND s.tier <> ''
    AND s.context_band <> ''
GROUP BY s.model_id, s.aws_region, s.routing_class, s.tier, s.token_class, s.context_band, f.date
ORDER BY s.model_id, s.aws_region, s.routing_class, s.tier, s.token_class, s.context_band, f.date
