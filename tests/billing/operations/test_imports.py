"""Files of bills become facts: once, by period, whatever is wrong with a row, a file or a worker."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from django.db.models import Sum

from accounts.domain.closed_months import MonthIsClosed
from accounts.operations.closed_months import close_months, reopen_months
from billing.domain.collection import Source, WindowState
from billing.domain.dimensions import Provider
from billing.domain.imports import (
    ATTEMPTS,
    CostImportNotFound,
    ImportFailure,
    ImportNote,
    ImportOrigin,
    ImportState,
    ImportUnderWay,
    SourceNameMissing,
)
from billing.domain.periods import DateRange
from billing.domain.records import BilledRecord
from billing.models import BilledCost, BilledSeries, CollectionWindow, CostImport, CostSource, ImportedPeriod
from billing.operations.cost_readings import CostReader
from billing.operations.costs import replace_bill
from billing.operations.imports import add_import, list_imports_due, remove_import, run_import
from billing.operations.kept_files import keep_file
from billing.sql import ensure_months
from tests.cast import Cast, inside
from tests.factories.billing import make_connection, make_window
from tests.factories.cost_files import as_csv, aws, azure, cur2_csv

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
OCTOBER = DateRange(date(2026, 10, 1), date(2026, 11, 1))
NOVEMBER = {"BillingPeriodStart": "2026-11-01", "BillingPeriodEnd": "2026-12-01"}
ACCOUNT = "222222222222"
FIFTH = date(2026, 10, 5)


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path / "imports"


@pytest.fixture
def acme(cast: Cast) -> Iterator[Cast]:
    with inside(cast.acme):
        yield cast


def take_in(cast: Cast, content: bytes, *, source: str = "Azure", name: str = "october.csv") -> int:
    return add_import(
        actor=cast.ada_acts,
        source_name=source,
        file_name=name,
        file=keep_file([content]),
        origin=ImportOrigin.UPLOAD,
        now=NOW,
    ).import_id


def read_in(cast: Cast, content: bytes, *, source: str = "Azure", now: datetime = NOW) -> CostImport:
    import_id = take_in(cast, content, source=source)
    run_import(import_id=import_id, clock=lambda: now)
    return CostImport.objects.get(id=import_id)


def total(**only: Any) -> Decimal:
    return BilledCost.objects.filter(**only).aggregate(whole=Sum("cost_unblended"))["whole"] or Decimal(0)


def notes_of(row: CostImport) -> set[str]:
    return {note["code"] for note in row.notes}


def test_lines_land_in_the_facts_with_provider_model_class_and_proven_unit(acme: Cast) -> None:
    google = azure(
        "3",
        ProviderName="Google Cloud",
        ServiceName="Vertex AI",
        SkuMeter="Gemini 2.5 Flash GA Text Input - Predictions",
        PricingUnit="requests",
        PricingQuantity="10000000",
    )
    done = read_in(acme, as_csv([azure("1.5", Tags='{"team": "ads"}'), azure("0.5"), google]))
    assert (done.state, done.rows, done.rows_kept, done.format) == (ImportState.DONE, 3, 3, "FOCUS")
    read = {row.model_id: row for row in BilledSeries.objects.exclude(tags={"team": "ads"})}
    gpt, gemini = read["gpt-4o"], read["gemini-2-5-flash"]
    assert (gpt.provider, gpt.token_class, gpt.routing_class) == (Provider.AZURE_OPENAI, "output", "GLOBAL")
    assert (gpt.tokens_per_unit, gpt.aws_region, gpt.aws_account_id) == (1_000, "japaneast", "sub-1")
    assert (gemini.provider, gemini.tokens_per_unit) == (Provider.GOOGLE_VERTEX, 1)
    assert total() == 5
    assert BilledSeries.objects.get(tags={"team": "ads"}).tags_digest
    assert ImportedPeriod.objects.get().invoices == [
        {"invoice_id": "G-1", "issuer": "Microsoft", "currency": "USD", "billed": "5", "billed_ai": "5"}
    ]


@pytest.mark.usefixtures("prices")
def test_cur_lines_tell_principal_resource_and_marketplace_model(acme: Cast) -> None:
    """grafana/cloudcost-exporter#933 and opencost/opencost#4022: Marketplace lines and fees are part of the bill."""
    claude = {
        "line_item_product_code": "7zgyu5r4abcdefghijklmnopq",
        "product_servicecode": "",
        "line_item_usage_type": "USE1-MP:USE1_OutputTokenCount-Units",
        "pricing_unit": "Units",
        "product": '{"servicename": "Claude Sonnet 4.6 (Amazon Bedrock Edition)", "model": "Claude Sonnet 4.6"}',
        "line_item_unblended_cost": "1.25",
        "line_item_iam_principal": "arn:aws:iam::222222222222:role/search",
        "resource_tags": '{"user_team": "search"}',
    }
    fee = {"line_item_line_item_type": "Fee", "line_item_unblended_cost": "7"}
    other = {
        "line_item_product_code": "AmazonEC2",
        "product_servicecode": "AmazonEC2",
        "line_item_usage_type": "USE1-BoxUsage",
    }
    done = read_in(acme, cur2_csv({}, claude, fee, {**other, "line_item_unblended_cost": "30"}), source="CUR")
    assert (done.format, done.rows, done.rows_kept) == ("CUR2", 4, 3)
    assert done.amounts == [{"currency": "USD", "billed": "38.75", "billed_ai": "8.75", "left_out": "30"}]
    assert [(line["service"], line["billed"]) for line in done.left_out] == [("AmazonEC2", "30")]
    sold = BilledSeries.objects.get(model_id="claude-sonnet-4-6")
    assert sold.principal_arn.endswith("role/search")
    assert sold.tags == {"team": "search"}
    assert BilledSeries.objects.get(charge_category="PURCHASE").heading
    assert total(date=FIFTH) == Decimal("8.75")


