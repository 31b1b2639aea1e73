"""The control plane under /_sandbox/: what no AWS account offers, for tests and the demonstration."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from urllib.parse import parse_qsl

from billing.sandbox import names, pricing, truth
from billing.sandbox.caller import Request
from billing.sandbox.cost_explorer import plain
from billing.sandbox.dispatch import Dispatcher
from billing.sandbox.ledger import Ledger
from billing.sandbox.prices import private_rates, read_rows
from billing.sandbox.state import ExtraCharge, Fault, Restatement, Role
from billing.sandbox.sts import EXTERNAL_ID, ROLE_ARN
from billing.sandbox.traffic import all_series
from billing.sandbox.wire import Reply

LONGEST_HOURLY: Final = timedelta(days=31)
LONGEST_DELAY: Final = 600.0
RECORD_TYPES: Final = ("Credit", "Refund", "Tax", "Enterprise Discount Program Discount", "Fee")
FAULT_KINDS: Final = ("throttle", "error", "delay", "partial_data", "late_data")
ACTION: Final = re.compile(r"^(\*|[a-z0-9-]+:(\*|[A-Za-z]+))$")


class BadControl(Exception):
    """A control call that makes no sense; the message says why."""


def _reply(status: int, content: Any) -> Reply:
    body = json.dumps(content).encode()
    return Reply(status=status, headers={"Content-Type": "application/json"}, body=body)


def control(dispatcher: Dispatcher, request: Request) -> Reply:
    name = request.path.removeprefix("/_sandbox/").strip("/")
    handler = ROUTES.get((request.method, name))
    if handler is None:
        return _reply(404, {"error": f"no control {request.method} {request.path}"})
    try:
        return _reply(200, handler(dispatcher, _given(request)))
    except (BadControl, KeyError, ValueError, TypeError, InvalidOperation) as error:
        return _reply(400, {"error": f"{type(error).__name__}: {error}"})


def _given(request: Request) -> dict[str, Any]:
    if request.method == "GET":
        return dict(parse_qsl(request.query))
    given = json.loads(request.body or b"{}")
    if not isinstance(given, dict):
        raise BadControl("the body must be a JSON object")
    return given


def health(dispatcher: Dispatcher, _given: Mapping[str, Any]) -> dict[str, Any]:
    world = dispatcher.world
    return {
        "status": "ok",
        "now": world.clock.now().isoformat(),
        "frozen": world.clock.frozen is not None,
        "epoch": world.epoch.isoformat(),
        "visible_until": world.visible_until().isoformat(),
        "billed_until": world.billed_until().isoformat(),
        "accounts": dict(names.ACCOUNT_NAMES),
        "payer": names.PAYER,
        "regions": list(names.REGION_PREFIX),
    }


def put_role(dispatcher: Dispatcher, given: Mapping[str, Any]) -> dict[str, Any]:
    """What a customer does who applies the template."""
    role_arn, external_id = given["role_arn"], given["external_id"]
    denied = given.get("denied_actions", [])
    if not ROLE_ARN.match(role_arn):
        raise BadControl(f"not the ARN of a role: {role_arn!r}")
    if external_id is not None and not EXTERNAL_ID.match(external_id):
        raise BadControl(f"not an external id: {external_id!r}")
    bad = [action for action in denied if not ACTION.match(action)]
    if bad:
        raise BadControl(f"not IAM actions: {bad}")
    dispatcher.state.put_role(Role(role_arn=role_arn, external_id=external_id, denied_actions=tuple(denied)))
    return {"roles": _roles(dispatcher)}


def _roles(dispatcher: Dispatcher) -> list[dict[str, Any]]:
    return [
        {"role_arn": role.role_arn, "external_id": role.external_id, "denied_actions": list(role.denied_actions)}
        for role in dispatcher.state.roles.values()
    ]


def get_roles(dispatcher: Dispatcher, _given: Mapping[str, Any]) -> dict[str, Any]:
    return {"roles": _roles(dispatcher)}


def delete_role(dispatcher: Dispatcher, given: Mapping[str, Any]) -> dict[str, Any]:
    dispatcher.state.delete_role(given["role_arn"])
    return {"roles": _roles(dispatcher)}


def put_fault(dispatcher: Dispatcher, given: Mapping[str, Any]) -> dict[str, Any]:
    fault = Fault(**given)
    if fault.kind not in FAULT_KINDS:
        raise BadControl(f"kind must be one of {', '.join(FAULT_KINDS)}")
    for name in ("count", "every"):
        number = getattr(fault, name)
        if number is not None and (not isinstance(number, int) or number < 1):
            raise BadControl(f"{name} must be a whole number of at least 1")
    if not 0 <= fault.share <= 1 or fault.hours < 1 or not 0 <= fault.delay_seconds <= LONGEST_DELAY:
        raise BadControl("share is 0 to 1, hours at least 1, delay_seconds 0 to 600")
    with dispatcher.state.lock:
        dispatcher.state.faults.append(fault)
    return {"faults": len(dispatcher.state.faults)}


def clear_faults(dispatcher: Dispatcher, _given: Mapping[str, Any]) -> dict[str, Any]:
    with dispatcher.state.lock:
        dispatcher.state.faults.clear()
    return {"faults": 0}


def restate(dispatcher: Dispatcher, given: Mapping[str, Any]) -> dict[str, Any]:
    row = Restatement(
        date=date.fromisoformat(given["date"]),
        service=given["service"],
        usage_type=given["usage_type"],
        factor=Decimal(str(given["factor"])),
        quantity_factor=Decimal(str(given.get("quantity_factor", 1))),
    )
    known = {(line.attributes.service, line.attributes.usage_type) for line in dispatcher.world.snapshot().lines}
    if (row.service, row.usage_type) not in known:
        raise BadControl(f"no such line on the bill: {row.service!r} {row.usage_type!r}")
    dispatcher.state.restate(row)
    return {"restatements": len(dispatcher.state.restatements)}


def put_charge(dispatcher: Dispatcher, given: Mapping[str, Any]) -> dict[str, Any]:
    """Put money on the bill that is for no usage."""
    row = ExtraCharge(
        date=date.fromisoformat(given["date"]),
        account=given.get("account", names.PAYER),
        service=given["service"],
        usage_type=given.get("usage_type", ""),
        record_type=given["record_type"],
        amount=Decimal(str(given["amount"])),
    )
    if row.record_type not in RECORD_TYPES:
        raise BadControl(f"record_type must be one of {', '.join(RECORD_TYPES)}")
    dispatcher.state.charge(row)
    return {"charges": len(dispatcher.state.extra_charges)}


def forget_changes(dispatcher: Dispatcher, _given: Mapping[str, Any]) -> dict[str, Any]:
    """Take restatements and charges back."""
    dispatcher.state.forget_changes()
    return {"restatements": 0, "charges": 0}


def set_clock(dispatcher: Dispatcher, given: Mapping[str, Any]) -> dict[str, Any]:
    """Move a clock that stands still; the real one is nobody's to move."""
    clock = dispatcher.world.clock
    if clock.frozen is None:
        raise BadControl("the clock runs; start the sandbox with --now to move it")
    moment = datetime.fromisoformat(given["now"]) if "now" in given else clock.frozen
    if moment.tzinfo is None:
        raise BadControl("now needs a time zone")
    clock.frozen = moment.astimezone(UTC) + timedelta(seconds=float(given.get("advance_seconds", 0)))
    return {"now": clock.frozen.isoformat()}


