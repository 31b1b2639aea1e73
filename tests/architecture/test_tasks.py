"""Every task takes keywords only, has a time limit and a queue, and the timetable names tasks that exist."""

from __future__ import annotations

import inspect

import pytest
from celery import Task

from accounts.access.celery import OrganizationTask
from config.celery import QUEUES, TIMETABLE, app

app.loader.import_default_modules()
OURS = {name: task for name, task in app.tasks.items() if name.split(".")[0] in ("accounts", "billing", "forecasting")}


def test_there_are_tasks() -> None:
    assert OURS


@pytest.mark.parametrize("name", sorted(OURS))
def test_a_task_is_bounded_and_says_what_it_takes(name: str) -> None:
    task: Task = OURS[name]  # type: ignore[type-arg] # celery's Task is generic in its stubs only
    parameters = inspect.signature(task.run).parameters.values()

    assert all(parameter.kind is inspect.Parameter.KEYWORD_ONLY for parameter in parameters)
    assert task.time_limit
    assert QUEUES[name] in {"collection", "rating", "forecasting", "delivery"}
    assert task.acks_late
    assert {"str", "int", "bool", "None"} >= {
        part.strip() for parameter in parameters for part in str(parameter.annotation).split("|")
    }


@pytest.mark.parametrize("name", sorted(OURS))
def test_a_task_of_one_organization_passes_its_door(name: str) -> None:
    """A task that the timetable starts fans out over organizations; every other works inside one."""
    timed = {task for task, _ in TIMETABLE.values()}

    assert (name in timed) != isinstance(OURS[name], OrganizationTask)


def test_the_timetable_names_tasks_that_exist() -> None:
    assert {task for task, _ in TIMETABLE.values()} <= set(OURS)
