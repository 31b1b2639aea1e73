"""A connection is verified only when the role is ours alone, and says what it allows and what watching costs."""

from __future__ import annotations

import pytest

from accounts.domain.audit import SYSTEM
from accounts.models import AuditEvent
from accounts.tenancy.context import organization_scope, tenant_transaction
from billing.adapters.aws.sessions import Sessions
from billing.domain.collection import ConnectionKind
from billing.domain.connections import ConnectionFault, ConnectionState, MalformedExternalId, MalformedRoleArn
from billing.operations.collection import plan_collection
from billing.operations.connections import (
    CannotPause,
    ConnectionIsOver,
    NoRoleYet,
    create_connection,
    disconnect_connection,
    enter_role,
    list_principals_unknown,
    list_verifications_due,
    note_principal,
    pause_connection,
    request_verification,
    resume_connection,
    verify_connection,
)
from billing.queries.connections import Connection, ConnectionNotFound, get_connection, get_role_template
from billing.sandbox.control import Control
from tests.billing.operations.conftest import Ticking, connect
from tests.cast import Cast, inside
from tests.factories.aws import MEMBER_ROLE, PAYER_ROLE
from tests.factories.billing import make_connection

pytestmark = pytest.mark.usefixtures("acme")


def read(connection_id: int) -> Connection:
    with tenant_transaction():
        return get_connection(connection_id)


def missing(found: Connection) -> list[str]:
    return [permission.action for permission in found.permissions if permission.is_granted is False]


def test_a_payer_is_verified_with_its_regions_and_its_price(aws: Control, clock: Ticking) -> None:
    found = read(connect(clock))

    assert found.state is ConnectionState.VERIFIED
    assert found.fault is None
    assert found.aws_regions == ("ap-northeast-1", "eu-central-1", "us-east-1")
    assert all(permission.is_granted for permission in found.permissions)
    assert found.linked_account_ids == ("111122223333", "444455556666")
    assert found.polling_usd_per_month is not None
    assert 1 < found.polling_usd_per_month < 30
    assert found.endpoint_url == aws.url
    assert found.principal_arn.startswith("arn:aws:iam::")


@pytest.mark.usefixtures("aws")
def test_a_member_reads_no_bill(clock: Ticking) -> None:
    found = read(connect(clock, MEMBER_ROLE, kind=ConnectionKind.MEMBER))

    assert found.state is ConnectionState.VERIFIED
    assert not any(permission.action.startswith("ce:") for permission in found.permissions)


@pytest.mark.usefixtures("aws")
def test_regions_that_the_customer_named_are_taken_as_they_are(clock: Ticking) -> None:
    assert read(connect(clock, aws_regions=("us-east-1", "eu-west-3"))).aws_regions == ("eu-west-3", "us-east-1")


def test_a_role_that_anybody_could_enter_through_us_is_refused(aws: Control, clock: Ticking) -> None:
    aws.put_role(PAYER_ROLE, None)

    found = read(connect(clock))

    assert found.state is ConnectionState.REFUSED
    assert found.fault is ConnectionFault.ASSUMABLE_WITHOUT_EXTERNAL_ID
    assert found.aws_regions == ()  # nothing else was tried
    assert set(aws.calls()) <= {"GetCallerIdentity", "AssumeRole"}


@pytest.mark.usefixtures("aws")
def test_a_role_that_does_not_know_our_external_id_is_refused(clock: Ticking) -> None:
    found = read(connect(clock, external_id="another-one"))

    assert found.fault is ConnectionFault.ROLE_NOT_ASSUMABLE
    assert "trust policy" in found.fault_sentence


def test_a_permission_that_is_missing_is_named(aws: Control, clock: Ticking) -> None:
    aws.put_role(PAYER_ROLE, "a-long-random-text", ["ce:GetCostAndUsage", "bedrock:ListTagsForResource"])

    found = read(connect(clock))

    assert found.state is ConnectionState.VERIFIED
    assert missing(found) == ["ce:GetCostAndUsage", "bedrock:ListTagsForResource"]


