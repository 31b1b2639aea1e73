"""The Celery app and the whole beat timetable, as data."""

from __future__ import annotations

import logging.config
from datetime import timedelta

from celery import Celery
from celery.schedules import crontab
from celery.signals import setup_logging, worker_init
from django.conf import settings

from config.database_role import refuse_unsafe_start

app = Celery("yosan")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# One line for each thing that happens by the clock: name, task, period. Each task lists organizations and enqueues
# work for those that need it; every one may run twice.
TIMETABLE: dict[str, tuple[str, timedelta | crontab]] = {
    "collect what is due": ("billing.tasks.collect_due_windows", timedelta(minutes=10)),
    "read files of bills": ("billing.tasks.import_due_files", timedelta(minutes=1)),
    "verify connections": ("billing.tasks.verify_due_connections", timedelta(minutes=1)),
    "rate again after price changes": ("billing.tasks.rerate_due_windows", timedelta(minutes=2)),
    "allocate again after rule changes": ("billing.tasks.allocate_due_organizations", timedelta(minutes=1)),
    "load the committed price table": ("billing.tasks.sync_prices", crontab(hour="3", minute="10")),
    "read AWS's Price List": ("billing.tasks.sync_price_list", crontab(hour="3", minute="20")),
    "forecast": ("forecasting.tasks.forecast_due_organizations", timedelta(minutes=1)),
    "evaluate alerts": ("forecasting.tasks.evaluate_alerts", timedelta(minutes=1)),
    "deliver notifications": ("forecasting.tasks.deliver_due_notifications", timedelta(minutes=1)),
    "send invitations": ("accounts.tasks.send_due_invitations", timedelta(minutes=1)),
    "forget old answers": ("accounts.tasks.forget_old_answers", crontab(hour="2", minute="40")),
    "erase closed organizations": ("accounts.tasks.erase_closed_organizations", crontab(hour="3", minute="30")),
    "forget old sessions": ("accounts.tasks.forget_sessions", crontab(hour="2", minute="50")),
}

# Which queue a task waits in. Reading AWS may be slow, and forecasting has a worker process of its own, recycled: neither
# holds up a delivery.
QUEUES: dict[str, str] = {
    "accounts.tasks.erase_closed_organizations": "rating",
    "accounts.tasks.erase_organization": "rating",
    "accounts.tasks.forget_answers_of_organization": "delivery",
    "accounts.tasks.forget_old_answers": "delivery",
    "accounts.tasks.forget_sessions": "delivery",
    "accounts.tasks.send_due_invitations": "delivery",
    "accounts.tasks.send_organization_invitations": "delivery",
    "billing.tasks.allocate_due_organizations": "rating",
    "billing.tasks.collect_due_windows": "collection",
    "billing.tasks.collect_window": "collection",
    "billing.tasks.erase_connection_data": "rating",
    "billing.tasks.import_due_files": "collection",
    "billing.tasks.look_after_connections": "collection",
    "billing.tasks.note_principal": "collection",
    "billing.tasks.plan_collection": "collection",
    "billing.tasks.plan_imports": "collection",
    "billing.tasks.rerate_due_windows": "rating",
    "billing.tasks.rerate_windows": "rating",
    "billing.tasks.run_import": "rating",
    "billing.tasks.scan_regions": "collection",
    "billing.tasks.sync_price_list": "collection",
    "billing.tasks.sync_prices": "rating",
    "billing.tasks.verify_connection": "collection",
    "billing.tasks.verify_due_connections": "collection",
    "billing.tasks.work_off_allocation_runs": "rating",
    "forecasting.tasks.deliver_due_notifications": "delivery",
    "forecasting.tasks.deliver_notification": "delivery",
    "forecasting.tasks.deliver_organization_notifications": "delivery",
    "forecasting.tasks.evaluate_alerts": "delivery",
    "forecasting.tasks.evaluate_organization_alerts": "delivery",
    "forecasting.tasks.forecast_due_organizations": "forecasting",
    "forecasting.tasks.make_forecasts": "forecasting",
}

app.conf.task_routes = {task: {"queue": queue} for task, queue in QUEUES.items()}
app.conf.beat_schedule = {name: {"task": task, "schedule": schedule} for name, (task, schedule) in TIMETABLE.items()}


@worker_init.connect
def refuse_unsafe_role(**_facts: object) -> None:
    """End a worker, before it takes a message, whose database role sees past the wall."""
    refuse_unsafe_start()


@setup_logging.connect
def keep_our_log_lines(**_facts: object) -> None:
    """Write the same JSON lines as everywhere else; Celery would set its own form and level."""
    if settings.LOGGING:
        logging.config.dictConfig(settings.LOGGING)
