from collections.abc import Sequence

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q
from django.db.models.functions import Lower

import accounts.tenancy.isolation

SCOPE_KINDS = [("ORGANIZATION", "ORGANIZATION"), ("COST_CENTER", "COST_CENTER"), ("MODEL", "MODEL")]
ALERT_KINDS = [("ACTUAL", "ACTUAL"), ("FORECAST", "FORECAST")]
CHANNEL_KINDS = [("EMAIL", "EMAIL"), ("WEBHOOK", "WEBHOOK")]
CHANNEL_STATES = [("ACTIVE", "ACTIVE"), ("DISABLED", "DISABLED")]
MESSAGE_KINDS = [("BUDGET_ALERT", "BUDGET_ALERT"), ("CHANNEL_TEST", "CHANNEL_TEST")]
DELIVERY_STATES = [("PENDING", "PENDING"), ("SENDING", "SENDING"), ("SENT", "SENT"), ("FAILED", "FAILED")]
FAILURES = [
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
]


def identity() -> models.BigAutoField:
    return models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


def organization() -> models.ForeignKey:
    return models.ForeignKey(
        db_default=accounts.tenancy.isolation.NamedOrganization(),
        db_index=False,
        editable=False,
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to="accounts.organization",
    )


def belongs_to(model: str, name: str) -> models.ForeignKey:
    return models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name=name, to=f"forecasting.{model}")


def points_at(model: str, name: str, **options: bool) -> models.ForeignKey:
    return models.ForeignKey(
        on_delete=django.db.models.deletion.PROTECT, related_name=name, to=f"forecasting.{model}", **options
    )


def moment(*, known: bool = True) -> models.DateTimeField:
    return models.DateTimeField() if known else models.DateTimeField(blank=True, null=True)


def code(choices: Sequence[tuple[str, str]], length: int = 16, **options: object) -> models.CharField:
    return models.CharField(choices=choices, max_length=length, **options)


def percent() -> models.DecimalField:
    return models.DecimalField(decimal_places=1, max_digits=5)


def options(
    *, wall: str, constraints: Sequence[models.BaseConstraint] = (), indexes: Sequence[models.Index] = ()
) -> dict[str, object]:
    return {
        "abstract": False,
        "base_manager_name": "objects",
        "default_manager_name": "objects",
        "constraints": [accounts.tenancy.isolation.TenantIsolation(name=f"{wall}_isolation"), *constraints],
        "indexes": list(indexes),
    }


