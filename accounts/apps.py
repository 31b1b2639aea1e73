"""App config of the ground floor; registers the tenancy checks and the grants."""

from django.apps import AppConfig
from django.core.checks import register
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    """Who and where: users, organizations, members, cost centers, keys, the audit log."""

    name = "accounts"

    def ready(self) -> None:
        from accounts.tenancy.checks import check_walls  # noqa: PLC0415 - models are loaded only now
        from accounts.tenancy.grants import grant_to_application  # noqa: PLC0415 - as above

        register(check_walls)
        post_migrate.connect(grant_to_application)
