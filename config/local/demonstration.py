"""The demonstration: an organization whose AWS is the sandbox, read by the real workers, up to its first alert."""

from __future__ import annotations

import io
import json
import os
import secrets
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.utils import timezone

from accounts.domain.audit import SYSTEM
from accounts.domain.organizations import OrganizationValue
from accounts.operations.cost_centers import create_cost_center
from accounts.queries.memberships import list_members
from accounts.queries.organizations import find_organization_by_slug
from accounts.tenancy.context import organization_scope, tenant_transaction
from billing.domain.catalog import PriceKey, canonical_model
from billing.domain.dimensions import RoutingClass, Tier, TokenClass
from billing.domain.freshness import Backfill
from billing.domain.money import Money
from billing.operations.catalog import override_price
from billing.queries.catalog import get_model_catalog, list_price_overrides
from billing.queries.collection import get_backfill
from billing.sandbox.control import Control
from config.celery import app as celery_app
from config.local.installation import Installation, write_private
from config.local.processes import StartRefused, poll
from config.local.progress import Bar
from forecasting.domain.channels import ChannelKind
from forecasting.domain.forecasts import PublishedForecast
from forecasting.domain.series import WHOLE_ORGANIZATION
from forecasting.domain.thresholds import AlertKind, Threshold
from forecasting.operations.budgets import create_budget
from forecasting.operations.channels import create_channel
from forecasting.queries.budgets import list_budgets, month_of
from forecasting.queries.channels import list_channels
from forecasting.queries.forecasts import find_forecast, find_newest_forecast

SLUG = "acme"
EMAIL = "demo@acme.example"
PASSWORD_VARIABLE = "YOSAN_DEMO_PASSWORD"  # noqa: S105 - the variable's name
# The teams that the sandbox's inference profiles are tagged with, by code, and what people call them.
COST_CENTERS = {
    "platform": "Platform engineering",
    "research": "Research",
    "search": "Search team",
    "support": "Customer support",
}
FISCAL_YEAR_START_MONTH = 4
ROLE = "arn:aws:iam::{account}:role/YosanReadOnly"
BAR_WIDTH = 30
POLL_SECONDS = 0.5
# A worker that was killed leaves its window to the others when its lease has run out, some minutes later.
STALL_SECONDS = 600
ASK_SECONDS = 20
FORECAST_SECONDS = 300
ALERT_SECONDS = 120
# Of what the month may still bring, the share that the budget allows: it is over, and not by much.
ALLOWED = Decimal("0.75")


def seed(installation: Installation) -> None:
    """Make the demonstration, or go on where an earlier start was interrupted. Doing it twice changes nothing."""
    if installation.is_demonstrated:
        return
    noted = installation.read_demonstration()
    organization = find_organization_by_slug(SLUG)
    if organization is None:
        organization, noted = create(installation)
    elif noted is None:
        msg = (
            f"The organization {SLUG} exists, but {installation.demonstration_file} does not: "
            "restore that file, start with YOSAN_DEMO=0, or begin anew with `make reset`."
        )
        raise StartRefused(msg)
    with organization_scope(organization.id):
        connect(installation)
        enter_private_rates(installation)
        collect(organization, installation)
        forecast(organization, installation)
        raise_alert(organization, installation)
    write_private(installation.demonstration_file, {**noted, "ready": "yes"})


def create(installation: Installation) -> tuple[OrganizationValue, dict[str, str]]:
    """Create the organization, its owner and a key, and note down what is shown once."""
    say("Creating the sandbox organization.")
    password = "-".join(secrets.token_hex(3) for _ in range(3))
    os.environ[PASSWORD_VARIABLE] = password
    made = command(
        "create_organization",
        name="Acme",
        slug=SLUG,
        owner_email=EMAIL,
        time_zone="Asia/Tokyo",
        currency="USD",
        fiscal_year_start=FISCAL_YEAR_START_MONTH,
        demonstration=True,
        password_variable=PASSWORD_VARIABLE,
    )
    del os.environ[PASSWORD_VARIABLE]
    noted = {"email": EMAIL, "password": password, "api_key": str(made["api_key"]), "organization": SLUG, "ready": "no"}
    write_private(installation.demonstration_file, noted)
    organization = find_organization_by_slug(SLUG)
    assert organization is not None
    with organization_scope(organization.id), tenant_transaction():
        for code, name in COST_CENTERS.items():
            create_cost_center(actor=SYSTEM, code=code, name=name)
    return organization, noted


