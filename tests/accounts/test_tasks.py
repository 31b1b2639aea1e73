"""What is sent and forgotten by the clock, and that doing it twice changes nothing more."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core import mail
from django.utils import timezone

from accounts import tasks
from accounts.domain.idempotency import REMEMBERED_FOR
from accounts.models import IdempotencyRecord
from tests.cast import Cast, inside
from tests.factories.accounts import make_idempotency_record, make_invitation, make_user


def test_each_organization_forgets_its_old_answers(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    for organization in (cast.acme, cast.globex):
        with inside(organization):
            old, fresh = make_idempotency_record(), make_idempotency_record()
            IdempotencyRecord.objects.filter(id=old.pk).update(created_at=timezone.now() - REMEMBERED_FOR)
            IdempotencyRecord.objects.filter(id=fresh.pk).update(created_at=timezone.now())
    work = tasks.forget_answers_of_organization
    monkeypatch.setattr(work, "delay", work)

    for _ in range(2):
        tasks.forget_old_answers()

    for organization in (cast.acme, cast.globex):
        with inside(organization):
            assert IdempotencyRecord.objects.count() == 1


@pytest.mark.django_db
def test_sessions_that_ran_out_are_forgotten() -> None:
    now = timezone.now()
    Session.objects.create(session_key="old", session_data="", expire_date=now - timedelta(seconds=1))
    Session.objects.create(session_key="new", session_data="", expire_date=now + timedelta(days=1))
    ada = make_user()
    for key in ("old", "new"):
        UserSession.objects.create(user=ada, session_key=key, ip="127.0.0.1", user_agent="")

    for _ in range(2):
        tasks.forget_sessions()

    assert [session.session_key for session in Session.objects.all()] == ["new"]
    assert [noted.session_key for noted in UserSession.objects.all()] == ["new"]


def test_the_mails_of_invitations_leave_once_in_each_organization(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    for organization in (cast.acme, cast.globex):
        with inside(organization):
            make_invitation(
                email=f"dora@{organization.slug}.test", created_at=timezone.now(), mail_due_at=timezone.now()
            )

    def work(name: str, *, organization_id: object) -> None:
        assert name == "accounts.tasks.send_organization_invitations"
        tasks.send_organization_invitations(organization_id=str(organization_id))

    monkeypatch.setattr(tasks, "nudge", work)
    for _ in range(2):
        tasks.send_due_invitations()

    assert sorted(message.to[0] for message in mail.outbox) == ["dora@acme.test", "dora@globex.test"]
