"""The pages of the match: the sentence, the ladder, days and versions, exceptions and their answers, invoices, the file."""

from __future__ import annotations

import pytest
from django.test import Client

from billing.models import Discrepancy, Invoice
from billing.operations.reconciliation import reconcile_due_days
from tests.billing.api.test_reconciliation import NOW, store_day
from tests.cast import Cast, inside
from tests.factories.reconciliation import make_restatement

pytestmark = pytest.mark.django_db(databases=["default"])
MONTH = "/o/acme/reconciliation/?month=2026-11"


@pytest.fixture
def fay(client: Client, cast: Cast) -> Client:
    client.force_login(cast.fay)
    with inside(cast.acme):
        store_day()
    return client


def test_the_first_sentence_says_what_differs_and_that_all_of_it_is_explained(fay: Client) -> None:
    """hystax/optscale#558 and #62: which numbers are compared, in which unit and days, and what lies between them."""
    page = fay.get(MONTH).content.decode()
    assert "Rated $20.00 and billed $17.50 differ by −$2.50 (−13" in page.replace("\n", " ")
    assert "all but $0.00 is explained" in page
    assert "Price differs" in page
    assert "Not billed by token" in page
    day = fay.get("/o/acme/reconciliation/day/?date=2026-11-03").content.decode()
    assert "claude-sonnet-4-5" in day
    assert "This day has its first version" in day
    for strange in ("?month=2026-99", "?month=9999-12", "day/?date=9999-12-31"):
        assert fay.get(f"/o/acme/reconciliation/{strange}").status_code == 404
    assert fay.get("/o/acme/reconciliation/?month=2025-01").status_code == 200


def test_a_restated_day_shows_its_versions_on_the_day_and_in_the_month(fay: Client, cast: Cast) -> None:
    with inside(cast.acme):
        make_restatement()
    assert "$812.40 → $809.15" in fay.get(MONTH).content.decode()
    day = fay.get("/o/acme/reconciliation/day/?date=2026-11-01").content.decode()
    assert "version 2" in day
    assert "Amazon Bedrock USE1-input-tokens" in day


def test_finance_answers_an_exception_and_a_viewer_only_looks(fay: Client, cast: Cast) -> None:
    with inside(cast.acme):
        reconcile_due_days(now=NOW)
        row = Discrepancy.objects.get(reason="price_differs")
    assert "1 exception needs you: $5.00" in fay.get(MONTH).content.decode()
    path = f"/o/acme/reconciliation/exceptions/{row.pk}/"
    assert fay.post(path, {"state": "EXPLAINED", "note": ""}).status_code == 422
    assert fay.post(path, {"state": "EXPLAINED", "note": "Contract"}).status_code == 302
    assert "No exception needs you" in fay.get(MONTH).content.decode()
    assert fay.post("/o/acme/reconciliation/tolerance/", {"absolute_usd": "-1", "percent": "1"}).status_code == 422
    assert fay.post("/o/acme/reconciliation/tolerance/", {"absolute_usd": "＄6", "percent": "1 %"}).status_code == 302


def test_an_invoice_is_the_third_number(fay: Client, cast: Cast) -> None:
    given = {"month": "2026-11", "provider": "aws_bedrock", "invoice_id": "E-1", "amount": "$17.60", "currency": "usd"}
    assert fay.post("/o/acme/invoices/new/", given).status_code == 302
    assert "+$0.10" in (page := fay.get(MONTH).content.decode()) or "+0.10" in page
    assert fay.post("/o/acme/invoices/new/", given).status_code == 422
    with inside(cast.acme):
        invoice = Invoice.objects.get()
    assert fay.post(f"/o/acme/invoices/{invoice.pk}/remove/").status_code == 302
    assert "No invoice is entered" in fay.get(MONTH).content.decode()


def test_the_file_has_every_line_with_every_reason(fay: Client) -> None:
    answer = fay.get("/o/acme/reconciliation/export/?month=2026-11")
    rows = b"".join(answer.streaming_content).decode().splitlines()  # type: ignore[attr-defined] # it streams
    assert rows[0].lstrip("\ufeff").startswith("date,provider,aws_account")
    assert len(rows) == 3
    assert any("claude-sonnet-4-5,input,1000000,0,1000000,20,15,'-5" in row for row in rows)
