"""When an invitation opens what, who may send one, and how its link is written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from accounts.domain.errors import Conflict
from accounts.domain.invitations import (
    FIRST_WAIT,
    INVITATIONS_A_DAY,
    LIFETIME,
    MAX_ATTEMPTS,
    SEND_AGAIN_AFTER,
    InvitationExpired,
    InvitationRevoked,
    InvitationSpent,
    InvitationState,
    InvitationToken,
    SentJustNow,
    TokenMalformed,
    TooManyInvitations,
    check_invite,
    check_open,
    check_send_again,
    hash_token_secret,
    may_invite,
    next_attempt_at,
    parse_token,
    state_of,
)
from accounts.domain.memberships import OnlyOwnersMakeOwners
from accounts.domain.roles import Role

NOW = datetime(2026, 11, 10, 9, tzinfo=UTC)
TICK = timedelta(microseconds=1)
ACME = UUID("0192d7a0-0000-7000-8000-000000000001")


@pytest.mark.parametrize(
    ("expires_at", "accepted_at", "revoked_at", "state"),
    [
        (NOW + TICK, None, None, InvitationState.OPEN),
        (NOW, None, None, InvitationState.EXPIRED),
        (NOW - TICK, None, None, InvitationState.EXPIRED),
        (NOW + TICK, NOW, None, InvitationState.SPENT),
        (NOW - LIFETIME, NOW - LIFETIME - TICK, None, InvitationState.SPENT),
        (NOW + TICK, None, NOW, InvitationState.REVOKED),
        (NOW - TICK, None, NOW - TICK - TICK, InvitationState.REVOKED),
        (NOW - TICK, None, NOW, InvitationState.EXPIRED),
    ],
)
def test_an_invitation_is_in_one_state(
    expires_at: datetime, accepted_at: datetime | None, revoked_at: datetime | None, state: InvitationState
) -> None:
    assert state_of(expires_at=expires_at, accepted_at=accepted_at, revoked_at=revoked_at, now=NOW) is state


@pytest.mark.parametrize(
    ("state", "refusal"),
    [
        (InvitationState.EXPIRED, InvitationExpired),
        (InvitationState.SPENT, InvitationSpent),
        (InvitationState.REVOKED, InvitationRevoked),
    ],
)
def test_what_is_not_open_says_why(state: InvitationState, refusal: type[Conflict]) -> None:
    with pytest.raises(refusal):
        check_open(state)


def test_what_is_open_is_let_through() -> None:
    check_open(InvitationState.OPEN)


@pytest.mark.parametrize(
    ("acting", "role", "may"),
    [
        (Role.OWNER, Role.OWNER, True),
        (Role.OWNER, Role.VIEWER, True),
        (Role.ADMIN, Role.ADMIN, True),
        (Role.ADMIN, Role.OWNER, False),
        (Role.FINANCE, Role.VIEWER, False),
        (Role.VIEWER, Role.VIEWER, False),
        (None, Role.VIEWER, False),
    ],
)
def test_nobody_brings_in_more_than_he_may_make(acting: Role | None, role: Role, may: bool) -> None:
    assert may_invite(acting=acting, role=role) is may


def test_an_admin_cannot_invite_an_owner() -> None:
    with pytest.raises(OnlyOwnersMakeOwners):
        check_invite(acting=Role.ADMIN, role=Role.OWNER, invited_within_a_day=0)


def test_a_day_has_so_many_invitations() -> None:
    check_invite(acting=Role.ADMIN, role=Role.VIEWER, invited_within_a_day=INVITATIONS_A_DAY - 1)
    with pytest.raises(TooManyInvitations):
        check_invite(acting=Role.ADMIN, role=Role.VIEWER, invited_within_a_day=INVITATIONS_A_DAY)


def test_a_mail_is_not_sent_twice_in_a_moment() -> None:
    check_send_again(sent_at=None, now=NOW)
    check_send_again(sent_at=NOW - SEND_AGAIN_AFTER, now=NOW)
    with pytest.raises(SentJustNow):
        check_send_again(sent_at=NOW - SEND_AGAIN_AFTER + TICK, now=NOW)


def test_a_failed_mail_waits_longer_each_time_and_ends() -> None:
    waits = [next_attempt_at(attempt=attempt, now=NOW) for attempt in range(1, MAX_ATTEMPTS + 1)]

    assert waits == [*(NOW + FIRST_WAIT * 2**power for power in range(MAX_ATTEMPTS - 1)), None]


def test_a_link_names_its_organization_and_hides_its_secret() -> None:
    token = InvitationToken(organization_id=ACME, secret="a" * 64)

    assert parse_token(str(token)) == token
    assert "a" * 64 not in repr(token)
    assert hash_token_secret("a" * 64) != hash_token_secret("b" * 64)


@pytest.mark.parametrize(
    "text", ["", "-", "x" * 10_000, f"{ACME.hex}-{'A' * 64}", f"{ACME.hex}-{'a' * 64}\n", f"{ACME}-{'a' * 64}"]
)
def test_another_text_is_no_link(text: str) -> None:
    with pytest.raises(TokenMalformed):
        parse_token(text)