def test_a_bad_row_is_kept_with_its_reason_while_the_rest_goes_on(acme: Cast) -> None:
    rows = [
        azure("1"),
        azure("much"),
        azure("1", BillingCurrency=""),
        azure("1", ChargePeriodStart="soon"),
        azure("1", BillingCurrency="Dollar"),
    ]
    done = read_in(acme, as_csv(rows) + b"cut,off\n")
    assert (done.state, done.rows, done.rows_kept, done.rows_rejected) == (ImportState.DONE, 6, 1, 5)
    assert sorted(row["reason"] for row in done.rejected) == [
        "MALFORMED",
        "NOT_A_CURRENCY",
        "NOT_A_DATE",
        "NOT_A_NUMBER",
        "VALUE_MISSING",
    ]
    assert any("BilledCost: much" in row["raw"] for row in done.rejected)
    assert total() == 1


def test_a_period_is_replaced_as_a_whole_and_what_a_file_does_not_tell_stays(acme: Cast) -> None:
    """hystax/optscale#389 and project-koku/koku#3383: what is in is visible, and nothing is added up twice."""
    first = read_in(acme, as_csv([azure("1"), azure("2", ServiceName="Foundry Models"), azure("4", **NOVEMBER)]))
    second = read_in(acme, as_csv([azure("8")]))
    assert total(date__lt=OCTOBER.end) == 8
    assert total(date__gte=OCTOBER.end) == 4
    replaced = [note for note in second.notes if note["code"] == ImportNote.REPLACED]
    assert [(note["period"], note["import"]) for note in replaced] == [("2026-10-01", first.pk)]
    standing = ImportedPeriod.objects.order_by("period_start").values_list("cost_import_id", flat=True)
    assert list(standing) == [second.pk, first.pk]


