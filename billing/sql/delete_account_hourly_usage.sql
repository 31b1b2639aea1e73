-- Deletes the hourly usage of one account, of all time: its owner disconnected it and asked for that.
-- grain: organization, hour, series    replaces: everything of the account, with nothing
-- params: aws_account_id    twice: same rows
DELETE FROM billing_hourlyusage AS f
USING billing_usageseries AS s
WHERE s.organization_id = f.organization_id AND s.id = f.series_id AND s.aws_account_id = %(aws_account_id)s