def connect(installation: Installation) -> None:
    """Connect the sandbox's accounts as a customer would: each by a role that trusts us with our external id."""
    control = Control(installation.sandbox_url)
    health = control.health()
    known = {role["role_arn"]: role["external_id"] for role in control.call("GET", "roles")["roles"]}
    for account, name in health["accounts"].items():
        role_arn = ROLE.format(account=account)
        external_id = known.get(role_arn) or secrets.token_hex(16)
        control.put_role(role_arn, external_id)
        found = command(
            "connect_aws",
            "--payer" if account == health["payer"] else "--member",
            organization=SLUG,
            role_arn=role_arn,
            external_id=external_id,
            name=name,
        )
        say(f"Connected {name} ({account}), with traffic in {', '.join(found['aws_regions'])}.")


def enter_private_rates(installation: Installation) -> None:
    """Enter what this tenant pays less than the list, from the day on which the sandbox began to charge it."""
    published = Control(installation.sandbox_url).prices()
    with tenant_transaction():
        if list_price_overrides():
            return
        for key, rate, effective_from in private_prices(published):
            override_price(
                actor=SYSTEM,
                key=key,
                rate_usd_per_million=rate,
                effective_from=effective_from,
                source="Private pricing agreement of the sandbox",
                now=timezone.now(),
            )


def private_prices(published: Mapping[str, Any]) -> Iterator[tuple[PriceKey, Decimal, datetime]]:
    """Return the key, the rate and the beginning of each price that the sandbox's private rates come to."""
    catalog = get_model_catalog()
    for private in published["private"]:
        model_id = canonical_model(private["foundation_model_id"], catalog).model_id
        effective_from = datetime.fromisoformat(private["effective_from"]).replace(tzinfo=UTC)
        for row in published["list"]:
            if (row["model"], row["routing"]) == (private["model"], private["routing"]):
                key = PriceKey(
                    model_id=model_id,
                    aws_region=row["region"],
                    routing_class=RoutingClass(row["routing"].upper()),
                    tier=Tier(row["tier"].upper()),
                    token_class=TokenClass(row["token_class"]),
                )
                yield key, Decimal(row["rate_usd_per_million"]) * Decimal(private["factor"]), effective_from


def collect(organization: OrganizationValue, installation: Installation) -> None:
    """Have the workers read the whole past, and show how far they are."""
    began = moved = asked = time.monotonic()
    ask_for_collection(organization)
    bar, before = Bar(), None
    while True:
        found = read_backfill()
        bar.show(line_of(found))
        if found.days_total and not found.windows_left:
            break
        now = time.monotonic()
        if found.windows_left != before:
            before, moved = found.windows_left, now
        elif now - moved > STALL_SECONDS:
            bar.end()
            msg = f"The workers do not get on with reading: see {installation.logs}/worker.log."
            raise StartRefused(msg)
        if now - asked > ASK_SECONDS:
            # What a killed worker held is free again once its lease has run out.
            ask_for_collection(organization)
            asked = now
        time.sleep(POLL_SECONDS)
    bar.end()
    say(f"The past is stored: {found.days_total} days, in {time.monotonic() - began:.0f} s.")


def ask_for_collection(organization: OrganizationValue) -> None:
    """Have a worker hand out what is due."""
    send("billing.tasks.plan_collection", organization)


def read_backfill() -> Backfill:
    """Return how far the past is read."""
    with tenant_transaction():
        return get_backfill(now=timezone.now())


def line_of(found: Backfill) -> str:
    """Return the bar, the rate and the time left."""
    share = found.days_done / found.days_total if found.days_total else 0.0
    filled = round(share * BAR_WIDTH)
    rate = f", {found.days_per_second:,.0f} days/s" if found.days_per_second else ""
    left = found.days_total - found.days_done
    time_left = f", about {left / found.days_per_second:,.0f} s left" if found.days_per_second and left else ""
    return f"Reading usage and cost [{'#' * filled}{'.' * (BAR_WIDTH - filled)}] {share:4.0%}{rate}{time_left}"