def test_the_same_file_twice_changes_nothing(acme: Cast) -> None:
    """microsoft/finops-toolkit#966: the same data delivered again must not count again."""
    content = as_csv([azure("1"), azure("2")])
    first = read_in(acme, content)
    again = add_import(
        actor=acme.ada_acts,
        source_name=" Azure ",
        file_name="copy.csv",
        file=keep_file([content]),
        origin=ImportOrigin.POST,
        now=NOW,
    )
    assert (again.import_id, again.is_repeated) == (first.pk, True)
    assert CostImport.objects.count() == 1
    assert total() == 3
    # Once something newer stands in its place, the same file is news again.
    read_in(acme, as_csv([azure("5")]))
    assert take_in(acme, content) != first.pk


def test_two_files_of_one_account_and_day_count_once_whatever_their_format(acme: Cast) -> None:
    """microsoft/finops-toolkit#966: two export formats of one bill side by side."""
    read_in(acme, as_csv([aws("2"), azure("1")]), source="FOCUS")
    done = read_in(acme, cur2_csv({"line_item_unblended_cost": "2.25"}), source="CUR")
    assert total() == Decimal("3.25")
    assert ImportNote.OTHER_FILE_YIELDED in notes_of(done)


def billed_by_cost_explorer(connection_id: int, *days: int) -> None:
    records = [
        BilledRecord(
            aws_account_id=ACCOUNT,
            service="Amazon Bedrock",
            usage_type="USE1-Claude4.6Opus-output-tokens",
            date=date(2026, 10, day),
            unblended=Decimal(3),
            net_unblended=Decimal(3),
            amortized=Decimal(3),
            quantity=Decimal(120),
            unit="1K tokens",
            currency="USD",
            estimated=False,
        )
        for day in days
    ]
    ensure_months("billing_billedcost", [OCTOBER.start])
    replace_bill(connection_id, OCTOBER, records, NOW)


def test_a_day_told_by_cost_explorer_and_by_a_file_counts_once_as_the_file_tells_it(acme: Cast) -> None:
    """project-koku/koku#816: one cost by two ways is one cost."""
    payer = make_connection(aws_account_id="111111111111")
    window = make_window(
        payer,
        source=Source.COST_EXPLORER,
        start=datetime(2026, 10, 1, tzinfo=UTC),
        end=datetime(2026, 11, 1, tzinfo=UTC),
        state=WindowState.DONE,
    )
    billed_by_cost_explorer(payer.pk, 4, 5, 6)
    done = read_in(acme, as_csv([aws("3.5")]), source="FOCUS")
    assert total() == Decimal("9.5")
    assert ImportNote.CONNECTION_YIELDED in notes_of(done)
    # Reading the bill again changes nothing: the file still tells that day.
    billed_by_cost_explorer(payer.pk, 4, 5, 6)
    assert (total(), total(date=FIFTH)) == (Decimal("9.5"), Decimal("3.5"))
    # Taken back, the day is told by Cost Explorer again, once it has been read.
    assert remove_import(actor=acme.ada_acts, import_id=done.pk, now=NOW) == 1
    assert CollectionWindow.objects.get(id=window.pk).state == WindowState.DUE
    billed_by_cost_explorer(payer.pk, 4, 5, 6)
    assert total() == 9
    assert not ImportedPeriod.objects.exists()


def test_the_newest_day_of_a_month_that_goes_on_counts_as_cost_explorer_tells_it(acme: Cast) -> None:
    payer = make_connection(aws_account_id="111111111111")
    billed_by_cost_explorer(payer.pk, 5, 6)
    early = datetime(2026, 10, 6, 12, tzinfo=UTC)
    cut_off = aws("1", ChargePeriodStart="2026-10-06T00:00Z")
    done = read_in(acme, as_csv([aws("3.5"), cut_off]), source="FOCUS", now=early)
    assert {ImportNote.CONNECTION_YIELDED, ImportNote.FILE_YIELDED} <= notes_of(done)
    assert (total(date=FIFTH), total(date=date(2026, 10, 6))) == (Decimal("3.5"), Decimal(3))
    assert BilledCost.objects.filter(is_estimated=True).exists()


