"""Invite and accept."""

from __future__ import annotations

from http import HTTPStatus

from allauth.account.adapter import get_adapter
from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access.celery import nudge
from accounts.access.forms import posted
from accounts.access.invitations import InvitationRequest, invitation_view
from accounts.access.sentences import add_error, saved, sentence
from accounts.access.web import OrganizationRequest, organization_view, user_actor
from accounts.domain.errors import CallerError, Conflict
from accounts.domain.invitations import may_invite
from accounts.domain.roles import ROLE_LABELS, ROLE_MEANINGS, Permission, Role
from accounts.operations.invitations import accept_invitation, invite, revoke_invitation, send_invitation_again
from accounts.queries.invitations import get_invitation
from accounts.queries.memberships import find_role
from accounts.queries.users import find_user_by_email

SEND = "accounts.tasks.send_organization_invitations"


class InviteForm(forms.Form):
    """Who is invited to what; the roles to choose from are those that the inviter may give."""

    email = forms.EmailField(
        label=gettext_lazy("E-mail address"),
        error_messages={
            "required": gettext_lazy("Enter an e-mail address, for example ada@example.com."),
            "invalid": gettext_lazy("Enter an e-mail address, for example ada@example.com."),
        },
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    role = forms.TypedChoiceField(
        label=gettext_lazy("Role"),
        error_messages={"required": gettext_lazy("Choose a role.")},
        coerce=Role,
        widget=forms.RadioSelect,
    )
    language = forms.ChoiceField(
        label=gettext_lazy("Language of the mail"),
        choices=settings.LANGUAGES,
        help_text=gettext_lazy("Who has a log-in here already gets it in the language of it."),
    )

    def __init__(self, *args: object, acting: Role, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type] # Django's own arguments, passed on
        roles = self.fields["role"]
        assert isinstance(roles, forms.ChoiceField)
        roles.choices = [
            (role.value, _("%(role)s: %(meaning)s") % {"role": _(label), "meaning": _(ROLE_MEANINGS[role])})
            for role, label in ROLE_LABELS.items()
            if may_invite(acting=acting, role=role)
        ]


@require_http_methods(["GET", "HEAD", "POST"])
@organization_view(Permission.EDIT_MEMBERS)
def invitation_create(request: OrganizationRequest) -> HttpResponse:
    """Invite somebody by e-mail."""
    initial = {"role": Role.VIEWER.value, "language": translation.get_language()}
    form = InviteForm(posted(request), acting=request.role, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            invite(actor=request.actor, acting_role=request.role, now=request.now, **form.cleaned_data)
        except CallerError as error:
            add_error(form, error)
        else:
            nudge(SEND, organization_id=request.organization.id)
            text = _("An invitation is on its way to %(email)s.")
            messages.success(request, text % {"email": form.cleaned_data["email"]})
            return redirect("accounts:member_list", org_slug=request.organization.slug)
    context = {"form": form}
    return render(request, "accounts/invitations/form.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@organization_view(Permission.EDIT_MEMBERS)
def invitation_revoke(request: OrganizationRequest, invitation_id: int) -> HttpResponse:
    """Take an invitation back, after a page that says what that means."""
    invitation = get_invitation(invitation_id, now=request.now)
    form = forms.Form(posted(request))
    if request.method == "POST":
        try:
            event_id = revoke_invitation(actor=request.actor, invitation_id=invitation_id, now=request.now)
        except Conflict as error:
            add_error(form, error)
        else:
            messages.success(request, saved(event_id))
            return redirect("accounts:member_list", org_slug=request.organization.slug)
    context = {"form": form, "invitation": invitation, "role_label": _(ROLE_LABELS[invitation.role])}
    return render(request, "accounts/invitations/revoke.html", context, status=422 if form.errors else 200)


@require_POST
@organization_view(Permission.EDIT_MEMBERS)
def invitation_send(request: OrganizationRequest, invitation_id: int) -> HttpResponse:
    """Send an invitation's mail once more."""
    try:
        event_id = send_invitation_again(
            actor=request.actor, acting_role=request.role, invitation_id=invitation_id, now=request.now
        )
    except Conflict as error:
        messages.error(request, sentence(error))
    else:
        nudge(SEND, organization_id=request.organization.id)
        messages.success(request, saved(event_id))
    return redirect("accounts:member_list", org_slug=request.organization.slug)


@require_http_methods(["GET", "HEAD", "POST"])
@invitation_view
def invitation_accept(request: InvitationRequest) -> HttpResponse:
    """Say who invites to what, and let the invited person in; everybody else is told what to do instead."""
    invitation = request.invitation
    if not invitation.is_open:
        return _show(request, "closed", status=HTTPStatus.GONE)
    if not request.user.is_authenticated:
        # The link came by mail to this address, so a sign-up with it needs no other proof.
        get_adapter().stash_verified_email(request, invitation.email)
        return _show(request, "login" if find_user_by_email(invitation.email) else "signup")
    if request.user.email.lower() != invitation.email.lower():
        return _show(request, "other_address")
    form = forms.Form(posted(request))
    if find_role(request.user.pk):
        return redirect("forecasting:dashboard", org_slug=request.host.slug)
    if request.method == "POST":
        try:
            accept_invitation(
                actor=user_actor(request.user), user_id=request.user.pk, secret=request.token.secret, now=request.now
            )
        except Conflict as error:
            add_error(form, error)
        else:
            text = _("You are now a member of %(organization)s.") % {"organization": request.host.name}
            messages.success(request, text)
            return redirect("forecasting:dashboard", org_slug=request.host.slug)
    return _show(request, "join", form=form, status=HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK)


def _show(
    request: InvitationRequest, what: str, *, status: HTTPStatus = HTTPStatus.OK, form: forms.Form | None = None
) -> HttpResponse:
    role = request.invitation.role
    context = {
        "what": what,
        "form": form,
        "host": request.host,
        "invitation": request.invitation,
        "role_label": _(ROLE_LABELS[role]),
        "meaning": _(ROLE_MEANINGS[role]),
    }
    return render(request, "accounts/invitations/accept.html", context, status=status)
