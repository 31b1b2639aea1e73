"""App config of the middle floor."""

from django.apps import AppConfig


class BillingConfig(AppConfig):
    """What was used and what it cost: connections, collection, usage, prices, rated and billed cost."""

    name = "billing"
