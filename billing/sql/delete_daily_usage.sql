-- Empties the days that one window touches: those of one account and region.
-- grain: organization, day, series    replaces: the days of the window, with insert_daily_usage
-- params: aws_account_id, aws_region, first_day, last_day    twice: same rows
DELETE FROM billing_dailyusage AS f
USING billing_usageseries AS s
WHERE
    s.organization_id = f.organization_id
    AND s.id = f.series_id
    AND s.aws_account_id = %(aws_account_id)s
    AND s.aws_region = %(aws_region)s
    AND f.date >= %(first_day)s
    AND f.date < %(last_day)s
