import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

import accounts.tenancy.isolation


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_people_and_organizations"),
        ("forecasting", "0001_forecasts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Budget",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=100)),
                (
                    "scope_kind",
                    models.CharField(
                        choices=[("ORGANIZATION", "ORGANIZATION"), ("COST_CENTER", "COST_CENTER"), ("MODEL", "MODEL")],
                        max_length=16,
                    ),
                ),
                ("scope_key", models.CharField(blank=True, default="", max_length=255)),
                ("amount", models.DecimalField(decimal_places=2, max_digits=16)),
                ("currency", models.CharField(max_length=3)),
                (
                    "basis",
                    models.CharField(choices=[("rated", "rated"), ("billed", "billed")], default="rated", max_length=8),
                ),
                ("period_kind", models.CharField(choices=[("MONTH", "MONTH")], default="MONTH", max_length=16)),
                ("owner_label", models.CharField(blank=True, default="", max_length=254)),
                ("version", models.PositiveIntegerField(default=1)),
                ("created_at", models.DateTimeField()),
                ("changed_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "organization",
                    models.ForeignKey(
                        db_default=accounts.tenancy.isolation.NamedOrganization(),
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.organization",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "default_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="AlertRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("threshold_percent", models.DecimalField(decimal_places=1, max_digits=5)),
                ("kind", models.CharField(choices=[("ACTUAL", "ACTUAL"), ("FORECAST", "FORECAST")], max_length=16)),
                (
                    "organization",
                    models.ForeignKey(
                        db_default=accounts.tenancy.isolation.NamedOrganization(),
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.organization",
                    ),
                ),
                (
                    "budget",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="alert_rules", to="forecasting.budget"
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "default_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="AlertEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("threshold_percent", models.DecimalField(decimal_places=1, max_digits=5)),
                ("kind", models.CharField(choices=[("ACTUAL", "ACTUAL"), ("FORECAST", "FORECAST")], max_length=16)),
                ("period_start", models.DateField()),
                ("payload", models.JSONField()),
                ("at_stake_usd", models.DecimalField(decimal_places=18, max_digits=38)),
                ("raised_at", models.DateTimeField()),
                (
                    "organization",
                    models.ForeignKey(
                        db_default=accounts.tenancy.isolation.NamedOrganization(),
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.organization",
                    ),
                ),
                (
                    "budget",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="alert_events",
                        to="forecasting.budget",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "default_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="NotificationChannel",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(choices=[("EMAIL", "EMAIL"), ("WEBHOOK", "WEBHOOK")], max_length=16)),
                ("name", models.CharField(max_length=100)),
                ("address", models.CharField(max_length=1000)),
                ("language", models.CharField(default="en", max_length=8)),
                (
                    "state",
                    models.CharField(
                        choices=[("ACTIVE", "ACTIVE"), ("DISABLED", "DISABLED")], default="ACTIVE", max_length=16
                    ),
                ),
                ("secret_salt", models.CharField(blank=True, default="", max_length=64)),
                ("version", models.PositiveIntegerField(default=1)),
                ("failing_since", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField()),
                ("changed_at", models.DateTimeField()),
                (
                    "organization",
                    models.ForeignKey(
                        db_default=accounts.tenancy.isolation.NamedOrganization(),
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.organization",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "default_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "message_kind",
                    models.CharField(
                        choices=[("BUDGET_ALERT", "BUDGET_ALERT"), ("CHANNEL_TEST", "CHANNEL_TEST")], max_length=16
                    ),
                ),
                ("message_id", models.CharField(max_length=64)),
                ("payload", models.JSONField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("PENDING", "PENDING"),
                            ("SENDING", "SENDING"),
                            ("SENT", "SENT"),
                            ("FAILED", "FAILED"),
                        ],
                        default="PENDING",
                        max_length=16,
                    ),
                ),
                ("attempt", models.PositiveSmallIntegerField(default=0)),
                ("next_attempt_at", models.DateTimeField(blank=True, null=True)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                (
                    "failure",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("ADDRESS_REFUSED", "ADDRESS_REFUSED"),
                            ("CHANNEL_DISABLED", "CHANNEL_DISABLED"),
                            ("NOT_RESOLVED", "NOT_RESOLVED"),
                            ("NOT_REACHED", "NOT_REACHED"),
                            ("NOT_TRUSTED", "NOT_TRUSTED"),
                            ("TOO_SLOW", "TOO_SLOW"),
                            ("REDIRECTED", "REDIRECTED"),
                            ("REFUSED", "REFUSED"),
                            ("UNAVAILABLE", "UNAVAILABLE"),
                            ("INTERRUPTED", "INTERRUPTED"),
                        ],
                        default="",
                        max_length=24,
                    ),
                ),
                ("failure_detail", models.CharField(blank=True, default="", max_length=200)),
                ("created_at", models.DateTimeField()),
                ("attempted_at", models.DateTimeField(blank=True, null=True)),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                (
                    "event",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deliveries",
                        to="forecasting.alertevent",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        db_default=accounts.tenancy.isolation.NamedOrganization(),
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.organization",
                    ),
                ),
                (
                    "channel",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deliveries",
                        to="forecasting.notificationchannel",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "default_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="AlertRuleChannel",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "organization",
                    models.ForeignKey(
                        db_default=accounts.tenancy.isolation.NamedOrganization(),
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.organization",
                    ),
                ),
                (
                    "rule",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="channel_links",
                        to="forecasting.alertrule",
                    ),
                ),
                (
                    "channel",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="rule_links",
                        to="forecasting.notificationchannel",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "default_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="AlertEvaluation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("evaluated_at", models.DateTimeField()),
                ("data_until", models.DateTimeField(blank=True, null=True)),
                ("budgets", models.PositiveIntegerField()),
                (
                    "organization",
                    models.ForeignKey(
                        db_default=accounts.tenancy.isolation.NamedOrganization(),
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.organization",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "default_manager_name": "objects",
                "constraints": [
                    accounts.tenancy.isolation.TenantIsolation(name="alertevaluation_isolation"),
                    models.UniqueConstraint(fields=("organization",), name="alert_evaluation_one_row"),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="budget",
            constraint=accounts.tenancy.isolation.TenantIsolation(name="budget_isolation"),
        ),
        migrations.AddConstraint(
            model_name="budget",
            constraint=models.UniqueConstraint(
                models.F("organization"),
                django.db.models.functions.text.Lower("name"),
                condition=models.Q(("closed_at__isnull", True)),
                name="budget_name_unique",
            ),
        ),
        migrations.AddConstraint(
            model_name="budget",
            constraint=models.CheckConstraint(condition=models.Q(("amount__gt", 0)), name="budget_amount_positive"),
        ),
        migrations.AddConstraint(
            model_name="budget",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("scope_key", ""), ("scope_kind", "ORGANIZATION")),
                    models.Q(
                        models.Q(("scope_kind", "ORGANIZATION"), _negated=True),
                        models.Q(("scope_key", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="budget_scope_has_key",
            ),
        ),
        migrations.AddConstraint(
            model_name="alertrule",
            constraint=accounts.tenancy.isolation.TenantIsolation(name="alertrule_isolation"),
        ),
        migrations.AddConstraint(
            model_name="alertrule",
            constraint=models.UniqueConstraint(
                fields=("organization", "budget", "threshold_percent", "kind"), name="alert_rule_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="alertrule",
            constraint=models.CheckConstraint(
                condition=models.Q(("threshold_percent__gte", 1), ("threshold_percent__lte", 1000)),
                name="alert_rule_threshold_sensible",
            ),
        ),
        migrations.AddIndex(
            model_name="alertevent",
            index=models.Index(
                fields=["organization", "-period_start", "-at_stake_usd", "-id"], name="alert_event_by_stake"
            ),
        ),
        migrations.AddConstraint(
            model_name="alertevent",
            constraint=accounts.tenancy.isolation.TenantIsolation(name="alertevent_isolation"),
        ),
        migrations.AddConstraint(
            model_name="alertevent",
            constraint=models.UniqueConstraint(
                fields=("organization", "budget", "threshold_percent", "kind", "period_start"),
                name="alert_event_once_per_crossing",
            ),
        ),
        migrations.AddConstraint(
            model_name="notificationchannel",
            constraint=accounts.tenancy.isolation.TenantIsolation(name="notificationchannel_isolation"),
        ),
        migrations.AddConstraint(
            model_name="notificationchannel",
            constraint=models.UniqueConstraint(
                models.F("organization"), django.db.models.functions.text.Lower("name"), name="channel_name_unique"
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("state", "PENDING")),
                fields=["organization", "next_attempt_at"],
                name="delivery_due",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("state", "SENDING")), fields=["organization", "lease_until"], name="delivery_leased"
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(fields=["organization", "channel", "-id"], name="delivery_log"),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=accounts.tenancy.isolation.TenantIsolation(name="delivery_isolation"),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.UniqueConstraint(
                condition=models.Q(("event__isnull", False)),
                fields=("organization", "event", "channel"),
                name="delivery_once_per_event_and_channel",
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("next_attempt_at__isnull", False), ("state", "PENDING")),
                    models.Q(("state", "PENDING"), _negated=True),
                    _connector="OR",
                ),
                name="delivery_pending_has_next_attempt",
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("lease_until__isnull", False), ("state", "SENDING")),
                    models.Q(("state", "SENDING"), _negated=True),
                    _connector="OR",
                ),
                name="delivery_sending_has_lease",
            ),
        ),
        migrations.AddConstraint(
            model_name="alertrulechannel",
            constraint=accounts.tenancy.isolation.TenantIsolation(name="alertrulechannel_isolation"),
        ),
        migrations.AddConstraint(
            model_name="alertrulechannel",
            constraint=models.UniqueConstraint(
                fields=("organization", "rule", "channel"), name="alert_rule_channel_unique"
            ),
        ),
    ]
