"""A rule is created after it was shown what it moves; what nobody pays for shrinks; the statement says who pays."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from zipfile import ZipFile

import pytest
from django.test import Client

from accounts.models import CostCenter, User
from accounts.queries.organizations import get_organization
from billing.domain.dimensions import Basis, TokenClass
from billing.domain.periods import Month, local_range_hours, utc_day_start
from billing.domain.shared_costs import SplitMethod
from billing.models import AllocationRule, AllocationRuleVersion, SeriesAssignment, UnallocatedOwner
from billing.operations.allocation import assign_series
from billing.operations.allocation_runs import work_off_runs
from billing.queries.costs import SpendQuestion, list_spend
from billing.queries.statements import get_statement
from tests.cast import NOW, Cast, inside
from tests.factories.accounts import make_cost_center
from tests.factories.allocation import make_split
from tests.factories.billing import make_all_overrides, make_billed, make_connection, make_series, make_usage

OCTOBER = datetime(2026, 10, 20, 5, tzinfo=UTC)
DAY = OCTOBER.date()
CONDITION = {"field_0": "model", "comparison_0": "is", "values_0": "nova-*, titan"}


@pytest.fixture
def story(cast: Cast) -> Cast:
    """Acme's October: one series by tag, one nobody's, two lines of the bill; search also gets a pool's cost."""
    with inside(cast.acme):
        connection = make_connection()
        for code in ("search", "support", "platform"):
            make_cost_center(code=code, name=code.title())
        make_all_overrides({TokenClass.INPUT: "1"}, effective_from=datetime(2026, 1, 1, tzinfo=UTC))
        make_all_overrides(
            {TokenClass.INPUT: "1"}, model_id="nova-pro", effective_from=datetime(2026, 1, 1, tzinfo=UTC)
        )
        make_usage(make_series(tags={"team": "search"}), {OCTOBER: 3_000_000})
        make_usage(
            make_series(model_id="nova-pro", aws_model_id="nova-pro", aws_region="us-west-2"), {OCTOBER: 1_000_000}
        )
        make_billed(connection, {DAY: "3.10"})
        shared = make_billed(connection, {DAY: "1.00"}, usage_type="USE1-Guardrail")
        assign_series(now=NOW)
        platform = CostCenter.objects.get(code="platform")
        SeriesAssignment.objects.create(billed_series=shared, cost_center=platform, origin="HAND")
    return cast


def ids(cast: Cast) -> dict[str, int]:
    with inside(cast.acme):
        return dict(CostCenter.objects.values_list("code", "id"))


def page(client: Client, user: User, path: str, data: dict[str, object] | None = None) -> str:
    client.force_login(user)
    response = client.post(f"/o/acme/{path}", data) if data is not None else client.get(f"/o/acme/{path}")
    assert response.status_code < 400, response.content.decode()[:2000]
    return " ".join(response.content.decode().split())


def test_a_rule_shows_what_it_moves_and_then_moves_it(story: Cast, client: Client) -> None:
    form = {"name": "Nova", "cost_center_id": ids(story)["support"], **CONDITION}
    shown = page(client, story.fay, "allocation-rules/preview/", form)
    assert "Moves $1.00 of the estimate" in shown
    assert "Save, moves $1.00" in shown
    with inside(story.acme):
        assert not AllocationRule.objects.exists()
    assert "$1.00 of $4.00" in page(client, story.fay, "unallocated/")
    page(client, story.fay, "allocation-rules/new/", form)
    assert "0 of 4 series" in page(client, story.ben, "allocation-rules/")
    with inside(story.acme):
        work_off_runs(clock=lambda: NOW)
    listed = page(client, story.ben, "allocation-rules/")
    assert "Model is nova-*, titan" in listed
    assert "built in" in listed
    assert "Every amount of $4.00" in page(client, story.ben, "unallocated/")


