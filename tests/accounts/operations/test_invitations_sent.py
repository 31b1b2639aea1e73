"""Revoking invitations, sending them again, who takes them along, and the mail that a worker sends."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from accounts.access.web import user_actor
from accounts.adapters.mail import MailFailed
from accounts.domain.invitations import (
    LEASE,
    LIFETIME,
    MAX_ATTEMPTS,
    InvitationNotFound,
    InvitationRevoked,
    InvitationSpent,
    InvitationState,
    SentJustNow,
)
from accounts.domain.memberships import LastOwnerCannotLeave, OnlyOwnersMakeOwners
from accounts.domain.roles import Role
from accounts.models import AuditEvent, Invitation
from accounts.operations.invitations import (
    invite,
    revoke_invitation,
    send_invitation_again,
    send_invitation_mail,
)
from accounts.operations.memberships import change_member_role, leave_organization, remove_member
from accounts.queries.invitations import (
    find_invitation_by_secret,
    get_invitation,
    list_due_mail_ids,
    page_invitations,
)
from accounts.queries.memberships import find_role
from accounts.tenancy.context import organization_scope
from tests.accounts.operations.letters import DORA, MOMENT, Post, invite_dora, post
from tests.cast import NOW, Cast, inside
from tests.factories.accounts import make_invitation

# Revoking and sending again.


def test_revoking_twice_writes_one_line(cast: Cast) -> None:
    with inside(cast.acme):
        number = invite_dora(cast)
        line = revoke_invitation(actor=cast.ada_acts, invitation_id=number, now=NOW)

        assert line is not None
        assert AuditEvent.objects.get(id=line).verb == "invitation.revoked"
        assert revoke_invitation(actor=cast.ada_acts, invitation_id=number, now=NOW) is None
        assert list_due_mail_ids(now=NOW + LIFETIME) == ()


def test_what_was_accepted_cannot_be_taken_back(cast: Cast) -> None:
    with inside(cast.acme):
        row = make_invitation(accepted_at=NOW, accepted_by=cast.ben)
        with pytest.raises(InvitationSpent):
            revoke_invitation(actor=cast.ada_acts, invitation_id=row.pk, now=NOW)


def test_an_invitation_of_another_organization_is_not_found(cast: Cast) -> None:
    with inside(cast.globex):
        foreign = make_invitation()
    with inside(cast.acme):
        with pytest.raises(InvitationNotFound):
            revoke_invitation(actor=cast.ada_acts, invitation_id=foreign.pk, now=NOW)
        with pytest.raises(InvitationNotFound):
            send_invitation_again(actor=cast.ada_acts, acting_role=Role.OWNER, invitation_id=foreign.pk, now=NOW)


def test_a_mail_sent_again_has_the_same_link_and_seven_more_days(cast: Cast) -> None:
    with inside(cast.acme):
        number = invite_dora(cast)
    office = post(cast, number)
    first = office.secret
    later = NOW + LIFETIME
    with inside(cast.acme):
        line = send_invitation_again(actor=cast.ada_acts, acting_role=Role.OWNER, invitation_id=number, now=later)
        assert AuditEvent.objects.get(id=line).verb == "invitation.sent_again"
        assert get_invitation(number, now=later).state is InvitationState.OPEN
    with organization_scope(cast.acme.id):
        assert send_invitation_mail(invitation_id=number, now=later, send=office.send)
    assert (office.secret, len(office.letters)) == (first, 2)


def test_a_mail_is_sent_again_after_a_while_only(cast: Cast) -> None:
    with inside(cast.acme):
        number = invite_dora(cast)
        with pytest.raises(SentJustNow):
            send_invitation_again(actor=cast.ada_acts, acting_role=Role.OWNER, invitation_id=number, now=NOW)
    post(cast, number)
    with inside(cast.acme):
        with pytest.raises(SentJustNow):
            send_invitation_again(actor=cast.ada_acts, acting_role=Role.OWNER, invitation_id=number, now=NOW)
        send_invitation_again(actor=cast.ada_acts, acting_role=Role.OWNER, invitation_id=number, now=NOW + MOMENT)


def test_an_admin_does_not_send_an_owners_invitation_again(cast: Cast) -> None:
    with inside(cast.acme):
        number = invite_dora(cast, role=Role.OWNER)
        with pytest.raises(OnlyOwnersMakeOwners):
            send_invitation_again(actor=cast.ada_acts, acting_role=Role.ADMIN, invitation_id=number, now=NOW + MOMENT)


def test_what_is_over_is_not_sent_again(cast: Cast) -> None:
    with inside(cast.acme):
        for row in (make_invitation(accepted_at=NOW), make_invitation(revoked_at=NOW)):
            with pytest.raises((InvitationSpent, InvitationRevoked)):
                send_invitation_again(actor=cast.ada_acts, acting_role=Role.OWNER, invitation_id=row.pk, now=NOW)


# What becomes of invitations when their inviter goes.


def test_who_is_removed_takes_the_open_invitations_along(cast: Cast) -> None:
    with inside(cast.acme):
        number = invite(
            actor=user_actor(cast.max), acting_role=Role.ADMIN, email=DORA, role=Role.ADMIN, language="en", now=NOW
        ).invitation_id
        kept = invite_dora(cast, email="eve@acme.test")
        remove_member(actor=cast.ada_acts, acting_role=Role.OWNER, user_id=cast.max.pk, now=NOW)

        assert get_invitation(number, now=NOW).state is InvitationState.REVOKED
        assert get_invitation(kept, now=NOW).state is InvitationState.OPEN


def test_who_is_no_owner_any_more_has_invited_no_owner(cast: Cast) -> None:
    with inside(cast.acme):
        change_member_role(actor=cast.ada_acts, acting_role=Role.OWNER, user_id=cast.max.pk, role=Role.OWNER, now=NOW)
        owner, viewer = (
            invite(
                actor=user_actor(cast.max), acting_role=Role.OWNER, email=email, role=role, language="en", now=NOW
            ).invitation_id
            for email, role in ((DORA, Role.OWNER), ("eve@acme.test", Role.VIEWER))
        )
        change_member_role(actor=cast.ada_acts, acting_role=Role.OWNER, user_id=cast.max.pk, role=Role.ADMIN, now=NOW)

        assert get_invitation(owner, now=NOW).state is InvitationState.REVOKED
        assert get_invitation(viewer, now=NOW).state is InvitationState.OPEN


def test_everybody_may_leave_but_the_last_owner(cast: Cast) -> None:
    with inside(cast.acme):
        leave_organization(actor=user_actor(cast.ben), user_id=cast.ben.pk, now=NOW)
        assert find_role(cast.ben.pk) is None
        with pytest.raises(LastOwnerCannotLeave):
            leave_organization(actor=cast.ada_acts, user_id=cast.ada.pk, now=NOW)


# The list.


def test_the_list_and_the_rule_agree_on_states(cast: Cast) -> None:
    before = NOW - LIFETIME - MOMENT
    with inside(cast.acme):
        make_invitation()
        make_invitation(created_at=before)
        make_invitation(accepted_at=NOW)
        make_invitation(revoked_at=NOW)
        make_invitation(created_at=before, revoked_at=NOW)
        make_invitation(created_at=before, revoked_at=before)
        everything = page_invitations(now=NOW).rows

        assert len(everything) == 6
        for state in InvitationState:
            found = page_invitations(now=NOW, state=state).rows
            assert found == tuple(value for value in everything if value.state is state)
            assert found


def test_the_list_is_walked_page_by_page(cast: Cast) -> None:
    with inside(cast.acme):
        numbers = [make_invitation().pk for _ in range(3)]
        first = page_invitations(now=NOW, limit=2)
        second = page_invitations(now=NOW, limit=2, after=first.next)

        assert [value.id for value in (*first.rows, *second.rows)] == numbers[::-1]
        assert second.next is None


# The mail.


def test_a_mail_leaves_once(cast: Cast) -> None:
    with inside(cast.acme):
        number = invite_dora(cast)
    office = post(cast, number)
    post(cast, number, office)

    assert [letter.email for letter in office.letters] == [DORA]
    assert office.letters[0].link.startswith("https://yosan.test/invitations/")
    with inside(cast.acme):
        assert get_invitation(number, now=NOW).mailed_at == NOW


def test_a_mail_that_another_worker_has_is_left_to_it(cast: Cast) -> None:
    with inside(cast.acme):
        number = invite_dora(cast)
        Invitation.objects.update(mail_due_at=NOW + LEASE)
    assert post(cast, number).letters == []


def test_no_mail_leaves_for_what_is_over(cast: Cast) -> None:
    with inside(cast.acme):
        row = make_invitation(created_at=NOW - LIFETIME, mail_due_at=NOW)
    assert post(cast, row.pk).letters == []
    with inside(cast.acme):
        assert list_due_mail_ids(now=NOW) == ()


def test_a_mail_server_that_is_away_is_tried_again_and_given_up_in_the_end(cast: Cast) -> None:
    office = Post(refusal=MailFailed("ConnectionRefusedError", permanent=False))
    with inside(cast.acme):
        number = invite_dora(cast)
    for _ in range(MAX_ATTEMPTS):
        with inside(cast.acme):
            due = Invitation.objects.get().mail_due_at
        assert due is not None
        with organization_scope(cast.acme.id):
            assert not send_invitation_mail(invitation_id=number, now=due, send=office.send)
    with inside(cast.acme):
        row = Invitation.objects.get()
        assert (row.mail_due_at, row.mail_failure, row.mailed_at) == (None, "ConnectionRefusedError", None)
        # Nothing left, so it may be tried by hand at once.
        send_invitation_again(actor=cast.ada_acts, acting_role=Role.OWNER, invitation_id=number, now=NOW)


def test_an_address_that_is_refused_is_not_tried_again(cast: Cast) -> None:
    with inside(cast.acme):
        number = invite_dora(cast)
    post(cast, number, Post(refusal=MailFailed("SMTP 550", permanent=True)))
    with inside(cast.acme):
        assert get_invitation(number, now=NOW).mail_failure == "SMTP 550"
        assert list_due_mail_ids(now=NOW + LIFETIME) == ()


def test_a_mail_sent_under_another_key_of_the_installation_has_a_link_that_opens(
    cast: Cast, settings: Settings
) -> None:
    with inside(cast.acme):
        number = invite_dora(cast)
    first = post(cast, number).secret
    settings.SECRET_KEY = "another key"
    with inside(cast.acme):
        send_invitation_again(actor=cast.ada_acts, acting_role=Role.OWNER, invitation_id=number, now=NOW + MOMENT)
    office = Post()
    with organization_scope(cast.acme.id):
        send_invitation_mail(invitation_id=number, now=NOW + MOMENT, send=office.send)

    assert office.secret != first
    with inside(cast.acme):
        assert find_invitation_by_secret(office.secret, now=NOW) is not None
