"""`Channel` protocol, `Message`, `DeliveryFailed(permanent)`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from accounts.domain.audit import Json
from forecasting.domain.channels import Failure, MessageKind

MAX_DETAIL_LENGTH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is to be said; everything in it was stored when it was decided to say it."""

    id: str  # the same for every attempt, so that a receiver knows a repeated message
    kind: MessageKind
    payload: Mapping[str, Json]
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where it goes: the channel's address, the language of who reads there, and a webhook's signing secret."""

    name: str
    address: str
    language: str
    secret: str = ""


class DeliveryFailed(Exception):
    """The message did not arrive. `permanent`: trying again would not help until a person changes something."""

    def __init__(self, failure: Failure, detail: str = "", *, permanent: bool = False) -> None:
        self.failure = failure
        self.detail = " ".join(detail.split())[:MAX_DETAIL_LENGTH]
        self.permanent = permanent
        super().__init__(f"{failure}: {self.detail}" if self.detail else str(failure))


class Channel(Protocol):
    """One way to send a message."""

    def send(self, message: Message, destination: Destination, *, now: datetime) -> None:
        """Send it, or raise DeliveryFailed. Takes seconds at most and holds no transaction."""
        ...