def test_a_form_with_a_fault_says_so_and_a_rule_is_changed_moved_and_ended(story: Cast, client: Client) -> None:
    client.force_login(story.fay)
    bad = {"name": "Nova", "cost_center_id": ids(story)["support"], "field_0": "tag", "values_0": "x"}
    answer = client.post("/o/acme/allocation-rules/new/", bad)
    assert answer.status_code == 422
    assert "Name the tag" in answer.content.decode()
    good = {"name": "Nova", "cost_center_id": ids(story)["support"], **CONDITION}
    page(client, story.fay, "allocation-rules/new/", good)
    with inside(story.acme):
        rule = AllocationRule.objects.get()
    assert "nova-*, titan" in page(client, story.fay, f"allocation-rules/{rule.pk}/edit/")
    page(client, story.fay, f"allocation-rules/{rule.pk}/edit/", {**good, "effective_from": "2026-11-01"})
    page(client, story.fay, f"allocation-rules/{rule.pk}/move/", {"direction": "up"})
    with inside(story.acme):
        versions = AllocationRuleVersion.objects.order_by("id").values_list("effective_from", "effective_to")
        assert list(versions) == [(None, date(2026, 11, 1)), (date(2026, 11, 1), None)]
    page(client, story.fay, f"allocation-rules/{rule.pk}/end/", {"from_day": "", "version": rule.version + 1})
    with inside(story.acme):
        assert not AllocationRule.objects.exists()


def test_conflicting_evidence_is_listed_with_its_money(story: Cast, client: Client) -> None:
    assert "agree on every series" in page(client, story.ben, "allocation-conflicts/")
    form = {"name": "All", "cost_center_id": ids(story)["support"], "field_0": "model", "values_0": "*"}
    page(client, story.fay, "allocation-rules/new/", form)
    told = page(client, story.ben, "allocation-conflicts/")
    assert "claude-sonnet-4-5, 111122223333, us-east-1, $3.00 in 90 days" in told
    assert "<strong>Support</strong>" in told


def test_unallocated_cost_gets_an_owner_and_a_suggestion(story: Cast, client: Client) -> None:
    shown = page(client, story.max, "unallocated/")
    assert "Nobody looks after it yet." in shown
    assert "field=aws_account&amp;tag_key=&amp;values=111122223333" in shown
    page(client, story.max, "unallocated/owner/", {"user_id": story.fay.pk})
    with inside(story.acme):
        assert UnallocatedOwner.objects.get().set_by == "Max"
    assert "Fay looks after it." in page(client, story.ben, "unallocated/?basis=billed")
    assert "Choose a member" in page_after(client, story, {"user_id": story.cleo.pk})


def page_after(client: Client, story: Cast, data: dict[str, object]) -> str:
    client.force_login(story.max)
    return client.post("/o/acme/unallocated/owner/", data, follow=True).content.decode()


def test_a_statement_adds_up_to_the_last_digit_with_shared_cost(story: Cast, client: Client) -> None:
    """FinOps FOCUS_Spec#810: a shared cost stands with who receives it, or where it arose, and never with both."""
    centers = ids(story)
    month = Month(2026, 10)
    with inside(story.acme):
        make_split(centers["platform"], {centers["search"]: None, centers["support"]: None}, name="Guardrails")
        make_split(
            None,
            {centers["search"]: "33.333333", centers["support"]: "66.666667"},
            name="Rest",
            method=SplitMethod.FIXED,
        )
        organization = get_organization(story.acme.id)
        found = get_statement(month, organization=organization, now=NOW)
        start, end = local_range_hours(month.range, organization.time_zone)
        whole = {
            Basis.RATED: list_spend(SpendQuestion(basis=Basis.RATED, start=start, end=end, time_zone="Asia/Tokyo")),
            Basis.BILLED: list_spend(
                SpendQuestion(basis=Basis.BILLED, start=utc_day_start(month.start), end=utc_day_start(month.end))
            ),
        }
        for one in found.bases():
            assert one.total == sum(row.cost for row in whole[one.basis].rows)
            assert sum(center.total for center in one.centers) == one.total
        # Nobody cost anything directly in the bill but the pool: in proportion to nothing, it stays where it is.
        assert found.billed.of(centers["platform"]).total == Decimal("1.00")
        assert found.billed.of(centers["search"]).total == Decimal("3.10") * Decimal("0.33333333")
        assert found.rated.unallocated.total == 0
    shown = page(client, story.ben, "statements/?month=2026-10")
    assert "Oct 2026: $4.10 billed, $4.00 estimated." in shown
    assert "Shared cost of Unallocated by Rest" in shown
    file = page(client, story.ben, "statements/?month=2026-10&format=csv")
    assert "2026-10,billed,search,Search,received,Shared cost of Unallocated by Rest,0.33333333,1.033333323,USD" in file
    client.force_login(story.ben)
    book = client.get("/o/acme/statements/?month=2026-10&format=xlsx").content
    assert "xl/worksheets/sheet3.xml" in ZipFile(BytesIO(book)).namelist()