def test_a_role_that_may_read_nothing_is_refused(aws: Control, clock: Ticking) -> None:
    aws.put_role(PAYER_ROLE, "a-long-random-text", ["cloudwatch:*"])

    found = read(connect(clock))

    assert found.state is ConnectionState.REFUSED
    assert found.fault is ConnectionFault.PERMISSION_MISSING


@pytest.mark.usefixtures("aws")
def test_a_role_belongs_to_one_organization_and_its_claim_ends_with_the_connection(cast: Cast, clock: Ticking) -> None:
    first = connect(clock)
    with organization_scope(cast.globex.pk):
        second = connect(clock)
        refused = read(second)
    assert refused.fault is ConnectionFault.ROLE_ALREADY_CONNECTED

    with tenant_transaction():
        disconnect_connection(actor=SYSTEM, connection_id=first, delete_data=False, now=clock())
    with organization_scope(cast.globex.pk):
        with tenant_transaction():
            request_verification(actor=SYSTEM, connection_id=second, now=clock())
        verify_connection(connection_id=second, clock=clock)
        assert read(second).state is ConnectionState.VERIFIED


@pytest.mark.usefixtures("aws")
def test_a_claim_that_was_never_proved_reserves_nothing_and_learns_nothing(cast: Cast, clock: Ticking) -> None:
    with organization_scope(cast.globex.pk):
        thief = connect(clock, external_id="not-the-right-one")
        assert read(thief).fault is ConnectionFault.ROLE_NOT_ASSUMABLE

    assert read(connect(clock)).state is ConnectionState.VERIFIED

    with organization_scope(cast.globex.pk):
        with tenant_transaction():
            request_verification(actor=SYSTEM, connection_id=thief, now=clock())
        verify_connection(connection_id=thief, clock=clock)
        # The same answer as before somebody held the role.
        assert read(thief).fault is ConnectionFault.ROLE_NOT_ASSUMABLE


def test_two_roles_into_one_account_would_count_it_twice(aws: Control, clock: Ticking) -> None:
    connect(clock)
    other = "arn:aws:iam::111122223333:role/Another"
    aws.put_role(other, "a-long-random-text")

    assert read(connect(clock, other)).fault is ConnectionFault.ACCOUNT_ALREADY_CONNECTED


@pytest.mark.usefixtures("aws")
def test_a_linked_account_is_no_second_payer(clock: Ticking) -> None:
    connect(clock)

    assert read(connect(clock, MEMBER_ROLE)).fault is ConnectionFault.ACCOUNT_PAID_BY_ANOTHER


@pytest.mark.usefixtures("aws")
def test_a_payer_is_refused_while_an_account_it_pays_for_is_a_payer_itself(clock: Ticking) -> None:
    with tenant_transaction():
        make_connection(aws_account_id="444455556666", role_arn="arn:aws:iam::444455556666:role/Older")

    assert read(connect(clock)).fault is ConnectionFault.LINKED_ACCOUNT_IS_PAYER


def test_an_outage_is_tried_again_later_and_proves_nothing(aws: Control, clock: Ticking) -> None:
    aws.put_fault("AssumeRole", "throttle")

    connection_id = connect(clock)

    found = read(connection_id)
    assert found.state is ConnectionState.VERIFYING
    assert found.fault is ConnectionFault.AWS_UNAVAILABLE
    assert list_verifications_due(now=clock()) == []
    aws.clear_faults()
    clock.pass_time(minutes=2)
    assert list_verifications_due(now=clock()) == [connection_id]
    assert verify_connection(connection_id=connection_id, clock=clock) is ConnectionState.VERIFIED
    assert read(connection_id).fault is None


def test_without_credentials_of_our_own_the_operator_is_named(monkeypatch: pytest.MonkeyPatch, clock: Ticking) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setattr("billing.adapters.aws.sessions.SESSIONS", Sessions())

    assert read(connect(clock)).fault is ConnectionFault.NOT_CONFIGURED


