-- Billed cost by any set of dimensions, in UTC days as AWS bills them; currencies are never added.
-- grain: period, the dimensions asked for, currency    replaces: nothing
-- params: first_day, last_day, granularity (day, month, or none), by_…, is_… and not_… (dimensions, their filters),
--         with_model (headings whose lines belong to a model; without one it is not recognised), no_model (what stands
--         for the model of all others), unread (heading of a line that nobody has read yet), after_… (the position
--         after which to read), row_limit    twice: same rows
WITH lines AS (
    SELECT
        organization_id,
        id,
        currency,
        provider,
        aws_account_id AS aws_account,
        service,
        usage_type,
        CASE WHEN model_id <> '' OR heading = ANY (%(with_model)s::text[]) THEN model_id ELSE %(no_model)s END AS model,
        CASE WHEN publisher <> '' OR heading = ANY (%(with_model)s::text[]) THEN publisher ELSE %(no_model)s END AS publisher,
        aws_region,
        token_class,
        tier,
        routing_class AS routing,
        coalesce(nullif(heading, ''), %(unread)s) AS heading,
        charge_category
    FROM billing_billedseries
),
grouped AS (
    SELECT
        CASE
            WHEN %(granularity)s = 'day' THEN f.date
            WHEN %(granularity)s = 'month' THEN date_trunc('month', f.date::timestamp)::date
        END AS period,
        CASE WHEN %(by_provider)s THEN s.provider ELSE '' END AS provider,
        CASE WHEN %(by_aws_account)s THEN s.aws_account ELSE '' END AS aws_account,
        CASE WHEN %(by_service)s THEN s.service ELSE '' END AS service,
        CASE WHEN %(by_usage_type)s THEN s.usage_type ELSE '' END AS usage_type,
        CASE WHEN %(by_model)s THEN s.model ELSE '' END AS model,
        CASE WHEN %(by_publisher)s THEN s.publisher ELSE '' END AS publisher,
        CASE WHEN %(by_aws_region)s THEN s.aws_region ELSE '' END AS aws_region,
        CASE WHEN %(by_token_class)s THEN s.token_class ELSE '' END AS token_class,
        CASE WHEN %(by_tier)s THEN s.tier ELSE '' END AS tier,
        CASE WHEN %(by_routing)s THEN s.routing ELSE '' END AS routing,
        CASE WHEN %(by_heading)s THEN s.heading ELSE '' END AS heading,
        CASE WHEN %(by_charge_category)s THEN s.charge_category ELSE '' END AS charge_category,
        CASE WHEN %(by_cost_center)s THEN coalesce(center.code, '') ELSE '' END AS cost_center,
        s.currency,
        sum(f.cost_unblended) AS cost,
        sum(CASE WHEN f.is_estimated THEN f.cost_unblended ELSE 0 END) AS cost_estimated
    FROM billing_billedcost AS f
    JOIN lines AS s ON s.organization_id = f.organization_id AND s.id = f.series_id
    LEFT JOIN billing_seriesassignment AS a
        ON %(with_cost_center)s
        AND a.organization_id = f.organization_id
        AND a.billed_series_id = f.series_id
        AND (a.assigned_from IS NULL OR a.assigned_from <= f.date)
        AND (a.assigned_to IS NULL OR a.assigned_to > f.date)
    LEFT JOIN accounts_costcenter AS center
        ON %(with_cost_center)s AND center.organization_id = a.organization_id AND center.id = a.cost_center_id
    WHERE
        f.date >= %(first_day)s
        AND f.date < %(last_day)s
        AND (%(is_provider)s::text[] IS NULL OR s.provider = ANY (%(is_provider)s::text[]))
        AND (%(not_provider)s::text[] IS NULL OR s.provider <> ALL (%(not_provider)s::text[]))
        AND (%(is_aws_account)s::text[] IS NULL OR s.aws_account = ANY (%(is_aws_account)s::text[]))
        AND (%(not_aws_account)s::text[] IS NULL OR s.aws_account <> ALL (%(not_aws_account)s::text[]))
        AND (%(is_service)s::text[] IS NULL OR s.service = ANY (%(is_service)s::text[]))
        AND (%(not_service)s::text[] IS NULL OR s.service <> ALL (%(not_service)s::text[]))
        AND (%(is_usage_type)s::text[] IS NULL OR s.usage_type = ANY (%(is_usage_type)s::text[]))
        AND (%(not_usage_type)s::text[] IS NULL OR s.usage_type <> ALL (%(not_usage_type)s::text[]))
        AND (%(is_model)s::text[] IS NULL OR s.model = ANY (%(is_model)s::text[]))
        AND (%(not_model)s::text[] IS NULL OR s.model <> ALL (%(not_model)s::text[]))
        AND (%(is_publisher)s::text[] IS NULL OR s.publisher = ANY (%(is_publisher)s::text[]))
        AND (%(not_publisher)s::text[] IS NULL OR s.publisher <> ALL (%(not_publisher)s::text[]))
        AND (%(is_aws_region)s::text[] IS NULL OR s.aws_region = ANY (%(is_aws_region)s::text[]))
        AND (%(not_aws_region)s::text[] IS NULL OR s.aws_region <> ALL (%(not_aws_region)s::text[]))
        AND (%(is_token_class)s::text[] IS NULL OR s.token_class = ANY (%(is_token_class)s::text[]))
        AND (%(not_token_class)s::text[] IS NULL OR s.token_class <> ALL (%(not_token_class)s::text[]))
        AND (%(is_tier)s::text[] IS NULL OR s.tier = ANY (%(is_tier)s::text[]))
        AND (%(not_tier)s::text[] IS NULL OR s.tier <> ALL (%(not_tier)s::text[]))
        AND (%(is_routing)s::text[] IS NULL OR s.routing = ANY (%(is_routing)s::text[]))
        AND (%(not_routing)s::text[] IS NULL OR s.routing <> ALL (%(not_routing)s::text[]))
        AND (%(is_heading)s::text[] IS NULL OR s.heading = ANY (%(is_heading)s::text[]))
        AND (%(not_heading)s::text[] IS NULL OR s.heading <> ALL (%(not_heading)s::text[]))
        AND (%(is_charge_category)s::text[] IS NULL OR s.charge_category = ANY (%(is_charge_category)s::text[]))
        AND (%(not_charge_category)s::text[] IS NULL OR s.charge_category <> ALL (%(not_charge_category)s::text[]))
        AND (%(is_cost_center)s::text[] IS NULL OR coalesce(center.code, '') = ANY (%(is_cost_center)s::text[]))
        AND (%(not_cost_center)s::text[] IS NULL OR coalesce(center.code, '') <> ALL (%(not_cost_center)s::text[]))
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
)
SELECT
    period,
    provider,
    aws_account,
    service,
    usage_type,
    model,
    publisher,
    aws_region,
    token_class,
    tier,
    routing,
    heading,
    charge_category,
    cost_center,
    currency,
    cost,
    cost_estimated
FROM grouped
WHERE
    NOT %(has_after)s
    OR (coalesce(period, date '-infinity'), provider, aws_account, service, usage_type, model, publisher, aws_region,
        token_class, tier, routing, heading, charge_category, cost_center, currency)
    > (coalesce(%(after_period)s::date, date '-infinity'), %(after_provider)s, %(after_aws_account)s, %(after_service)s,
        %(after_usage_type)s, %(after_model)s, %(after_publisher)s, %(after_aws_region)s,
        %(after_token_class)s, %(after_tier)s, %(after_routing)s, %(after_heading)s,
        %(after_charge_category)s, %(after_cost_center)s, %(after_currency)s)
ORDER BY period NULLS FIRST, provider, aws_account, service, usage_type, model, publisher, aws_region, token_class,
    tier, routing, heading, charge_category, cost_center, currency
LIMIT %(row_limit)s
