"""Add, change, test, disable a channel."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.urls import reverse
from django.utils.crypto import salted_hmac

from accounts.domain.audit import Actor, Json
from accounts.domain.errors import Conflict, Invalid, Stale
from accounts.domain.text import gettext_noop
from accounts.operations.audit import record_event
from accounts.operations.conflicts import unique_or
from accounts.queries.organizations import get_organization
from accounts.tenancy.context import current_organization_id, tenant_transaction
from forecasting.domain.channels import (
    ChannelKind,
    ChannelState,
    DeliveryState,
    MessageKind,
    check_email_address,
    parse_endpoint,
)
from forecasting.models import Delivery, NotificationChannel
from forecasting.queries.channels import ChannelNotFound, ChannelValue, channel_value

NAME_UNIQUE = "channel_name_unique"

MAX_NAME_LENGTH = 100
SECRET_SALT = "forecasting.webhook"  # noqa: S105 - names the use of the key, is none


class ChannelNameInvalid(Invalid):
    """A channel is known by its name in every budget."""

    code: ClassVar[str] = "channel_name_invalid"
    message: ClassVar[str] = gettext_noop("Enter a name of 1 to %(limit)s characters in one line.")


class ChannelNameTaken(Conflict):
    """Two of one name could not be told apart."""

    code: ClassVar[str] = "channel_name_taken"
    message: ClassVar[str] = gettext_noop("A channel named %(name)s exists already.")


class ChannelChangedMeanwhile(Stale):
    """Somebody else saved first."""

    code: ClassVar[str] = "channel_changed_meanwhile"
    message: ClassVar[str] = gettext_noop(
        "Somebody changed this channel meanwhile. Look at it again and repeat your change."
    )


class ChannelDisabled(Conflict):
    """Nothing is sent to a disabled channel, not even a test."""

    code: ClassVar[str] = "channel_disabled"
    message: ClassVar[str] = gettext_noop("This channel is disabled. Enable it first.")


class ChannelHasNoSecret(Conflict):
    """E-mail is not signed."""

    code: ClassVar[str] = "channel_has_no_secret"
    message: ClassVar[str] = gettext_noop("Only a webhook has a signing secret.")


class LanguageUnknown(Invalid):
    """Messages are written in the languages of the interface."""

    code: ClassVar[str] = "language_unknown"
    message: ClassVar[str] = gettext_noop("Choose one of the languages of the interface.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedChannel:
    """What was saved. `secret`: a webhook's signing secret, told here once and nowhere else; empty otherwise."""

    channel: ChannelValue
    secret: str
    audit_event_id: int


def create_channel(
    *, actor: Actor, kind: ChannelKind, name: str, address: str, language: str, now: datetime
) -> SavedChannel:
    """Add a channel. Raises ChannelNameInvalid, ChannelNameTaken, LanguageUnknown or a ChannelAddressInvalid."""
    name, address = _checked_name(name), _checked_address(kind, address)
    _check_language(language)
    with tenant_transaction():
        with unique_or(ChannelNameTaken(field="name", name=name), constraint=NAME_UNIQUE):
            row = NotificationChannel.objects.create(
                kind=kind,
                name=name,
                address=address,
                language=language,
                secret_salt=_new_salt() if kind is ChannelKind.WEBHOOK else "",
                created_at=now,
                changed_at=now,
            )
        return _saved(row, actor=actor, verb="channel.created", before=None, secret=signing_secret(row.secret_salt))


def change_channel(
    *, actor: Actor, channel_id: int, expected_version: int, name: str, address: str, language: str, now: datetime
) -> SavedChannel:
    """Change a channel's name, address or language; its kind and secret stay.

    Raises ChannelNotFound, ChannelChangedMeanwhile and what create_channel raises.
    """
    name = _checked_name(name)
    _check_language(language)
    with tenant_transaction():
        row = _lock(channel_id)
        if row.version != expected_version:
            raise ChannelChangedMeanwhile
        before = _facts(row)
        row.name, row.language = name, language
        row.address = _checked_address(ChannelKind(row.kind), address)
        with unique_or(ChannelNameTaken(field="name", name=name), constraint=NAME_UNIQUE):
            _save(row, now)
        return _saved(row, actor=actor, verb="channel.changed", before=before)


def rotate_channel_secret(*, actor: Actor, channel_id: int, now: datetime) -> SavedChannel:
    """Give a webhook a new signing secret; the old one is worthless from the next message on.

    Raises ChannelNotFound or ChannelHasNoSecret.
    """
    with tenant_transaction():
        row = _lock(channel_id)
        if row.kind != ChannelKind.WEBHOOK:
            raise ChannelHasNoSecret
        row.secret_salt = _new_salt()
        _save(row, now)
        secret = signing_secret(row.secret_salt)
        return _saved(row, actor=actor, verb="channel.secret_rotated", before=_facts(row), secret=secret)