def test_parquet_with_maps_and_binary_numbers_is_read_exactly(acme: Cast, tmp_path: Path) -> None:
    path = tmp_path / "cur.parquet"
    duckdb.sql(f"""
        COPY (
            SELECT
                '111111111111' AS bill_payer_account_id, '{ACCOUNT}' AS line_item_usage_account_id,
                TIMESTAMP '2026-10-01' AS bill_billing_period_start_date,
                TIMESTAMP '2026-11-01' AS bill_billing_period_end_date,
                TIMESTAMPTZ '2026-10-05 23:00:00+00' AS line_item_usage_start_date,
                'Usage' AS line_item_line_item_type, 'USD' AS line_item_currency_code,
                'USE1-Claude4.6Opus-output-tokens' AS line_item_usage_type, 'AmazonBedrock' AS line_item_product_code,
                '1K tokens' AS pricing_unit, CAST(4 AS DOUBLE) AS line_item_usage_amount,
                CAST(0.1 AS DOUBLE) AS line_item_unblended_cost,
                MAP {{'servicename': 'Amazon Bedrock', 'feature': 'Batch Inference'}} AS product,
                MAP {{'user_team': 'ads'}} AS resource_tags
            FROM range(3)
        ) TO '{path}' (FORMAT parquet)
    """)
    done = read_in(acme, path.read_bytes(), source="CUR")
    assert (done.format, done.rows, total(date=FIFTH)) == ("CUR2", 3, Decimal("0.3"))
    series = BilledSeries.objects.get()
    assert (series.tags, series.tier, series.service) == ({"team": "ads"}, "BATCH", "Amazon Bedrock")


def test_compressed_text_is_read_as_it_is(acme: Cast) -> None:
    assert read_in(acme, gzip.compress(as_csv([azure("1")]))).state == ImportState.DONE
    assert total() == 1


@pytest.mark.parametrize(
    ("content", "failure"),
    [
        (b"a,b\n1,2\n", ImportFailure.UNKNOWN_FORMAT),
        (b"\x00\x01\x02\xff" * 50, ImportFailure.UNREADABLE),
        (b"PAR1 but not really", ImportFailure.UNREADABLE),
        (as_csv([azure("1")], ["BilledCost", "ChargePeriodStart"]), ImportFailure.COLUMNS_MISSING),
        (as_csv([azure("x")]), ImportFailure.NO_ROWS),
        (as_csv([]), ImportFailure.NO_ROWS),
    ],
)
def test_a_file_that_is_no_bill_is_refused_with_its_reason_and_changes_nothing(
    acme: Cast, folder: Path, content: bytes, failure: ImportFailure
) -> None:
    read_in(acme, as_csv([azure("1")]))
    done = read_in(acme, content)
    assert (done.state, done.failure) == (ImportState.FAILED, failure)
    assert str(folder.parent) not in done.failure_detail
    assert total() == 1
    assert list(folder.iterdir()) == []


def test_an_import_whose_worker_died_is_begun_again_and_given_up_at_last(acme: Cast) -> None:
    import_id = take_in(acme, as_csv([azure("1")]))
    later = NOW + timedelta(minutes=5)
    CostImport.objects.update(state=ImportState.STARTED, attempt=1, lease_until=NOW + timedelta(minutes=2))
    assert list_imports_due(now=NOW) == []
    assert run_import(import_id=import_id, clock=lambda: NOW) is None
    assert list_imports_due(now=later) == [import_id]
    assert run_import(import_id=import_id, clock=lambda: later) is ImportState.DONE
    assert total() == 1
    other = take_in(acme, as_csv([azure("2")]))
    CostImport.objects.filter(id=other).update(attempt=ATTEMPTS)
    assert run_import(import_id=other, clock=lambda: NOW) is ImportState.FAILED
    assert CostImport.objects.get(id=other).failure == ImportFailure.GAVE_UP
    assert total() == 1


