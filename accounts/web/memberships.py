"""Members and roles."""

from __future__ import annotations

from collections.abc import Sequence

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access.forms import posted
from accounts.access.sentences import add_error, saved
from accounts.access.web import OrganizationRequest, organization_view
from accounts.domain.errors import CallerError, Conflict
from accounts.domain.roles import PERMISSION_LABELS, ROLE_LABELS, ROLE_MEANINGS, ROLE_PERMISSIONS, Permission, Role
from accounts.operations.memberships import change_member_role, leave_organization, remove_member
from accounts.queries.invitations import list_waiting_invitations
from accounts.queries.memberships import Member, get_member, list_members


class RoleForm(forms.Form):
    """A member's role."""

    role = forms.TypedChoiceField(
        label=gettext_lazy("Role"),
        error_messages={"required": gettext_lazy("Choose a role.")},
        choices=lambda: [
            (role.value, _("%(role)s: %(meaning)s") % {"role": _(label), "meaning": _(ROLE_MEANINGS[role])})
            for role, label in ROLE_LABELS.items()
        ],
        coerce=Role,
        widget=forms.RadioSelect,
    )


@require_safe
@organization_view(Permission.VIEW_MEMBERS)
def member_list(request: OrganizationRequest) -> HttpResponse:
    """Show who belongs to the organization, who is invited, and what each role may do."""
    members = list_members()
    context = {
        "members": [(member, _(ROLE_LABELS[member.role])) for member in members],
        "roles": [(_(label), _(ROLE_MEANINGS[role])) for role, label in ROLE_LABELS.items()],
        "rights": [
            (_(label), [permission in ROLE_PERMISSIONS[role] for role in ROLE_LABELS])
            for permission, label in PERMISSION_LABELS.items()
        ],
        **_counted(members),
    }
    if Permission.EDIT_MEMBERS in request.permissions:
        waiting = list_waiting_invitations(now=request.now)
        context["invitations"] = [(invitation, _(ROLE_LABELS[invitation.role])) for invitation in waiting]
    return render(request, "accounts/memberships/list.html", context)


def _counted(members: Sequence[Member]) -> dict[str, object]:
    """Return what the page's first sentence says."""
    return {
        "owners": sum(member.role is Role.OWNER for member in members),
        "admins": sum(member.role is Role.ADMIN for member in members),
        "without_second_factor": sum(not member.has_second_factor for member in members),
    }


@require_http_methods(["GET", "HEAD", "POST"])
@organization_view(Permission.EDIT_MEMBERS)
def member_edit(request: OrganizationRequest, user_id: int) -> HttpResponse:
    """Give a member another role."""
    member = get_member(user_id)
    form = RoleForm(posted(request), initial={"role": member.role.value})
    if request.method == "POST" and form.is_valid():
        try:
            event_id = change_member_role(
                actor=request.actor,
                acting_role=request.role,
                user_id=user_id,
                role=form.cleaned_data["role"],
                now=request.now,
            )
        except CallerError as error:
            add_error(form, error)
        else:
            messages.success(request, saved(event_id))
            return redirect("accounts:member_list", org_slug=request.organization.slug)
    context = {"form": form, "member": member}
    return render(request, "accounts/memberships/form.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@organization_view(Permission.EDIT_MEMBERS)
def member_remove(request: OrganizationRequest, user_id: int) -> HttpResponse:
    """Take a member out of the organization, after a page that says what that means."""
    member = get_member(user_id)
    form = forms.Form(posted(request))
    if request.method == "POST":
        try:
            event_id = remove_member(actor=request.actor, acting_role=request.role, user_id=user_id, now=request.now)
        except Conflict as error:
            add_error(form, error)
        else:
            messages.success(request, saved(event_id))
            # Who removed himself has no list to come back to.
            if user_id == request.user.pk:
                return redirect("accounts:organization_list")
            return redirect("accounts:member_list", org_slug=request.organization.slug)
    context = {"form": form, "member": member}
    return render(request, "accounts/memberships/remove.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@organization_view(Permission.VIEW_MEMBERS)
def member_leave(request: OrganizationRequest) -> HttpResponse:
    """Take oneself out of the organization, after a page that says what that means."""
    form = forms.Form(posted(request))
    if request.method == "POST":
        try:
            leave_organization(actor=request.actor, user_id=request.user.pk, now=request.now)
        except Conflict as error:
            add_error(form, error)
        else:
            text = _("You have left %(organization)s.") % {"organization": request.organization.name}
            messages.success(request, text)
            return redirect("accounts:organization_list")
    return render(request, "accounts/memberships/leave.html", {"form": form}, status=422 if form.errors else 200)
