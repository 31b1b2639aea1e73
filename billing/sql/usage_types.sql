-- What each usage type of AWS's bill was read as, and what it cost in some days.
-- grain: service, usage_type, unit, currency    replaces: nothing
-- params: first_day, last_day, provider, usage (the charge category whose quantities count)    twice: same rows
WITH spent AS (
    SELECT
        f.organization_id,
        f.series_id,
        sum(f.cost_unblended) AS cost,
        sum(f.quantity) AS quantity,
        max(f.date) AS last_day
    FROM billing_billedcost AS f
    WHERE f.date >= %(first_day)s AND f.date < %(last_day)s
    GROUP BY 1, 2
)
SELECT
    s.service,
    s.usage_type,
    s.unit,
    s.currency,
    max(s.model_id) AS model_id,
    max(s.publisher) AS publisher,
    max(s.aws_region) AS aws_region,
    max(s.token_class) AS token_class,
    max(s.tier) AS tier,
    max(s.routing_class) AS routing_class,
    max(s.context_band) AS context_band,
    max(s.heading) AS heading,
    max(s.tokens_per_unit) AS tokens_per_unit,
    -- Of several accounts the least certain.
    CASE WHEN bool_or(s.unit_proof = 'CONTRADICTED') THEN 'CONTRADICTED' ELSE max(s.unit_proof) END AS unit_proof,
    count(DISTINCT s.aws_account_id) AS accounts,
    min(s.first_seen_at) AS first_seen_at,
    coalesce(sum(spent.cost), 0) AS cost,
    coalesce(sum(spent.cost) FILTER (WHERE s.charge_category = %(usage)s), 0) AS cost_of_usage,
    coalesce(sum(spent.quantity) FILTER (WHERE s.charge_category = %(usage)s), 0) AS quantity,
    max(spent.last_day) AS last_day
FROM billing_billedseries AS s
LEFT JOIN spent ON spent.organization_id = s.organization_id AND spent.series_id = s.id
WHERE s.provider = %(provider)s
GROUP BY 1, 2, 3, 4
ORDER BY 1, 2, 3, 4
