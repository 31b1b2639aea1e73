"""What both files about invitations begin with: Dora is invited, a mail server keeps her letters, she accepts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from accounts.access.web import user_actor
from accounts.adapters.mail import InvitationMail, MailFailed
from accounts.domain.invitations import parse_token
from accounts.domain.roles import Role
from accounts.models import User
from accounts.operations.invitations import accept_invitation, invite, send_invitation_mail
from accounts.tenancy.context import NoOrganization, organization_in_transaction, organization_scope
from tests.cast import NOW, Cast

DORA = "dora@acme.test"
MOMENT = timedelta(minutes=5)


@dataclass
class Post:
    """A mail server that keeps letters, or refuses them."""

    letters: list[InvitationMail] = field(default_factory=list)
    refusal: MailFailed | None = None

    def send(self, mail: InvitationMail) -> None:
        # The mail server is spoken to outside of every transaction.
        with pytest.raises(NoOrganization):
            organization_in_transaction()
        if self.refusal:
            raise self.refusal
        self.letters.append(mail)

    @property
    def secret(self) -> str:
        return parse_token(self.letters[-1].link.rstrip("/").rpartition("/")[2]).secret


def invite_dora(cast: Cast, *, role: Role = Role.FINANCE, email: str = DORA, language: str = "en") -> int:
    return invite(
        actor=cast.ada_acts, acting_role=Role.OWNER, email=email, role=role, language=language, now=NOW
    ).invitation_id


def post(cast: Cast, invitation_id: int, office: Post | None = None) -> Post:
    office = office or Post()
    with organization_scope(cast.acme.id):
        send_invitation_mail(invitation_id=invitation_id, now=NOW, send=office.send)
    return office


def accept(person: User, secret: str) -> int:
    return accept_invitation(actor=user_actor(person), user_id=person.pk, secret=secret, now=NOW)