def expire_sessions(dispatcher: Dispatcher, _given: Mapping[str, Any]) -> dict[str, Any]:
    return {"expired": dispatcher.state.expire_sessions(dispatcher.world.clock.now())}


def set_page_size(dispatcher: Dispatcher, given: Mapping[str, Any]) -> dict[str, Any]:
    if int(given["size"]) < 1:
        raise BadControl("size must be at least 1")
    with dispatcher.state.lock:
        dispatcher.state.page_sizes[given["action"]] = int(given["size"])
    return {"page_sizes": dispatcher.state.page_sizes}


def get_calls(dispatcher: Dispatcher, _given: Mapping[str, Any]) -> dict[str, Any]:
    return {"calls": dict(dispatcher.state.calls)}


def clear_calls(dispatcher: Dispatcher, _given: Mapping[str, Any]) -> dict[str, Any]:
    with dispatcher.state.lock:
        dispatcher.state.calls.clear()
    return {"calls": {}}


def _range(dispatcher: Dispatcher, given: Mapping[str, Any]) -> tuple[datetime, datetime]:
    world = dispatcher.world
    start = _day(given["start"]) if "start" in given else world.start
    end = _day(given["end"]) if "end" in given else world.clock.now() + timedelta(days=1)
    return start, end


def _day(text: str) -> datetime:
    return datetime.combine(date.fromisoformat(text), datetime.min.time(), tzinfo=UTC)