def disable_channel(*, actor: Actor, channel_id: int, now: datetime) -> SavedChannel:
    """Stop sending to a channel; what waits for it fails, and its log stays. Raises ChannelNotFound."""
    return _set_state(actor=actor, channel_id=channel_id, state=ChannelState.DISABLED, now=now)


def enable_channel(*, actor: Actor, channel_id: int, now: datetime) -> SavedChannel:
    """Send to a channel again. Raises ChannelNotFound."""
    return _set_state(actor=actor, channel_id=channel_id, state=ChannelState.ACTIVE, now=now)


def request_test(*, actor: Actor, channel_id: int, now: datetime) -> int:
    """Write a test message for a worker to send and return its delivery's id; one that still waits is taken instead.

    Raises ChannelNotFound or ChannelDisabled.
    """
    with tenant_transaction():
        row = _lock(channel_id)
        if row.state != ChannelState.ACTIVE:
            raise ChannelDisabled
        waiting = Delivery.objects.filter(
            channel=row,
            message_kind=MessageKind.CHANNEL_TEST,
            state__in=[DeliveryState.PENDING, DeliveryState.SENDING],
        ).first()
        if waiting is not None:
            return waiting.pk
        record_event(actor=actor, verb="channel.tested", target=f"channel:{row.pk}")
        return _write_test(row, actor, now).pk


def signing_secret(salt: str) -> str:
    """Return the secret that a webhook is signed with, in the form of Standard Webhooks; empty without a salt.

    It is made from the installation's key whenever it is needed, so that neither the database nor a dump of it holds
    a secret. Changing that key changes every webhook's secret.
    """
    if not salt:
        return ""
    digest = salted_hmac(SECRET_SALT, salt, algorithm="sha256").digest()
    return f"whsec_{base64.b64encode(digest).decode()}"


def channel_path(organization_slug: str, channel_id: int) -> str:
    """Return where a channel is shown."""
    return reverse("forecasting:channel_detail", kwargs={"org_slug": organization_slug, "channel_id": channel_id})


def _write_test(row: NotificationChannel, actor: Actor, now: datetime) -> Delivery:
    organization = get_organization(current_organization_id())
    return Delivery.objects.create(
        channel=row,
        message_kind=MessageKind.CHANNEL_TEST,
        message_id=f"test_{uuid4()}",
        payload={
            "test": {"organization_name": organization.name, "requested_by": actor.label},
            "paths": {"channel": channel_path(organization.slug, row.pk)},
        },
        next_attempt_at=now,
        created_at=now,
    )


def _set_state(*, actor: Actor, channel_id: int, state: ChannelState, now: datetime) -> SavedChannel:
    with tenant_transaction():
        row = _lock(channel_id)
        before = _facts(row)
        row.state, row.failing_since = state, None
        _save(row, now)
        verb = "channel.enabled" if state is ChannelState.ACTIVE else "channel.disabled"
        return _saved(row, actor=actor, verb=verb, before=before)


def _lock(channel_id: int) -> NotificationChannel:
    row = NotificationChannel.objects.select_for_update().filter(pk=channel_id).first()
    if row is None:
        raise ChannelNotFound
    return row


def _save(row: NotificationChannel, now: datetime) -> None:
    row.version, row.changed_at = row.version + 1, now
    row.save()


def _new_salt() -> str:
    return secrets.token_hex(32)


def _checked_name(name: str) -> str:
    name = name.strip()
    if not 1 <= len(name) <= MAX_NAME_LENGTH or not name.isprintable():
        raise ChannelNameInvalid(field="name", limit=MAX_NAME_LENGTH)
    return name


def _checked_address(kind: ChannelKind, address: str) -> str:
    address = address.strip()
    if kind is ChannelKind.EMAIL:
        return check_email_address(address)
    # By its text alone: resolving a name is a call to the outside, and the guard judges it at every connect anyway.
    parse_endpoint(address, allowed_hosts=settings.WEBHOOK_ALLOWED_HOSTS)
    return address


def _check_language(language: str) -> None:
    if language not in dict(settings.LANGUAGES):
        raise LanguageUnknown(field="language")


def _facts(row: NotificationChannel) -> dict[str, Json]:
    """What an audit line says of a channel; the secret is not among it."""
    return {
        "kind": str(row.kind),
        "name": row.name,
        "address": row.address,
        "language": row.language,
        "state": str(row.state),
    }


def _saved(
    row: NotificationChannel, *, actor: Actor, verb: str, before: Mapping[str, Json] | None, secret: str = ""
) -> SavedChannel:
    after = _facts(row)
    changed = [name for name in after if before is None or before[name] != after[name]]
    event_id = record_event(
        actor=actor,
        verb=verb,
        target=f"channel:{row.pk}",
        before=None if before is None else {name: before[name] for name in changed},
        after={name: after[name] for name in changed},
    )
    return SavedChannel(channel=channel_value(row), secret=secret, audit_event_id=event_id)
