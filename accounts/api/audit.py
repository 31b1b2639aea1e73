"""The audit log over REST, read-only."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.response import Response

from accounts.access.api import OrganizationApiRequest, OrganizationApiView
from accounts.access.declarations import PageParameters
from accounts.domain.audit import ActorKind
from accounts.domain.roles import Permission
from accounts.queries.audit import AuditEventValue, AuditFilter, list_audit_events


class AuditEventOutput(serializers.Serializer[Any]):
    """One line of the log."""

    id = serializers.IntegerField()
    recorded_at = serializers.DateTimeField()
    actor_kind = serializers.ChoiceField(choices=list(ActorKind))
    actor = serializers.CharField()
    verb = serializers.CharField()
    target = serializers.CharField()
    before = serializers.DictField(allow_null=True)
    after = serializers.DictField(allow_null=True)
    request_id = serializers.CharField(allow_blank=True)
    example = {
        "id": 1842,
        "recorded_at": "2026-11-10T09:04:00Z",
        "actor_kind": "USER",
        "actor": "Ada",
        "verb": "budget.changed",
        "target": "budget:42",
        "before": {"amount": "1600000"},
        "after": {"amount": "1800000"},
        "request_id": "6f1d0c2b9a9e4c0e8c6f1d0c2b9a9e4c",
    }


class AuditEventParameters(PageParameters):
    """What to look for."""

    actor = serializers.CharField(default="", max_length=120, help_text="Part of the actor's name.")
    verb = serializers.CharField(default="", max_length=64, help_text="For example `budget.changed`.")
    target = serializers.CharField(default="", max_length=128, help_text="`budget:42`, or `budget` for all of them.")
    start = serializers.DateTimeField(default=None, help_text="From this time on.")
    end = serializers.DateTimeField(default=None, help_text="Before this time.")


class AuditEventList(OrganizationApiView):
    """Who changed what, newest first."""

    permissions = {"GET": Permission.VIEW_AUDIT_LOG}
    Parameters = AuditEventParameters
    Output = AuditEventOutput

    def get(self, request: OrganizationApiRequest) -> Response:  # noqa: ARG002 - every handler gets its request
        asked = self.read_parameters()
        after, limit = asked.pop("after"), asked.pop("limit")
        return self.page(list_audit_events(matching=AuditFilter(**asked), after=after, limit=limit), _serialize)


def _serialize(event: AuditEventValue) -> dict[str, object]:
    return {
        "id": event.id,
        "recorded_at": event.recorded_at,
        "actor_kind": event.actor.kind,
        "actor": event.actor.label,
        "verb": event.verb,
        "target": event.target,
        "before": event.before,
        "after": event.after,
        "request_id": event.request_id,
    }
