-- Rated cost of some days by model, of some series: what is compared before and after they are rated again.
-- grain: UTC day, model    replaces: nothing
-- params: days, series_ids    twice: same rows
SELECT
    f.date,
    s.model_id,
    sum(
        coalesce(f.cost_input, 0) + coalesce(f.cost_output, 0) + coalesce(f.cost_cache_read, 0)
        + coalesce(f.cost_cache_write, 0) + coalesce(f.cost_cache_write_5m, 0) + coalesce(f.cost_cache_write_1h, 0)
    ) AS cost
FROM billing_dailyusage AS f
JOIN billing_usageseries AS s ON s.id = f.series_id AND s.namespace <> 'usage-events'
WHERE f.date = ANY (%(days)s::date[]) AND (%(series_ids)s::bigint[] IS NULL OR f.series_id = ANY (%(series_ids)s::bigint[]))
GROUP BY 1, 2
ORDER BY 1, 2
