"""Who pays for a series: the team of its tag, the center that claims its account, and nobody else."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from billing.adapters.aws.bedrock import Profile
from billing.domain.dimensions import Namespace, Routing, SeriesKey
from billing.models import SeriesAssignment, UsageSeries
from billing.operations.allocation import assign_series
from billing.operations.inventory import profiles_of, remember_profiles
from billing.operations.rating import find_rating_due
from billing.operations.series import find_or_add_usage_series
from tests.cast import Cast, inside
from tests.factories.accounts import make_cost_center
from tests.factories.billing import make_assignment, make_billed, make_connection, make_series, make_window

NOW = datetime(2026, 11, 10, 9, tzinfo=UTC)
LATER = NOW + timedelta(days=3)


def payers(series_id: int) -> list[tuple[str, date | None, date | None]]:
    rows = SeriesAssignment.objects.filter(usage_series_id=series_id).order_by("id")
    return [(row.cost_center.code, row.assigned_from, row.assigned_to) for row in rows]


def key(**columns: object) -> SeriesKey:
    given: dict[str, object] = {
        "aws_account_id": "111122223333",
        "aws_region": "us-east-1",
        "namespace": Namespace.BEDROCK,
        "aws_model_id": "profile000001",
        "model_id": "",
        "publisher": "",
        "routing": Routing.IN_REGION,
        "inference_profile_id": "profile000001",
    }
    return SeriesKey(**{**given, **columns})  # type: ignore[arg-type] # a test's shorthand


def test_a_series_is_paid_by_the_team_of_its_tag_from_its_first_hour(cast: Cast) -> None:
    with inside(cast.acme):
        make_connection()
        tagged, other_key, stray = (
            make_series(aws_model_id=f"p{number}", tags=tags)
            for number, tags in enumerate(({"team": "search"}, {"owner": "search"}, {"team": "nobody"}))
        )
        assert assign_series(now=NOW) == 0  # there is no such center yet
        make_cost_center(code="search")
        assert assign_series(now=NOW) == 1
        assert assign_series(now=NOW) == 0
        assert payers(tagged.pk) == [("search", None, None)]
        assert payers(other_key.pk) == payers(stray.pk) == []


def test_the_tag_key_is_the_connections_own(cast: Cast) -> None:
    with inside(cast.acme):
        make_connection(tag_key="owner")
        make_cost_center(code="search")
        series = make_series(tags={"owner": "search", "team": "support"})
        assign_series(now=NOW)
        assert payers(series.pk) == [("search", None, None)]


def test_a_tag_that_changes_moves_the_series_from_that_day_on(cast: Cast) -> None:
    with inside(cast.acme):
        make_connection()
        make_cost_center(code="search")
        make_cost_center(code="support")
        series = make_series(tags={"team": "search"})
        assign_series(now=NOW)
        UsageSeries.objects.update(tags={"team": "support"})
        assign_series(now=LATER)
        assert payers(series.pk) == [("search", None, LATER.date()), ("support", LATER.date(), None)]
        # Back again on the same day: as if nothing had been.
        UsageSeries.objects.update(tags={})
        assign_series(now=LATER)
        assert payers(series.pk) == [("search", None, LATER.date())]


def test_what_a_person_assigned_is_left_alone(cast: Cast) -> None:
    with inside(cast.acme):
        make_connection()
        make_cost_center(code="search")
        own = make_cost_center(code="own")
        series = make_series(tags={"team": "search"})
        make_assignment(series, own.pk, origin="HAND")
        assert assign_series(now=NOW) == 0
        assert payers(series.pk) == [("own", None, None)]


def test_a_billed_series_is_paid_by_the_center_that_claims_its_account(cast: Cast) -> None:
    with inside(cast.acme):
        payer = make_connection()
        make_cost_center(code="research", aws_account_id="444455556666")
        claimed = make_billed(payer, {}, aws_account_id="444455556666")
        make_billed(payer, {}, aws_account_id="111122223333")
        assert assign_series(now=NOW) == 1
        (row,) = SeriesAssignment.objects.all()
        assert (row.billed_series_id, row.cost_center.code) == (claimed.pk, "research")


def test_a_profile_that_was_resolved_names_the_past_and_has_it_rated_again(cast: Cast) -> None:
    with inside(cast.acme):
        window = make_window(make_connection(), stored_at=NOW, rated_at=NOW)
        first = find_or_add_usage_series([key()], {}, NOW)
        resolved = key(model_id="claude-sonnet-4-5", publisher="Anthropic", routing=Routing.GEO)
        again = find_or_add_usage_series([resolved], {"profile000001": {"team": "search"}}, LATER)
        assert list(first.values()) == list(again.values())
        row = UsageSeries.objects.get()
        assert (row.model_id, row.routing, row.tags) == ("claude-sonnet-4-5", "GEO", {"team": "search"})
        find_rating_due()
        window.refresh_from_db()
        assert window.is_rating_due
        # The profile is deleted, and AWS tells nothing of it any more: what was known is not forgotten.
        find_or_add_usage_series([key()], {}, LATER)
        assert UsageSeries.objects.get().model_id == "claude-sonnet-4-5"


def test_a_profile_that_was_deleted_is_remembered(cast: Cast) -> None:
    place = {"aws_account_id": "111122223333", "aws_region": "us-east-1"}
    profile = Profile(
        profile_id="profile000001",
        name="search",
        arn="arn:aws:bedrock:us-east-1:111122223333:application-inference-profile/profile000001",
        model_arns=("arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-sonnet-4-5-20250929-v1:0",),
    )
    with inside(cast.acme):
        remember_profiles(place, [profile], {"profile000001": {"team": "search"}}, NOW)
        remember_profiles(place, [profile], None, NOW)  # tags are denied today
        (known,) = profiles_of(place)
        assert (known.tags, known.deleted_at) == ({"team": "search"}, None)
        remember_profiles(place, [], {}, LATER)
        (gone,) = profiles_of(place)
        assert (gone.model_arns, gone.tags, gone.deleted_at) == (list(profile.model_arns), {"team": "search"}, LATER)
        remember_profiles(place, [profile], {"profile000001": {}}, LATER)
        assert profiles_of(place)[0].deleted_at is None
