"""Inviting people, and what a link opens for whom."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress

from accounts.access.web import user_actor
from accounts.domain.audit import Actor, ActorKind
from accounts.domain.invitations import (
    LIFETIME,
    AlreadyMember,
    InvitationExpired,
    InvitationNotFound,
    InvitationOpen,
    InvitationRevoked,
    InvitationSpent,
    InvitationState,
    InvitedAddressDiffers,
    TooManyInvitations,
)
from accounts.domain.memberships import OnlyOwnersMakeOwners
from accounts.domain.roles import Role
from accounts.models import AuditEvent, Invitation
from accounts.operations.invitations import (
    accept_invitation,
    invite,
    revoke_invitation,
)
from accounts.operations.memberships import remove_member
from accounts.operations.users import EmailMalformed, LanguageUnknown
from accounts.queries.invitations import (
    find_invitation_by_secret,
    get_invitation,
    list_due_mail_ids,
    list_waiting_invitations,
)
from accounts.queries.memberships import find_role
from tests.accounts.operations.letters import DORA, accept, invite_dora, post
from tests.cast import NOW, Cast, inside
from tests.factories.accounts import make_invitation, make_membership, make_user

# Inviting.


def test_an_invitation_is_kept_with_its_line_and_waits_for_the_worker(cast: Cast) -> None:
    with inside(cast.acme):
        written = invite(
            actor=cast.ada_acts,
            acting_role=Role.OWNER,
            email=" Dora@Acme.test ",
            role=Role.FINANCE,
            language="ja",
            now=NOW,
        )
        found = get_invitation(written.invitation_id, now=NOW)
        event = AuditEvent.objects.get(id=written.event_id)

        assert (found.email, found.role, found.language, found.invited_by) == (DORA, Role.FINANCE, "ja", "Ada")
        assert (found.state, found.expires_at) == (InvitationState.OPEN, NOW + LIFETIME)
        assert (event.verb, event.target) == ("invitation.created", f"invitation:{found.id}")
        assert list_due_mail_ids(now=NOW) == (found.id,)


def test_neither_table_nor_log_holds_the_link(cast: Cast) -> None:
    with inside(cast.acme):
        number = invite_dora(cast)
    secret = post(cast, number).secret
    with inside(cast.acme):
        row = Invitation.objects.get(id=number)
        event = AuditEvent.objects.get()

        assert secret not in str(vars(row)) + str(vars(event))
        assert find_invitation_by_secret(secret, now=NOW) == get_invitation(number, now=NOW)


def test_who_has_a_log_in_is_written_to_in_its_language(cast: Cast) -> None:
    make_user(email=DORA, language="ja")
    with inside(cast.acme):
        assert get_invitation(invite_dora(cast, language="en"), now=NOW).language == "ja"


def test_a_member_is_not_invited(cast: Cast) -> None:
    with inside(cast.acme), pytest.raises(AlreadyMember):
        invite_dora(cast, email="BEN@acme.test")


def test_a_member_of_another_organization_is_invited_like_anybody(cast: Cast) -> None:
    with inside(cast.acme):
        assert get_invitation(invite_dora(cast, email="cleo@globex.test"), now=NOW).state is InvitationState.OPEN


def test_one_open_invitation_to_an_address_at_a_time(cast: Cast) -> None:
    with inside(cast.acme):
        invite_dora(cast)
        with pytest.raises(InvitationOpen):
            invite_dora(cast, email="DORA@acme.test")
    with inside(cast.globex):
        invite_dora(cast)


def test_an_expired_invitation_makes_room_and_stays_expired(cast: Cast) -> None:
    with inside(cast.acme):
        old = make_invitation(email=DORA, created_at=NOW - LIFETIME)
        invite_dora(cast)

        assert get_invitation(old.pk, now=NOW).state is InvitationState.EXPIRED
        assert [value.id for value in list_waiting_invitations(now=NOW)] != [old.pk]


@pytest.mark.parametrize("email", ["", "dora", "dora@", "a\x00b@acme.test", "x" * 10_000 + "@acme.test"])
def test_what_is_no_address_is_not_invited(cast: Cast, email: str) -> None:
    with inside(cast.acme), pytest.raises(EmailMalformed):
        invite_dora(cast, email=email)


def test_a_language_without_pages_is_refused(cast: Cast) -> None:
    with inside(cast.acme), pytest.raises(LanguageUnknown):
        invite_dora(cast, language="tlh")


def test_an_admin_invites_no_owner(cast: Cast) -> None:
    with inside(cast.acme), pytest.raises(OnlyOwnersMakeOwners):
        invite(actor=user_actor(cast.max), acting_role=Role.ADMIN, email=DORA, role=Role.OWNER, language="en", now=NOW)


def test_a_day_has_an_end(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accounts.domain.invitations.INVITATIONS_A_DAY", 1)
    with inside(cast.acme):
        invitation_id = invite_dora(cast)
        revoke_invitation(actor=cast.ada_acts, invitation_id=invitation_id, now=NOW)
        with pytest.raises(TooManyInvitations):
            invite_dora(cast)


def test_a_key_may_invite_and_stands_in_the_letter(cast: Cast) -> None:
    key = Actor(kind=ActorKind.API_KEY, id="12", label="Onboarding")
    with inside(cast.acme):
        written = invite(actor=key, acting_role=Role.ADMIN, email=DORA, role=Role.VIEWER, language="en", now=NOW)
        assert get_invitation(written.invitation_id, now=NOW).invited_by == "Onboarding"
        assert Invitation.objects.get().inviter_id is None


# Accepting.


def test_the_invited_person_becomes_a_member_with_the_role(cast: Cast) -> None:
    dora = make_user(email="Dora@acme.test")
    EmailAddress.objects.create(user=dora, email=dora.email, verified=False, primary=True)
    with inside(cast.acme):
        number = invite_dora(cast)
    secret = post(cast, number).secret
    with inside(cast.acme):
        line = accept(dora, secret)
        event = AuditEvent.objects.get(id=line)

        assert find_role(dora.pk) is Role.FINANCE
        assert get_invitation(number, now=NOW).state is InvitationState.SPENT
        assert (event.verb, event.actor_id) == ("invitation.accepted", str(dora.pk))
        assert event.after == {"email": DORA, "role": "FINANCE", "user_id": dora.pk}
    assert EmailAddress.objects.get(user=dora).verified


def test_a_link_opens_once(cast: Cast) -> None:
    dora = make_user(email=DORA)
    with inside(cast.acme):
        number = invite_dora(cast)
    secret = post(cast, number).secret
    with inside(cast.acme):
        accept(dora, secret)
        remove_member(actor=cast.ada_acts, acting_role=Role.OWNER, user_id=dora.pk, now=NOW)
        with pytest.raises(InvitationSpent):
            accept(dora, secret)


def test_a_link_opens_for_its_address_only(cast: Cast) -> None:
    with inside(cast.acme):
        number = invite_dora(cast)
    secret = post(cast, number).secret
    with inside(cast.acme):
        with pytest.raises(InvitedAddressDiffers):
            accept(cast.cleo, secret)
        assert find_role(cast.cleo.pk) is None


def test_a_link_opens_its_own_organization_only(cast: Cast) -> None:
    dora = make_user(email=DORA)
    with inside(cast.acme):
        number = invite_dora(cast)
    secret = post(cast, number).secret
    with inside(cast.globex):
        with pytest.raises(InvitationNotFound):
            accept(dora, secret)
        assert find_role(dora.pk) is None


def test_an_expired_and_a_revoked_link_open_nothing(cast: Cast) -> None:
    dora = make_user(email=DORA)
    with inside(cast.acme):
        number = invite_dora(cast)
    secret = post(cast, number).secret
    with inside(cast.acme):
        with pytest.raises(InvitationExpired):
            accept_invitation(actor=user_actor(dora), user_id=dora.pk, secret=secret, now=NOW + LIFETIME)
        revoke_invitation(actor=cast.ada_acts, invitation_id=number, now=NOW)
        with pytest.raises(InvitationRevoked):
            accept(dora, secret)


def test_who_became_a_member_meanwhile_is_told_so(cast: Cast) -> None:
    dora = make_user(email=DORA)
    with inside(cast.acme):
        number = invite_dora(cast, role=Role.ADMIN)
    secret = post(cast, number).secret
    with inside(cast.acme):
        make_membership(user=dora, role=Role.VIEWER)
        with pytest.raises(AlreadyMember):
            accept(dora, secret)
        assert find_role(dora.pk) is Role.VIEWER
