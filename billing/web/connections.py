"""Connects an AWS account, step by step; shows what becomes of a connection; pauses, resumes, disconnects it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access.celery import nudge
from accounts.access.forms import posted
from accounts.access.sentences import add_error
from accounts.access.web import OrganizationRequest, organization_view
from accounts.domain.errors import CallerError
from accounts.domain.roles import Permission
from billing.domain.connections import COLLECTING_STATES, DEFAULT_TAG_KEY, ConnectionState
from billing.domain.freshness import Backfill
from billing.domain.labels import CONNECTION_KIND_LABELS
from billing.domain.money import EXACT, ZERO, add_up
from billing.operations.connections import (
    change_reading,
    create_connection,
    disconnect_connection,
    enter_role,
    pause_connection,
    rename_connection,
    request_verification,
    resume_connection,
)
from billing.queries.collection import SourceFreshness, get_backfill, get_data_until, list_source_freshness
from billing.queries.connections import (
    Connection,
    find_fix,
    get_connection,
    get_role_template,
    get_role_terraform,
    list_connections,
    list_kept_bills,
)
from billing.queries.reading_notes import list_reading_notes
from billing.queries.watching import get_watching

# How the worker's tasks are called (billing/tasks.py); a view may not import them.
NOTE_PRINCIPAL = "billing.tasks.note_principal"
VERIFY = "billing.tasks.verify_connection"
SEPARATORS = re.compile(r"[\s,、]+")


class ConnectionEditForm(forms.Form):
    """What may be said otherwise later."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        required=False,
        max_length=120,
        help_text=gettext_lazy("What you call the account, for example Production"),
    )
    tag_key = forms.CharField(
        label=gettext_lazy("Tag that names the team"),
        max_length=128,
        initial=DEFAULT_TAG_KEY,
        help_text=gettext_lazy(
            "The key of the tag on your application inference profiles; its value is the code of a cost center"
        ),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )
    aws_regions = forms.CharField(
        label=gettext_lazy("AWS regions"),
        required=False,
        max_length=500,
        help_text=gettext_lazy(
            "For example us-east-1, ap-northeast-1. Left empty, we find those with Bedrock traffic."
        ),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )

    def clean_aws_regions(self) -> list[str]:
        """Read the regions out of a list with commas or spaces."""
        return [part for part in SEPARATORS.split(self.cleaned_data["aws_regions"].strip().lower()) if part]


class ConnectionForm(ConnectionEditForm):
    """What is to be said before the role can be made."""

    kind = forms.ChoiceField(label=gettext_lazy("This AWS account is"), widget=forms.RadioSelect)
    field_order = ("kind", "name", "tag_key", "aws_regions")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kind = self.fields["kind"]
        assert isinstance(kind, forms.ChoiceField)
        kind.choices = [(code.value, _(label)) for code, label in CONNECTION_KIND_LABELS.items()]


class RoleForm(forms.Form):
    """The role that the customer has made."""

    role_arn = forms.CharField(
        label=gettext_lazy("ARN of the role"),
        max_length=700,
        help_text=gettext_lazy("Under Outputs of the stack, for example arn:aws:iam::123456789012:role/YosanReader"),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false", "autocomplete": "off"}),
    )


class DisconnectForm(forms.Form):
    """What becomes of the data."""

    outcome = forms.ChoiceField(
        label=gettext_lazy("What was read so far"),
        widget=forms.RadioSelect,
        choices=(
            ("keep", gettext_lazy("Keep it: past months stay as they are")),
            ("delete", gettext_lazy("Delete it: usage and cost of this account vanish from every total")),
        ),
    )


