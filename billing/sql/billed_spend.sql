-- Billed cost by any set of dimensions, in UTC days as AWS bills them; currencies are never added.
-- grain: period, the dimensions asked for, currency    replaces: nothing
-- params: first_day, last_day, granularity (day, month, or none), by_…, is_… and not_… (dimensions, their filters),
--         provider, after_… (the position after which to read), row_limit    twice: same rows
WITH grouped AS (
    SELECT
        CASE
            WHEN %(granularity)s = 'day' THEN f.date
            WHEN %(granularity)s = 'month' THEN date_trunc('month', f.date::timestamp)::date
        END AS period,
        CASE WHEN %(by_provider)s THEN %(provider)s ELSE '' END AS provider,
        CASE WHEN %(by_aws_account)s THEN s.aws_account_id ELSE '' END AS aws_account,
        CASE WHEN %(by_service)s THEN s.service ELSE '' END AS service,
        CASE WHEN %(by_usage_type)s THEN s.usage_type ELSE '' END AS usage_type,
        CASE WHEN %(by_cost_center)s THEN coalesce(center.code, '') ELSE '' END AS cost_center,
        s.currency,
        sum(f.cost_unblended) AS cost,
        sum(CASE WHEN f.is_estimated THEN f.cost_unblended ELSE 0 END) AS cost_estimated
    FROM billing_billedcost AS f
    JOIN billing_billedseries AS s ON s.organization_id = f.organization_id AND s.id = f.series_id
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
        AND (%(is_provider)s::text[] IS NULL OR %(provider)s = ANY (%(is_provider)s::text[]))
        AND (%(not_provider)s::text[] IS NULL OR %(provider)s <> ALL (%(not_provider)s::text[]))
        AND (%(is_aws_account)s::text[] IS NULL OR s.aws_account_id = ANY (%(is_aws_account)s::text[]))
        AND (%(not_aws_account)s::text[] IS NULL OR s.aws_account_id <> ALL (%(not_aws_account)s::text[]))
        AND (%(is_service)s::text[] IS NULL OR s.service = ANY (%(is_service)s::text[]))
        AND (%(not_service)s::text[] IS NULL OR s.service <> ALL (%(not_service)s::text[]))
        AND (%(is_usage_type)s::text[] IS NULL OR s.usage_type = ANY (%(is_usage_type)s::text[]))
        AND (%(not_usage_type)s::text[] IS NULL OR s.usage_type <> ALL (%(not_usage_type)s::text[]))
        AND (%(is_cost_center)s::text[] IS NULL OR coalesce(center.code, '') = ANY (%(is_cost_center)s::text[]))
        AND (%(not_cost_center)s::text[] IS NULL OR coalesce(center.code, '') <> ALL (%(not_cost_center)s::text[]))
    GROUP BY 1, 2, 3, 4, 5, 6, 7
)
SELECT
    period,
    provider,
    aws_account,
    service,
    usage_type,
    cost_center,
    currency,
    cost,
    cost_estimated
FROM grouped
WHERE
    NOT %(has_after)s
    OR (coalesce(period, date '-infinity'), provider, aws_account, service, usage_type, cost_center, currency)
    > (coalesce(%(after_period)s::date, date '-infinity'), %(after_provider)s, %(after_aws_account)s,
        %(after_service)s, %(after_usage_type)s, %(after_cost_center)s, %(after_currency)s)
ORDER BY period NULLS FIRST, provider, aws_account, service, usage_type, cost_center, currency
LIMIT %(row_limit)s
