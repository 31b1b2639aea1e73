-- Empties the hours of one window: those of one account and region.
-- grain: organization, hour, series    replaces: the window, with insert_hourly_usage
-- params: aws_account_id, aws_region, first_hour, last_hour    twice: same rows
DELETE FROM billing_hourlyusage AS f
USING billing_usageseries AS s
WHERE
    s.organization_id = f.organization_id
    AND s.id = f.series_id
    AND s.aws_account_id = %(aws_account_id)s
    AND s.aws_region = %(aws_region)s
    AND f.hour >= %(first_hour)s
    AND f.hour < %(last_hour)s