BUDGET = migrations.CreateModel(
    name="Budget",
    fields=[
        ("id", identity()),
        ("name", models.CharField(max_length=100)),
        ("scope_kind", code(SCOPE_KINDS)),
        ("scope_key", models.CharField(blank=True, default="", max_length=255)),
        ("amount", models.DecimalField(decimal_places=2, max_digits=16)),
        ("currency", models.CharField(max_length=3)),
        ("basis", code([("rated", "rated"), ("billed", "billed")], 8, default="rated")),
        ("period_kind", code([("MONTH", "MONTH")], default="MONTH")),
        ("owner_label", models.CharField(blank=True, default="", max_length=254)),
        ("version", models.PositiveIntegerField(default=1)),
        ("created_at", moment()),
        ("changed_at", moment()),
        ("closed_at", moment(known=False)),
        ("organization", organization()),
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
    options=options(
        wall="budget",
        constraints=[
            models.UniqueConstraint(
                F("organization"), Lower("name"), condition=Q(("closed_at__isnull", True)), name="budget_name_unique"
            ),
            models.CheckConstraint(condition=Q(("amount__gt", 0)), name="budget_amount_positive"),
            models.CheckConstraint(
                condition=Q(
                    Q(("scope_key", ""), ("scope_kind", "ORGANIZATION")),
                    Q(
                        Q(("scope_kind", "ORGANIZATION"), _negated=True),
                        Q(("scope_key", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="budget_scope_has_key",
            ),
        ],
    ),
)
CHANNEL = migrations.CreateModel(
    name="NotificationChannel",
    fields=[
        ("id", identity()),
        ("kind", code(CHANNEL_KINDS)),
        ("name", models.CharField(max_length=100)),
        ("address", models.CharField(max_length=1000)),
        ("language", models.CharField(default="en", max_length=8)),
        ("state", code(CHANNEL_STATES, default="ACTIVE")),
        ("secret_salt", models.CharField(blank=True, default="", max_length=64)),
        ("version", models.PositiveIntegerField(default=1)),
        ("failing_since", moment(known=False)),
        ("created_at", moment()),
        ("changed_at", moment()),
        ("organization", organization()),
    ],
    options=options(
        wall="notificationchannel",
        constraints=[models.UniqueConstraint(F("organization"), Lower("name"), name="channel_name_unique")],
    ),
)
RULE = migrations.CreateModel(
    name="AlertRule",
    fields=[
        ("id", identity()),
        ("threshold_percent", percent()),
        ("kind", code(ALERT_KINDS)),
        ("organization", organization()),
        ("budget", belongs_to("budget", "alert_rules")),
    ],
    options=options(
        wall="alertrule",
        constraints=[
            models.UniqueConstraint(
                fields=("organization", "budget", "threshold_percent", "kind"), name="alert_rule_unique"
            ),
            models.CheckConstraint(
                condition=Q(("threshold_percent__gte", 1), ("threshold_percent__lte", 1000)),
                name="alert_rule_threshold_sensible",
            ),
        ],
    ),
)
RULE_CHANNEL = migrations.CreateModel(
    name="AlertRuleChannel",
    fields=[
        ("id", identity()),
        ("organization", organization()),
        ("rule", belongs_to("alertrule", "channel_links")),
        ("channel", belongs_to("notificationchannel", "rule_links")),
    ],
    options=options(
        wall="alertrulechannel",
        constraints=[
            models.UniqueConstraint(fields=("organization", "rule", "channel"), name="alert_rule_channel_unique")
        ],
    ),
)
EVENT = migrations.CreateModel(
    name="AlertEvent",
    fields=[
        ("id", identity()),
        ("threshold_percent", percent()),
        ("kind", code(ALERT_KINDS)),
        ("period_start", models.DateField()),
        ("payload", models.JSONField()),
        ("at_stake_usd", models.DecimalField(decimal_places=18, max_digits=38)),
        ("raised_at", moment()),
        ("organization", organization()),
        ("budget", points_at("budget", "alert_events")),
    ],
    options=options(
        wall="alertevent",
        constraints=[
            models.UniqueConstraint(
                fields=("organization", "budget", "threshold_percent", "kind", "period_start"),
                name="alert_event_once_per_crossing",
            )
        ],
        indexes=[
            models.Index(fields=["organization", "-period_start", "-at_stake_usd", "-id"], name="alert_event_by_stake")
        ],
    ),
)
DELIVERY = migrations.CreateModel(
    name="Delivery",
    fields=[
        ("id", identity()),
        ("message_kind", code(MESSAGE_KINDS)),
        ("message_id", models.CharField(max_length=64)),
        ("payload", models.JSONField()),
        ("state", code(DELIVERY_STATES, default="PENDING")),
        ("attempt", models.PositiveSmallIntegerField(default=0)),
        ("next_attempt_at", moment(known=False)),
        ("lease_until", moment(known=False)),
        ("failure", code(FAILURES, 24, blank=True, default="")),
        ("failure_detail", models.CharField(blank=True, default="", max_length=200)),
        ("created_at", moment()),
        ("attempted_at", moment(known=False)),
        ("sent_at", moment(known=False)),
        ("organization", organization()),
        ("event", points_at("alertevent", "deliveries", blank=True, null=True)),
        ("channel", points_at("notificationchannel", "deliveries")),
    ],
    options=options(
        wall="delivery",
        constraints=[
            models.UniqueConstraint(
                condition=Q(("event__isnull", False)),
                fields=("organization", "event", "channel"),
                name="delivery_once_per_event_and_channel",
            ),
            models.CheckConstraint(
                condition=Q(
                    Q(("next_attempt_at__isnull", False), ("state", "PENDING")),
                    Q(("state", "PENDING"), _negated=True),
                    _connector="OR",
                ),
                name="delivery_pending_has_next_attempt",
            ),
            models.CheckConstraint(
                condition=Q(
                    Q(("lease_until__isnull", False), ("state", "SENDING")),
                    Q(("state", "SENDING"), _negated=True),
                    _connector="OR",
                ),
                name="delivery_sending_has_lease",
            ),
        ],
        indexes=[
            models.Index(
                condition=Q(("state", "PENDING")), fields=["organization", "next_attempt_at"], name="delivery_due"
            ),
            models.Index(
                condition=Q(("state", "SENDING")), fields=["organization", "lease_until"], name="delivery_leased"
            ),
            models.Index(fields=["organization", "channel", "-id"], name="delivery_log"),
        ],
    ),
)
EVALUATION = migrations.CreateModel(
    name="AlertEvaluation",
    fields=[
        ("id", identity()),
        ("evaluated_at", moment()),
        ("data_until", moment(known=False)),
        ("budgets", models.PositiveIntegerField()),
        ("organization", organization()),
    ],
    options=options(
        wall="alertevaluation",
        constraints=[models.UniqueConstraint(fields=("organization",), name="alert_evaluation_one_row")],
    ),
)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_people_and_organizations"),
        ("forecasting", "0001_forecasts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [BUDGET, CHANNEL, RULE, RULE_CHANNEL, EVENT, DELIVERY, EVALUATION]