@require_safe
@organization_view(Permission.VIEW_SPEND)
def connection_list(request: OrganizationRequest) -> HttpResponse:
    """Show the AWS accounts and what each of their sources is up to."""
    connections = list_connections()
    context = {
        "connections": connections,
        "granted": {
            one.id: sum(permission.is_granted is True for permission in one.permissions) for one in connections
        },
        "sources": list_source_freshness(now=request.now),
        "failing": [connection for connection in connections if connection.fault],
        "data_until": get_data_until(now=request.now).rated,
        "watching": _watching(connections),
        "backfill": _backfill(request, None),
    }
    return render(request, "billing/connections/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@organization_view(Permission.EDIT_CONNECTIONS)
def connection_create(request: OrganizationRequest) -> HttpResponse:
    """Begin to connect an account; its external id is made by us."""
    form = ConnectionForm(posted(request), initial={"tag_key": DEFAULT_TAG_KEY})
    if request.method == "POST" and form.is_valid():
        try:
            connection_id = create_connection(actor=request.actor, now=request.now, **form.cleaned_data)
        except CallerError as error:
            add_error(form, error)
        else:
            nudge(NOTE_PRINCIPAL, organization_id=request.organization.id, connection_id=connection_id)
            return _to_detail(request, connection_id)
    return render(request, "billing/connections/form.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@organization_view(Permission.EDIT_CONNECTIONS)
def connection_edit(request: OrganizationRequest, connection_id: int) -> HttpResponse:
    """Change a connection's name, the tag that names the team, and the regions that are read."""
    connection = get_connection(connection_id)
    initial = {
        "name": connection.name,
        "tag_key": connection.tag_key,
        "aws_regions": ", ".join(connection.aws_regions_asked),
    }
    form = ConnectionEditForm(posted(request), initial=initial)
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        try:
            if (name := given.pop("name").strip()) != connection.name:
                rename_connection(actor=request.actor, connection_id=connection_id, name=name)
            change_reading(actor=request.actor, connection_id=connection_id, **given)
        except CallerError as error:
            add_error(form, error)
        else:
            messages.success(request, _("Saved. The next reading follows it."))
            return _to_detail(request, connection_id)
    context = {"form": form, "connection": connection}
    return render(request, "billing/connections/edit.html", context, status=422 if form.errors else 200)


@require_safe
@organization_view(Permission.VIEW_SPEND)
def connection_detail(request: OrganizationRequest, connection_id: int) -> HttpResponse:
    """Show a connection: the steps that are left, or its sources; htmx asks for what changes meanwhile."""
    connection = get_connection(connection_id)
    template = "billing/connections/_state.html" if request.htmx else "billing/connections/detail.html"
    return render(request, template, _detail(request, connection, RoleForm(initial={"role_arn": connection.role_arn})))


@require_safe
@organization_view(Permission.EDIT_CONNECTIONS)
def connection_template(request: OrganizationRequest, connection_id: int) -> HttpResponse:  # noqa: ARG001 - the door names the organization
    """Hand the CloudFormation template of the role over as a file."""
    response = HttpResponse(get_role_template(connection_id), content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="yosan-role-{connection_id}.json"'
    return response


@require_safe
@organization_view(Permission.EDIT_CONNECTIONS)
def connection_terraform(request: OrganizationRequest, connection_id: int) -> HttpResponse:  # noqa: ARG001 - as above
    """Hand the same role over as Terraform."""
    response = HttpResponse(get_role_terraform(connection_id), content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="yosan-role-{connection_id}.tf"'
    return response


@require_POST
@organization_view(Permission.EDIT_CONNECTIONS)
def connection_role(request: OrganizationRequest, connection_id: int) -> HttpResponse:
    """Take the role's ARN down and have it verified."""
    form = RoleForm(request.POST)
    if form.is_valid():
        try:
            enter_role(actor=request.actor, connection_id=connection_id, now=request.now, **form.cleaned_data)
        except CallerError as error:
            add_error(form, error)
        else:
            nudge(VERIFY, organization_id=request.organization.id, connection_id=connection_id)
            return _to_detail(request, connection_id)
    context = _detail(request, get_connection(connection_id), form)
    return render(request, "billing/connections/detail.html", context, status=422)


@require_POST
@organization_view(Permission.EDIT_CONNECTIONS)
def connection_verify(request: OrganizationRequest, connection_id: int) -> HttpResponse:
    """Have the role verified again."""
    request_verification(actor=request.actor, connection_id=connection_id, now=request.now)
    nudge(VERIFY, organization_id=request.organization.id, connection_id=connection_id)
    return _to_detail(request, connection_id)


@require_POST
@organization_view(Permission.EDIT_CONNECTIONS)
def connection_pause(request: OrganizationRequest, connection_id: int) -> HttpResponse:
    """Stop reading an account until somebody resumes."""
    pause_connection(actor=request.actor, connection_id=connection_id)
    messages.success(request, _("Paused. Nothing is read from this account until you resume."))
    return _to_detail(request, connection_id)


@require_POST
@organization_view(Permission.EDIT_CONNECTIONS)
def connection_resume(request: OrganizationRequest, connection_id: int) -> HttpResponse:
    """Verify a paused account again and go on reading it."""
    resume_connection(actor=request.actor, connection_id=connection_id, now=request.now)
    nudge(VERIFY, organization_id=request.organization.id, connection_id=connection_id)
    return _to_detail(request, connection_id)


@require_http_methods(["GET", "HEAD", "POST"])
@organization_view(Permission.EDIT_CONNECTIONS)
def connection_disconnect(request: OrganizationRequest, connection_id: int) -> HttpResponse:
    """End a connection for good, after a page that says what that means."""
    connection = get_connection(connection_id)
    form = DisconnectForm(posted(request))
    if request.method == "POST" and form.is_valid():
        delete = form.cleaned_data["outcome"] == "delete"
        try:
            disconnect_connection(actor=request.actor, connection_id=connection_id, delete_data=delete, now=request.now)
        except CallerError as error:
            add_error(form, error)
        else:
            text = _("Disconnected %(name)s.")
            messages.success(request, text % {"name": connection.label})
            return redirect("billing:connection_list", org_slug=request.organization.slug)
    context = {"form": form, "connection": connection, "sources": _sources(request, connection)}
    return render(request, "billing/connections/disconnect.html", context, status=422 if form.errors else 200)


@require_safe
@organization_view(Permission.VIEW_SPEND)
def collection_progress(request: OrganizationRequest) -> HttpResponse:
    """Say how far the reading of the past has come; asked every two seconds until it is over."""
    asked_of = request.GET.get("connection", "")
    connection_id = int(asked_of) if asked_of.isascii() and asked_of.isdigit() else None
    backfill = get_backfill(now=request.now, connection_id=connection_id)
    context = {"backfill": backfill, "poll_url": request.path, "asked_of": connection_id}
    response = render(request, "billing/connections/_backfill.html", context)
    if request.GET.get("done") != str(backfill.days_done):
        # Figures on the page that asked are older than the facts now.
        response["HX-Trigger"] = "spend-changed"
    return response


def _detail(request: OrganizationRequest, connection: Connection, form: RoleForm) -> dict[str, object]:
    sources = sorted(_sources(request, connection), key=lambda source: not source.sentence)
    watching = get_watching(connection.id, now=request.now)
    return {
        "connection": connection,
        "form": form,
        "sources": sources,
        "backfill": _backfill(request, connection.id) if connection.state in COLLECTING_STATES else None,
        "asked_of": connection.id,
        "watching": watching,
        "plan": watching.plan,
        "notes": list_reading_notes(connection.id),
        "troubles": [source for source in sources if source.sentence],
        "fix": find_fix(connection),
        "kept_bills": list_kept_bills(connection),
        "granted": sum(permission.is_granted is True for permission in connection.permissions),
        "terraform": get_role_terraform(connection.id) if connection.principal_arn else "",
        "template": get_role_template(connection.id) if connection.principal_arn else "",
        "is_tried": any(permission.is_granted is not None for permission in connection.permissions),
        "is_waiting": connection.state is ConnectionState.VERIFYING or not connection.principal_arn,
    }


def _sources(request: OrganizationRequest, connection: Connection) -> tuple[SourceFreshness, ...]:
    return list_source_freshness(now=request.now, connection_id=connection.id)


def _backfill(request: OrganizationRequest, connection_id: int | None) -> Backfill | None:
    backfill = get_backfill(now=request.now, connection_id=connection_id)
    return backfill if backfill.is_running else None


def _to_detail(request: OrganizationRequest, connection_id: int) -> HttpResponse:
    return redirect("billing:connection_detail", org_slug=request.organization.slug, connection_id=connection_id)


def _watching(connections: Sequence[Connection]) -> tuple[Decimal, Decimal, Decimal] | None:
    """What watching comes to this month, which part of its limits that is, and the limits; None where nothing is known."""
    known = [one for one in connections if one.expected_usd_this_month is not None and one.watching_limit_usd]
    limit = add_up(one.watching_limit_usd for one in known)
    expected = add_up(one.expected_usd_this_month or ZERO for one in known)
    return (expected, EXACT.divide(expected, limit), limit) if limit else None