def test_what_was_taken_back_while_it_was_read_is_not_stored(acme: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    import_id = take_in(acme, as_csv([azure("1")]))
    read = CostReader.look_through

    def read_slowly(reader: Any) -> Any:
        CostImport.objects.update(attempt=7)
        return read(reader)

    monkeypatch.setattr(CostReader, "look_through", read_slowly)
    assert run_import(import_id=import_id, clock=lambda: NOW) is None
    assert total() == 0


def test_an_import_that_is_being_read_cannot_be_taken_back(acme: Cast) -> None:
    import_id = take_in(acme, as_csv([azure("1")]))
    CostImport.objects.update(state=ImportState.STARTED)
    with pytest.raises(ImportUnderWay):
        remove_import(actor=acme.ada_acts, import_id=import_id, now=NOW)
    CostImport.objects.update(state=ImportState.FAILED)
    assert remove_import(actor=acme.ada_acts, import_id=import_id, now=NOW) == 0
    with pytest.raises(CostImportNotFound):
        remove_import(actor=acme.ada_acts, import_id=import_id, now=NOW)


def test_odd_periods_give_way_as_a_whole_and_late_charges_count_in_the_period_that_bills_them(acme: Cast) -> None:
    odd = {"BillingPeriodStart": "2026-09-14", "BillingPeriodEnd": "2026-10-14"}
    read_in(acme, as_csv([azure("1", **odd), azure("2", ChargePeriodStart="2026-09-20", **odd)]))
    done = read_in(acme, as_csv([azure("4"), azure("8", ChargePeriodStart="2026-09-20")]))
    assert total() == 12
    assert total(date=OCTOBER.start) == 8
    assert ImportNote.MOVED_INTO_PERIOD in notes_of(done)
    assert [str(row) for row in ImportedPeriod.objects.all()] == ["2026-10-01 to 2026-11-01"]


def test_a_unit_that_nothing_proves_is_noted_and_counts_no_tokens_until_a_file_proves_it(acme: Cast) -> None:
    unproven = azure("1", PricingUnit="Units", ListCost="")
    assert ImportNote.UNIT_UNPROVEN in notes_of(read_in(acme, as_csv([unproven])))
    assert BilledSeries.objects.get().tokens_per_unit is None
    read_in(acme, as_csv([{**unproven, "ListCost": "1"}]))
    assert BilledSeries.objects.get().tokens_per_unit == 1_000


def test_a_kind_of_charge_that_nobody_knows_is_kept_and_noted(acme: Cast) -> None:
    done = read_in(acme, as_csv([azure("1", ChargeCategory="Gift")]))
    assert ImportNote.CATEGORY_UNKNOWN in notes_of(done)
    assert BilledSeries.objects.get().charge_category == "ADJUSTMENT"


def test_what_belongs_to_no_subscription_belongs_to_the_billing_account(acme: Cast) -> None:
    """hystax/optscale#596: shared commitments belong to no subscription, and were missing."""
    read_in(acme, as_csv([azure("1", SubAccountId="")]))
    assert BilledSeries.objects.get().aws_account_id == "billing-1"


def test_a_source_is_named_and_says_whose_bill_it_is(acme: Cast) -> None:
    with pytest.raises(SourceNameMissing):
        take_in(acme, b"x", source="  ")
    read_in(acme, as_csv([azure("1")]))
    assert CostSource.objects.get(name="Azure").provider == Provider.AZURE_OPENAI
    read_in(acme, as_csv([azure("1"), aws("1")]))
    assert CostSource.objects.get(name="Azure").provider == Provider.OTHER


def test_a_file_leaves_a_closed_month_as_it_was_signed_until_it_is_reopened(acme: Cast) -> None:
    first = read_in(acme, as_csv([azure("1")]))
    close_months(actor=acme.ada_acts, month=OCTOBER.start, today=NOW.date())
    late = read_in(acme, as_csv([azure("2")]))
    assert (late.failure, late.failure_detail) == (ImportFailure.MONTH_CLOSED, "2026-10")
    with pytest.raises(MonthIsClosed):
        remove_import(actor=acme.ada_acts, import_id=first.pk, now=NOW)
    assert total() == 1
    reopen_months(actor=acme.ada_acts, month=OCTOBER.start, reason="The invoice was corrected.")
    assert read_in(acme, as_csv([azure("2")])).state == ImportState.DONE
    assert total() == 2
