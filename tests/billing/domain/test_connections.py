"""What a role ARN, an ExternalId, a region and a tag key look like; the template grants the least and to us only."""

from __future__ import annotations

import json
import re
from decimal import Decimal

import pytest

from billing.domain.collection import ConnectionKind, Source
from billing.domain.connections import (
    FAULT_SENTENCES,
    NEEDED_PERMISSIONS,
    STATE_LABELS,
    Charge,
    ConnectionFault,
    ConnectionState,
    MalformedExternalId,
    MalformedRegion,
    MalformedRoleArn,
    MalformedTagKey,
    aws_account_of,
    charge_usd,
    check_external_id,
    check_regions,
    check_tag_key,
    external_id_from,
    is_readable,
    needed_permissions,
    polling_usd_per_month,
    wrong_external_id,
)
from billing.domain.role_templates import (
    PrincipalNotKnownYet,
    actions_of,
    missing_policy,
    role_template,
    role_terraform,
    trust_policy,
)

VENDOR = "arn:aws:iam::999988887777:role/yosan"


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:iam::123456789012:role/YosanReader",
        "arn:aws:iam::123456789012:role/path/to/Reader_+=,.@-",
        "arn:aws-us-gov:iam::123456789012:role/r",
    ],
)
def test_a_role_arn_tells_its_account(arn: str) -> None:
    assert aws_account_of(arn) == "123456789012"


@pytest.mark.parametrize(
    "arn",
    [
        "",
        "YosanReader",
        "arn:aws:iam::12345678901:role/short",
        "arn:aws:iam::123456789012:user/ada",
        "arn:aws:iam::123456789012:role/",
        "arn:aws:iam::123456789012:role/with space",
        "arn:aws:iam::123456789012:role/ünïcode",
        "arn:aws:iam::１２３４５６７８９０１２:role/wide",
        "arn:aws:iam::123456789012:role/new\nline",
        "arn:aws:iam::123456789012:role/" + "x" * 65,
        "arn:aws:iam::123456789012:role/" + "x" * 10_000,
        "arn:aws:s3:::bucket",
    ],
)
def test_anything_else_is_no_role(arn: str) -> None:
    with pytest.raises(MalformedRoleArn) as refused:
        aws_account_of(arn)
    assert refused.value.field == "role_arn"


@pytest.mark.parametrize("external_id", ["ab", "a:b/c=d,e.f@g+h-i_j", "x" * 1224])
def test_an_external_id_of_the_right_shape_is_taken(external_id: str) -> None:
    assert check_external_id(external_id) == external_id


@pytest.mark.parametrize("external_id", ["", "a", "x" * 1225, "with space", "日本語", "a\n"])
def test_an_external_id_of_another_shape_is_refused(external_id: str) -> None:
    with pytest.raises(MalformedExternalId):
        check_external_id(external_id)


def test_our_external_ids_are_random_and_of_the_right_shape() -> None:
    made = external_id_from(bytes(range(16)))
    assert made == "yosan-000102030405060708090a0b0c0d0e0f"
    assert check_external_id(made) == made
    with pytest.raises(ValueError, match="16 random bytes"):
        external_id_from(b"few")


@pytest.mark.parametrize("external_id", ["ab", "a0", "00", "yosan-" + "0" * 32, "x" * 1224])
def test_a_wrong_external_id_is_another_of_the_right_shape(external_id: str) -> None:
    assert wrong_external_id(external_id) != external_id
    assert check_external_id(wrong_external_id(external_id))


def test_regions_come_once_and_in_order() -> None:
    assert check_regions(["us-east-1", "ap-southeast-2", "us-east-1", "us-gov-west-1"]) == (
        "ap-southeast-2",
        "us-east-1",
        "us-gov-west-1",
    )


@pytest.mark.parametrize("aws_region", ["", "us-east", "US-EAST-1", "us-east-1a", "x" * 10_000])
def test_what_is_no_region_is_named_in_short(aws_region: str) -> None:
    with pytest.raises(MalformedRegion) as refused:
        check_regions(["us-east-1", aws_region])
    assert len(str(refused.value)) < 120


def test_a_tag_key_has_a_length() -> None:
    assert check_tag_key(" team ") == "team"
    for key in ("", "  ", "x" * 129):
        with pytest.raises(MalformedTagKey):
            check_tag_key(key)


def test_every_state_and_every_fault_has_words() -> None:
    assert set(STATE_LABELS) == set(ConnectionState)
    assert set(FAULT_SENTENCES) == set(ConnectionFault)


def test_only_a_payer_is_asked_for_the_bill() -> None:
    member = {needed.action for needed in needed_permissions(ConnectionKind.MEMBER)}
    payer = {needed.action for needed in needed_permissions(ConnectionKind.PAYER)}
    assert payer - member == {"ce:GetCostAndUsage", "ce:GetDimensionValues"}
    assert member < payer == {needed.action for needed in NEEDED_PERMISSIONS}
    assert all(needed.why for needed in NEEDED_PERMISSIONS)


