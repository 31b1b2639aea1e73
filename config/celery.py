"""The Celery app and the whole beat timetable, as data."""

from __future__ import annotations

from datetime import timedelta

from celery import Celery
from celery.schedules import crontab
from celery.signals import worker_init

from config.database_role import refuse_unsafe_start

app = Celery("yosan")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# One line for each thing that happens by the clock: name, task, period. Each task lists organizations and enqueues
# work for those that need it; every one may run twice.
TIMETABLE: dict[str, tuple[str, timedelta | crontab]] = {}

app.conf.beat_schedule = {name: {"task": task, "schedule": schedule} for name, (task, schedule) in TIMETABLE.items()}


@worker_init.connect
def refuse_unsafe_role(**_facts: object) -> None:
    """End a worker, before it takes a message, whose database role sees past the wall."""
    refuse_unsafe_start()
