"""The API keeps to its description: whatever it is sent, by whichever key, no failure and no answer it does not describe."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import pytest
import schemathesis
from django.core.cache import cache
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from django.test import Client
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from accounts.domain.audit import SYSTEM
from accounts.domain.roles import ROLE_PERMISSIONS, Role
from accounts.models import ApiKey
from accounts.operations.api_keys import issue_api_key
from config.reference import list_sections
from forecasting.models import AlertEvent
from forecasting.operations.alerts import evaluate_alert_rules
from tests.cast import NOW, Cast, inside
from tests.factories.accounts import make_cost_center, make_invitation
from tests.factories.allocation import make_any_rule, make_one_split
from tests.factories.billing import make_override, make_saved_view
from tests.factories.forecasting import (
    make_alert_rule,
    make_budget,
    make_data_until,
    make_delivery,
    make_forecast,
    make_rate,
    make_series,
    make_spend,
    make_webhook,
)
from tests.factories.imports import make_import
from tests.factories.price_events import make_announcement, make_price_event
from tests.factories.reconciliation import make_discrepancy, make_invoice

pytestmark = pytest.mark.django_db

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
# Inputs of a call that keep to the description, and such that do not.
EXAMPLES = {GenerationMode.POSITIVE: 6, GenerationMode.NEGATIVE: 4}
NOBODY = "nobody"
# A template is there when a worker has asked AWS who we are.
NOT_YET = "get_connection_template"


@pytest.fixture(autouse=True)
def one_connection(settings: Any) -> Iterator[None]:
    """Let one key ask as often as a test needs it, and keep the test's connection, as Django's own client does."""
    settings.API_REQUESTS_A_MINUTE = 1_000_000
    cache.clear()
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)
    cache.clear()


@pytest.fixture
def ids(cast: Cast) -> dict[str, int]:
    """Acme with a little of everything, by the names of the ids in addresses."""
    with inside(cast.acme):
        connection = make_data_until(NOW)
        center = make_cost_center(code="search", name="Search team")
        make_spend({NOW: 1000, NOW.replace(hour=3): None}, series=make_series(cost_center=center))
        make_forecast(1000, made_at=NOW)
        rate = make_rate()
        channel, budget = make_webhook(), make_budget(amount=10)
        make_alert_rule(budget, channel)
        evaluate_alert_rules(now=NOW)
        return {
            "api_key_id": ApiKey.objects.create(name="Old", prefix="oldoldol", secret_hash="", scopes=[]).pk,
            "invitation_id": make_invitation().pk,
            "price_id": make_override().pk,
            "event_id": make_price_event().pk,
            "announcement_id": make_announcement().pk,
            "rate_id": rate.pk,
            "view_id": make_saved_view().pk,
            "alert_id": AlertEvent.objects.get().pk,
            "budget_id": budget.pk,
            "channel_id": channel.pk,
            "connection_id": connection.pk,
            "cost_center_id": center.pk,
            "delivery_id": make_delivery(channel).pk,
            "user_id": cast.ben.pk,
            "discrepancy_id": make_discrepancy().pk,
            "import_id": make_import().pk,
            "invoice_id": make_invoice().pk,
            "rule_id": make_any_rule().pk,
            "split_id": make_one_split().pk,
        }


def key_of(cast: Cast, role: Role) -> str:
    with inside(cast.acme):
        issued = issue_api_key(
            actor=SYSTEM,
            name=f"key of a {role.lower()}",
            scopes=ROLE_PERMISSIONS[role],
            issuer=ROLE_PERMISSIONS[role],
            expires_at=None,
            now=NOW,
        )
    return issued.text


def description() -> Any:
    return schemathesis.openapi.from_wsgi("/api/v1/schema/", get_wsgi_application())


def broken_promises(
    operation: Any, *, headers: dict[str, str], ids: dict[str, int], mode: Any, examples: int
) -> list[str]:
    """Call an operation with many inputs and return what its answers do against the description."""
    found: dict[str, str] = {}

    @seed(20261124)
    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def call(case: Any) -> None:
        for name in case.path_parameters or {}:
            if mode is GenerationMode.POSITIVE and name in ids:
                case.path_parameters[name] = ids[name]
        # Every call finds the same organization: what it changes is taken back.
        with transaction.atomic():
            response = case.call(headers=headers)
            transaction.set_rollback(True)
        # A body that is too large was refused before anybody read what is wrong in it.
        is_judged = mode is GenerationMode.NEGATIVE and response.status_code != HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        checks = [*CHECKS, *([negative_data_rejection] if is_judged else [])]
        try:
            case.validate_response(response, checks=checks, headers=headers)
        except FailureGroup as group:
            for failure in group.exceptions:
                found.setdefault(type(failure).__name__, f"{case.as_curl_command()}\n{failure}\n{response.text[:500]}")

    call()
    return [f"{operation.label}: {text}" for text in found.values()]


def test_every_id_of_an_address_is_known_here(ids: dict[str, int]) -> None:
    asked = {name for path in description().raw_schema["paths"] for name in re.findall(r"{(\w+)}", path)}

    assert asked == set(ids)


@pytest.mark.parametrize("caller", [*Role, NOBODY])
def test_every_call_keeps_to_the_description(caller: str, cast: Cast, ids: dict[str, int]) -> None:
    headers = {} if caller == NOBODY else {"Authorization": f"Bearer {key_of(cast, Role(caller))}"}
    wrong = []
    for result in description().get_all_operations():
        for mode, examples in EXAMPLES.items():
            few = examples if caller == Role.OWNER else 1
            wrong += broken_promises(result.ok(), headers=headers, ids=ids, mode=mode, examples=few)

    assert not wrong, "\n\n".join(wrong)


def test_every_documented_call_that_reads_is_answered(cast: Cast, ids: dict[str, int]) -> None:
    client = Client(headers={"Authorization": f"Bearer {key_of(cast, Role.OWNER)}"})
    refused = []
    for section in list_sections(""):
        for operation in section.operations:
            if operation.method == "GET" and operation.id != NOT_YET:
                address = re.sub(r"{(\w+)}", lambda name: str(ids[name[1]]), operation.path)
                _, _, query = operation.call.partition('"')[2].partition('"')[0].partition("?")
                answer = client.get(f"{address}?{query}")
                if answer.status_code != HTTPStatus.OK:
                    refused.append(f"{operation.id}: {answer.content.decode()}")

    assert not refused
