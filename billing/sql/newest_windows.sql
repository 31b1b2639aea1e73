-- The newest window of each source of some connections, or the newest that has been filled.
-- grain: connection, source, region    replaces: nothing
-- params: connections (ids), are_filled (only windows that have been)    twice: same rows
-- A connection has a window for each region and day of its life. From one source the index leads straight to the next: this
-- reads as many rows as there are sources, where DISTINCT ON would read every window there ever was.
WITH RECURSIVE newest AS (
    (
        SELECT w.id, w.connection_id, w.source, w.aws_region
        FROM billing_collectionwindow AS w
        WHERE
            w.connection_id = ANY (%(connections)s::bigint[])
            AND (NOT %(are_filled)s OR w.filled_until IS NOT NULL)
        ORDER BY w.connection_id, w.source, w.aws_region, w.window_start DESC
        LIMIT 1
    )
    UNION ALL
    SELECT following.id, following.connection_id, following.source, following.aws_region
    FROM newest
    CROSS JOIN LATERAL (
        SELECT w.id, w.connection_id, w.source, w.aws_region
        FROM billing_collectionwindow AS w
        WHERE
            w.connection_id = ANY (%(connections)s::bigint[])
            AND (w.connection_id, w.source, w.aws_region) > (newest.connection_id, newest.source, newest.aws_region)
            AND (NOT %(are_filled)s OR w.filled_until IS NOT NULL)
        ORDER BY w.connection_id, w.source, w.aws_region, w.window_start DESC
        LIMIT 1
    ) AS following
)
SELECT id
FROM newest
