"""From an HTTP request to an answer: protocol, caller, faults, permission, operation. One row per service."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from billing.sandbox import bedrock, cloudwatch, cost_explorer, pricing, sts
from billing.sandbox.caller import Request, authorize, identify, read_signature
from billing.sandbox.errors import AwsError, NotStaged
from billing.sandbox.service import Context, Operation
from billing.sandbox.state import Fault, State
from billing.sandbox.wire import (
    JsonProtocol,
    Protocol,
    QueryProtocol,
    Reply,
    RestJsonProtocol,
    service_model,
)
from billing.sandbox.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service that is played: botocore's name for it, the prefix of its IAM actions, and its operations."""

    model: str
    iam_prefix: str
    operations: Mapping[str, Operation]


# By the service name in the credential scope. A new service is a module with OPERATIONS and a row here.
SERVICES: Final[Mapping[str, Service]] = {
    "sts": Service(model="sts", iam_prefix="sts", operations=sts.OPERATIONS),
    "monitoring": Service(model="cloudwatch", iam_prefix="cloudwatch", operations=cloudwatch.OPERATIONS),
    "ce": Service(model="ce", iam_prefix="ce", operations=cost_explorer.OPERATIONS),
    "pricing": Service(model="pricing", iam_prefix="pricing", operations=pricing.OPERATIONS),
    "bedrock": Service(model="bedrock", iam_prefix="bedrock", operations=bedrock.OPERATIONS),
}


def protocol_of(service: Service) -> Protocol:
    return _protocol(service.model)


@cache
def _protocol(model_name: str) -> Protocol:
    model = service_model(model_name)
    kind = model.resolved_protocol
    if kind == "query":
        return QueryProtocol(model)
    if kind == "rest-json":
        return RestJsonProtocol(model)
    return JsonProtocol(model, query_codes="awsQueryCompatible" in model.metadata)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatcher:
    world: World
    state: State
    vendor_secret: str | None

    def answer(self, request: Request) -> Reply:
        request_id = str(uuid.uuid4())
        protocol: Protocol | None = None
        try:
            signature = read_signature(request)
            service = _service(signature.service)
            protocol = protocol_of(service)
            reply = self._perform(request, service, protocol, request_id)
        except AwsError as error:
            reply = _writer(protocol).refuse(error, request_id)
        except RecursionError:
            deep = AwsError("SerializationException", "The request is nested too deeply.")
            reply = _writer(protocol).refuse(deep, request_id)
        return Reply(status=reply.status, headers={**reply.headers, "x-amzn-RequestId": request_id}, body=reply.body)

    def _perform(self, request: Request, service: Service, protocol: Protocol, request_id: str) -> Reply:
        signature = read_signature(request)
        now = self.world.clock.now()
        caller = identify(request, signature, self.state, vendor_secret=self.vendor_secret, now=now)
        ask = protocol.read(request)
        call = self.state.note_call(ask.operation)
        faults = self.state.take_faults(ask.operation, caller.role_arn, call)
        _strike(faults, service)
        authorize(caller, f"{service.iam_prefix}:{ask.operation}")
        operation = service.operations.get(ask.operation)
        if operation is None:
            raise NotStaged(f"{service.model}:{ask.operation}")
        context = Context(caller=caller, world=self.world, state=self.state, faults=faults)
        return protocol.write(ask.operation, operation(context, ask.parameters), request_id)


def _writer(protocol: Protocol | None) -> Protocol:
    # Who cannot be told apart is answered in the plainest protocol.
    return protocol or RestJsonProtocol(service_model("bedrock"))


def _service(name: str) -> Service:
    service = SERVICES.get(name)
    if service is None:
        raise NotStaged(f"the service {name}")
    return service


def _strike(faults: tuple[Fault, ...], service: Service) -> None:
    """Delays happen, then the first refusal among the faults."""
    time.sleep(sum(fault.delay_seconds for fault in faults))
    for fault in faults:
        if fault.kind == "throttle":
            code = "ThrottlingException" if service.model in {"ce", "bedrock"} else "Throttling"
            raise AwsError(code, "Rate exceeded")
        if fault.kind == "error":
            raise AwsError("InternalFailure", "Internal service error", status=500, fault="Receiver")
