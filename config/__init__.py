"""The roof: settings, timetable and wiring; importing it makes `celery -A config` work."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
