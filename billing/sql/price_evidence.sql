-- The bill's lines by day, newest first, that stand behind a price event or an announcement.
-- grain: day, billed series    replaces: nothing
-- params: provider, first_day, last_day, currency, is_model_id, is_aws_region, is_routing_class, is_tier, is_token_class,
--         is_context_band (null: any), has_after, after_date, after_series_id, row_limit    twice: same rows
SELECT
    f.date,
    f.series_id,
    s.aws_account_id,
    s.service,
    s.usage_type,
    s.publisher,
    s.model_id,
    s.aws_region,
    s.routing_class,
    s.tier,
    s.token_class,
    s.context_band,
    s.heading,
    CASE WHEN s.tokens_per_unit IS NULL THEN s.unit ELSE '' END AS unit,
    f.quantity * coalesce(s.tokens_per_unit, 1) AS quantity,
    f.cost_net_unblended,
    f.is_estimated
FROM billing_billedcost AS f
JOIN billing_billedseries AS s ON s.organization_id = f.organization_id AND s.id = f.series_id
WHERE
    f.date >= %(first_day)s
    AND f.date < %(last_day)s
    AND s.provider = %(provider)s
    AND s.charge_category = 'USAGE'
    AND s.currency = %(currency)s
    AND (%(is_model_id)s::text IS NULL OR s.model_id = %(is_model_id)s)
    AND (%(is_aws_region)s::text IS NULL OR s.aws_region = %(is_aws_region)s)
    AND (%(is_routing_class)s::text IS NULL OR s.routing_class = %(is_routing_class)s)
    AND (%(is_tier)s::text IS NULL OR s.tier = %(is_tier)s)
    AND (%(is_token_class)s::text IS NULL OR s.token_class = %(is_token_class)s)
    AND (%(is_context_band)s::text IS NULL OR coalesce(nullif(s.context_band, ''), 'STANDARD') = %(is_context_band)s)
    AND (NOT %(has_after)s OR f.date < %(after_date)s OR (f.date = %(after_date)s AND f.series_id > %(after_series_id)s))
ORDER BY f.date DESC, f.series_id
LIMIT %(row_limit)s
