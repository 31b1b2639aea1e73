-- What the statements beside this one need to know of each series, in the order of organizations, so that hours are stored
-- in the order in which they come in: hour by hour, in each of them organization by organization.
CREATE UNLOGGED TABLE bench_series AS
SELECT
    s.organization_id,
    s.id AS series_id,
    card.id AS rate_card_id,
    -- A busy series is used in most hours, others now and then; some serve many calls.
    80 + (hashint8extended(s.id, 1) & 1023) * 0.9 AS busy,
    1 + (hashint8extended(s.id, 2) & 15) * (hashint8extended(s.id, 3) & 15) AS scale,
    hashint8extended(s.id, 4) & 1 AS has_cache,
    (card.rates -> 'input' ->> 'rate')::numeric / 1000000 AS rate_input,
    (card.rates -> 'output' ->> 'rate')::numeric / 1000000 AS rate_output,
    (card.rates -> 'cache_read' ->> 'rate')::numeric / 1000000 AS rate_cache_read,
    (card.rates -> 'cache_write' ->> 'rate')::numeric / 1000000 AS rate_cache_write
FROM billing_usageseries AS s
JOIN billing_ratecard AS card
    ON card.organization_id = s.organization_id AND card.model_id = s.model_id AND card.aws_region = s.aws_region
ORDER BY s.organization_id, s.id