def get_truth(dispatcher: Dispatcher, given: Mapping[str, Any]) -> dict[str, Any]:
    granularity = given.get("granularity", "day")
    if granularity not in {"day", "hour"}:
        raise BadControl("granularity is day or hour")
    start, end = _range(dispatcher, given)
    if granularity == "hour" and end - start > LONGEST_HOURLY:
        raise BadControl(f"hours are told of {LONGEST_HOURLY.days} days at most: give start and end")
    return truth.published(dispatcher.world, start, end, hourly=granularity == "hour")


def get_bill(dispatcher: Dispatcher, given: Mapping[str, Any]) -> dict[str, Any]:
    """Every line of the bill by day, as far as Cost Explorer has got, Bedrock or not."""
    start, end = _range(dispatcher, given)
    ledger = Ledger.of(dispatcher.world, dispatcher.state)
    charges: dict[tuple[str, ...], list[Any]] = {}
    for charge in ledger.charges(start, end, step_hours=24, wanted=lambda _line: True):
        line = charge.attributes
        day = charge.start.date().isoformat()
        key = (day, line.account, line.region, line.service, line.usage_type, line.record_type)
        row = charges.setdefault(key, [Decimal(0), Decimal(0), charge.unit, line.model])
        row[0] += charge.cost
        row[1] += charge.quantity
    return {
        "rows": [
            {
                "date": key[0],
                "account": key[1],
                "region": key[2],
                "service": key[3],
                "usage_type": key[4],
                "record_type": key[5],
                "cost": plain(cost),
                "quantity": plain(quantity),
                "unit": unit,
                "model": model,
                "bedrock": "Bedrock" in key[3],
                "estimated": dispatcher.world.estimated(date.fromisoformat(key[0])),
            }
            for key, (cost, quantity, unit, model) in sorted(charges.items())
        ]
    }


def get_prices(dispatcher: Dispatcher, _given: Mapping[str, Any]) -> dict[str, Any]:
    epoch = dispatcher.world.epoch
    return {
        "list": read_rows("prices.csv"),
        "private": [
            {
                "model": rate.model,
                "foundation_model_id": names.MODELS[rate.model].aws_id,
                "routing": rate.routing,
                "factor": str(rate.factor),
                "effective_from": (epoch + timedelta(days=rate.from_day)).isoformat(),
            }
            for rate in private_rates()
        ],
    }


def get_price_list(_dispatcher: Dispatcher, given: Mapping[str, Any]) -> dict[str, Any]:
    return pricing.file_of(given["code"])


def get_series(dispatcher: Dispatcher, _given: Mapping[str, Any]) -> dict[str, Any]:
    """What there is: every series with the names it goes by."""
    return {
        "series": [
            {
                "series": series.name,
                "account": series.account,
                "region": series.region,
                "endpoint": series.endpoint,
                "model": series.model,
                "foundation_model_id": names.MODELS[series.model].aws_id,
                "routing": series.routing,
                "team": series.team,
                "aws_model_id": names.cloudwatch_model_id(series) if series.endpoint != "batch" else "",
                "inference_profile_id": names.profile_id(series) if names.has_profile(series) else "",
                "project": names.project_id(series) if series.endpoint == "mantle" else "",
                "service": names.billed_service(series),
                "alive": dispatcher.world.series_alive(series),
            }
            for series in all_series()
        ]
    }


Handler = Callable[[Dispatcher, Mapping[str, Any]], dict[str, Any]]
ROUTES: Final[Mapping[tuple[str, str], Handler]] = {
    ("GET", "health"): health,
    ("GET", "roles"): get_roles,
    ("PUT", "roles"): put_role,
    ("DELETE", "roles"): delete_role,
    ("PUT", "faults"): put_fault,
    ("DELETE", "faults"): clear_faults,
    ("PUT", "restate"): restate,
    ("PUT", "charges"): put_charge,
    ("DELETE", "changes"): forget_changes,
    ("PUT", "clock"): set_clock,
    ("DELETE", "sessions"): expire_sessions,
    ("PUT", "page_sizes"): set_page_size,
    ("GET", "calls"): get_calls,
    ("DELETE", "calls"): clear_calls,
    ("GET", "truth"): get_truth,
    ("GET", "bill"): get_bill,
    ("GET", "prices"): get_prices,
    ("GET", "price-list"): get_price_list,
    ("GET", "series"): get_series,
}