@pytest.mark.usefixtures("aws")
def test_verifying_twice_at_once_is_done_once(clock: Ticking) -> None:
    connection_id = connect(clock)

    assert verify_connection(connection_id=connection_id, clock=clock) is None


def test_the_external_id_is_ours_and_random(cast: Cast, clock: Ticking) -> None:
    with inside(cast.acme):
        first, second = (
            create_connection(actor=cast.ada_acts, kind=ConnectionKind.PAYER, now=clock()) for _ in range(2)
        )
        external_ids = {get_connection(connection_id).external_id for connection_id in (first, second)}
        assert len(external_ids) == 2


@pytest.mark.usefixtures("aws")
def test_the_template_names_us_before_there_is_a_role(cast: Cast, clock: Ticking) -> None:
    with inside(cast.acme):
        connection_id = create_connection(actor=cast.ada_acts, kind=ConnectionKind.PAYER, now=clock())
    with organization_scope(cast.acme.pk):
        assert list_principals_unknown() == [connection_id]
        note_principal(connection_id=connection_id)
        assert list_principals_unknown() == []
    with inside(cast.acme):
        template, found = get_role_template(connection_id), get_connection(connection_id)
        assert found.principal_arn in template
        assert found.external_id in template
        assert "bedrock:Invoke" not in template


def test_what_is_malformed_is_refused_and_changes_nothing(cast: Cast, clock: Ticking) -> None:
    with inside(cast.acme):
        connection_id = create_connection(actor=cast.ada_acts, kind=ConnectionKind.PAYER, now=clock())
        for role_arn in ("", "arn:aws:iam::1:role/x", "x" * 10_000, "arn:aws:iam::111122223333:user/ada", "日本"):
            with pytest.raises(MalformedRoleArn):
                enter_role(actor=cast.ada_acts, connection_id=connection_id, role_arn=role_arn, now=clock())
        with pytest.raises(MalformedExternalId):
            create_connection(actor=cast.ada_acts, kind=ConnectionKind.PAYER, external_id="a b", now=clock())
        with pytest.raises(NoRoleYet):
            request_verification(actor=cast.ada_acts, connection_id=connection_id, now=clock())
        with pytest.raises(CannotPause):
            pause_connection(actor=cast.ada_acts, connection_id=connection_id)
        assert get_connection(connection_id).state is ConnectionState.PENDING


def test_another_organizations_connection_does_not_exist(cast: Cast, clock: Ticking) -> None:
    with inside(cast.acme):
        connection_id = make_connection().pk
    with inside(cast.globex):
        with pytest.raises(ConnectionNotFound):
            get_connection(connection_id)
        with pytest.raises(ConnectionNotFound):
            disconnect_connection(actor=SYSTEM, connection_id=connection_id, delete_data=True, now=clock())


@pytest.mark.usefixtures("aws")
def test_a_paused_connection_plans_nothing_and_is_verified_before_it_goes_on(clock: Ticking) -> None:
    connection_id = connect(clock)
    with tenant_transaction():
        pause_connection(actor=SYSTEM, connection_id=connection_id)
    assert plan_collection(now=clock()) == 0

    with tenant_transaction():
        resume_connection(actor=SYSTEM, connection_id=connection_id, now=clock())
    assert verify_connection(connection_id=connection_id, clock=clock) is ConnectionState.VERIFIED
    assert plan_collection(now=clock()) > 0


@pytest.mark.usefixtures("aws")
def test_a_disconnected_connection_cannot_come_back_and_every_step_is_in_the_audit_log(clock: Ticking) -> None:
    connection_id = connect(clock)
    with tenant_transaction():
        disconnect_connection(actor=SYSTEM, connection_id=connection_id, delete_data=False, now=clock())
        with pytest.raises(ConnectionIsOver):
            request_verification(actor=SYSTEM, connection_id=connection_id, now=clock())
        verbs = AuditEvent.objects.filter(target=f"connection:{connection_id}").order_by("id")
        assert list(verbs.values_list("verb", flat=True)) == [
            "connection.created",
            "connection.role_entered",
            "connection.verified",
            "connection.disconnected",
        ]