def forecast(organization: OrganizationValue, installation: Installation) -> None:
    """Have the forecasting worker say where the month ends."""
    say("Forecasting the month end.")
    send("forecasting.tasks.make_forecasts", organization)

    def is_said() -> bool:
        # One that the timetable asked for while the past was being read says something else.
        newest = find_newest_forecast()
        return newest is not None and not newest.is_provisional

    wait(is_said, seconds=FORECAST_SECONDS, log=installation.logs / "forecasting.log")


def raise_alert(organization: OrganizationValue, installation: Installation) -> None:
    """Set a budget that the forecast is over, and wait until the workers have delivered the alert."""
    say("Setting a budget and waiting for its first alert.")
    with tenant_transaction():
        if not list_budgets():
            _create_budget()
    send("forecasting.tasks.evaluate_organization_alerts", organization)
    if installation.email_url:
        return
    wait(lambda: any(installation.mail.iterdir()), seconds=ALERT_SECONDS, log=installation.logs / "worker.log")


def _create_budget() -> None:
    now = timezone.now()
    owner = next(member for member in list_members() if member.email == EMAIL)
    channels = [channel.id for channel in list_channels()] or [
        create_channel(
            actor=SYSTEM, kind=ChannelKind.EMAIL, name="Finance", address=EMAIL, language="en", now=now
        ).channel.id
    ]
    create_budget(
        actor=SYSTEM,
        name="AI spend of Acme",
        scope=WHOLE_ORGANIZATION,
        amount=Money(amount_below(forecast_of_month(now)), "USD"),
        owner_user_id=owner.user_id,
        # One of the two is crossed today, whatever day it is: the forecast is over, what was spent is not.
        thresholds=tuple(
            Threshold(kind=kind, percent=Decimal(100), channel_ids=tuple(channels))
            for kind in (AlertKind.ACTUAL, AlertKind.FORECAST)
        ),
        now=now,
    )


def forecast_of_month(now: datetime) -> PublishedForecast:
    """Return the organization's forecast of the present month."""
    found = find_forecast(WHOLE_ORGANIZATION, month=month_of(now), as_of=now)
    assert found is not None, "the forecasting worker has said that it is done"
    return found


def amount_below(forecast: PublishedForecast) -> Decimal:
    """Return a round amount between what was spent and what is forecast."""
    wanted = forecast.spent_to_date + (forecast.total - forecast.spent_to_date) * ALLOWED
    for step in (Decimal(1000), Decimal(100), Decimal(10), Decimal(1)):
        rounded = (wanted / step).quantize(Decimal(1), ROUND_HALF_UP) * step
        if forecast.spent_to_date < rounded < forecast.total:
            return rounded
    return wanted.quantize(Decimal("0.01"), ROUND_HALF_UP)


def wait(done: Callable[[], bool], *, seconds: float, log: Path) -> None:
    """Wait for the workers. Raises `StartRefused` when they take too long."""

    def look() -> bool:
        with tenant_transaction():
            return done()

    if not poll(look, seconds=seconds):
        msg = f"The workers have not finished in {seconds:.0f} s: see {log}."
        raise StartRefused(msg)


def send(task: str, organization: OrganizationValue) -> None:
    """Ask a worker, by name."""
    celery_app.send_task(task, kwargs={"organization_id": str(organization.id)})


def command(program: str, /, *flags: str, **options: Any) -> dict[str, Any]:
    """Run a command of ours and return what it printed as JSON."""
    printed = io.StringIO()
    try:
        call_command(program, *flags, as_json=True, stdout=printed, **options)
    except SystemExit:
        msg = f"`manage.py {program}` failed: {printed.getvalue().strip() or 'it gave no reason'}"
        raise StartRefused(msg) from None
    found: dict[str, Any] = json.loads(printed.getvalue())
    return found


def say(sentence: str) -> None:
    """Tell the person at the shell, at once."""
    sys.stdout.write(f"{sentence}\n")
    sys.stdout.flush()