def test_without_metrics_nothing_can_be_read() -> None:
    assert is_readable(ConnectionKind.PAYER, ["ce:GetCostAndUsage", "bedrock:ListTagsForResource"])
    assert not is_readable(ConnectionKind.MEMBER, ["cloudwatch:GetMetricData"])


@pytest.mark.parametrize("kind", list(ConnectionKind))
def test_the_template_lets_us_in_with_this_external_id_only_and_read_only(kind: ConnectionKind) -> None:
    template = json.loads(role_template(kind=kind, external_id="yosan-abc", principal_arn=VENDOR))
    (role,) = template["Resources"].values()
    assert "Parameters" not in template
    (trust,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"AWS": VENDOR}
    assert trust["Condition"] == {"StringEquals": {"sts:ExternalId": "yosan-abc"}}
    (policy,) = role["Properties"]["Policies"]
    actions = [action for statement in policy["PolicyDocument"]["Statement"] for action in statement["Action"]]
    assert sorted(actions) == sorted(needed.action for needed in needed_permissions(kind))
    for action in actions:
        assert action.partition(":")[2].startswith(("Get", "List"))
    assert "RoleArn" in template["Outputs"]


@pytest.mark.parametrize("kind", list(ConnectionKind))
def test_terraform_makes_the_same_role_as_the_template(kind: ConnectionKind) -> None:
    text = role_terraform(kind=kind, external_id="yosan-abc", principal_arn=VENDOR)
    # An HCL object is JSON with `=`, bare names and commas after every item of a list.
    plain = re.sub(
        r"^(\s*)(\w+|\"[^\"]+\")\s+= ", lambda m: f"{m[1]}{json.dumps(m[2].strip(chr(34)))}: ", text, flags=re.MULTILINE
    )
    documents = [_read_hcl(piece) for piece in re.findall(r"jsonencode\((.*?)\n  ?\}\)", plain, flags=re.DOTALL)]
    template = json.loads(role_template(kind=kind, external_id="yosan-abc", principal_arn=VENDOR))
    role = template["Resources"]["YosanReader"]["Properties"]
    assert documents == [role["AssumeRolePolicyDocument"], role["Policies"][0]["PolicyDocument"]]
    assert text.count("{") == text.count("}")
    assert "aws_iam_role.yosan_reader.arn" in text


def _read_hcl(piece: str) -> object:
    lines = (piece + "\n}").splitlines()
    joined = []
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        bare = line.rstrip().rstrip(",")
        ends = following.strip()[:1] in ("}", "]", "") or bare.endswith(("{", "["))
        joined.append(bare if ends else f"{bare},")
    return json.loads("\n".join(joined))


def test_a_fix_names_exactly_what_is_missing() -> None:
    policy = json.loads(missing_policy({"ce:GetCostAndUsage", "bedrock:ListTagsForResource", "s3:GetObject"}))
    assert policy["Statement"] == [
        {"Effect": "Allow", "Action": ["ce:GetCostAndUsage", "bedrock:ListTagsForResource"], "Resource": "*"}
    ]
    assert missing_policy(()) == ""
    assert actions_of(Source.COST_EXPLORER, ["ce:GetCostAndUsage", "cloudwatch:ListMetrics"]) == ("ce:GetCostAndUsage",)
    trust = json.loads(trust_policy(external_id="yosan-abc", principal_arn=VENDOR))
    assert trust["Statement"][0]["Condition"] == {"StringEquals": {"sts:ExternalId": "yosan-abc"}}


def test_the_template_cannot_be_written_with_a_broken_external_id() -> None:
    with pytest.raises(MalformedExternalId):
        role_template(kind=ConnectionKind.PAYER, external_id='"}', principal_arn=VENDOR)


def test_the_template_waits_until_we_know_who_we_are() -> None:
    with pytest.raises(PrincipalNotKnownYet):
        role_template(kind=ConnectionKind.PAYER, external_id="yosan-abc", principal_arn="")


def test_watching_costs_at_most_what_asking_for_everything_every_hour_costs() -> None:
    # 540 metrics, every hour and once more a day; four calls for the bill, once a day.
    assert charge_usd(metrics=540, cost_explorer_calls=4) == Decimal("0.0454")
    assert Charge(metrics=540, cost_explorer_requests=4).usd == Decimal("0.0454")
    member = polling_usd_per_month(metrics=540, cost_explorer_calls_per_reading=0)
    assert round(member, 2) == Decimal("4.11")
    payer = polling_usd_per_month(metrics=540, cost_explorer_calls_per_reading=4)
    assert round(payer - member, 2) == Decimal("1.22")
