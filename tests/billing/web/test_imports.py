"""The pages of imports: a file goes in, is seen being read, tells what came of it, and is taken back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from accounts.models import User
from billing.domain.imports import ImportState
from billing.models import CostExport, CostImport
from billing.operations.imports import run_import
from tests.cast import Cast, inside
from tests.factories.billing import make_connection
from tests.factories.cost_files import as_csv, azure
from tests.factories.imports import make_export, make_import, make_imported_period

pytestmark = pytest.mark.django_db

FILE = as_csv([azure("1.5"), azure("x"), azure("7", ServiceName="Virtual Machines", ServiceCategory="Compute")])


@pytest.fixture(autouse=True)
def _folder(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("billing.web.imports.nudge", lambda *_args, **_kwargs: None)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def upload(client: Client, content: bytes = FILE, source: str = "Azure") -> Any:
    file = SimpleUploadedFile("october.csv", content)
    return client.post("/o/acme/imports/new/", {"source": source, "file": file})


def text_of(answer: Any) -> str:
    assert isinstance(answer, HttpResponse)
    return answer.content.decode()


def test_finance_uploads_a_file_sees_what_came_in_and_takes_it_back(cast: Cast) -> None:
    client = signed_in(cast.fay)
    assert "No bill was imported" in text_of(client.get("/o/acme/imports/"))
    answer = upload(client)
    with inside(cast.acme):
        row = CostImport.objects.get()
    address = f"/o/acme/imports/{row.pk}/"
    assert (answer.status_code, answer["Location"]) == (302, address)
    assert 'hx-trigger="every 1s"' in text_of(client.get(address))
    with inside(cast.acme):
        assert run_import(import_id=row.pk, clock=timezone.now) is ImportState.DONE
    assert client.get(address, headers={"HX-Request": "true"})["HX-Refresh"] == "true"
    page = text_of(client.get(address))
    for told in ("$1.50 of the $8.50", "gpt-4o", "An amount is not a number.", "Virtual Machines", "G-1"):
        assert told in page
    assert "This file is in already" in text_of(client.get(upload(client)["Location"]))
    assert "The newest imported bill is that of" in text_of(client.get("/o/acme/imports/"))
    assert "1 billing period of this file goes" in text_of(client.get(f"{address}remove/"))
    assert client.post(f"{address}remove/").status_code == 302
    assert "This import was taken back" in text_of(client.get(address))


def test_what_cannot_be_taken_says_why(cast: Cast) -> None:
    client = signed_in(cast.fay)
    assert upload(client, b"").status_code == 422
    assert upload(client, source="   ").status_code == 422
    assert client.get("/o/acme/imports/99/").status_code == 404


def test_pages_that_take_no_file_are_sent_none(cast: Cast) -> None:
    client = signed_in(cast.ada)
    file = SimpleUploadedFile("big.bin", b"x" * 100)
    answer = client.post("/o/acme/exchange-rates/new/", {"month": "2026-10", "currency": "JPY", "file": file})
    assert answer.status_code == 422
    assert not answer.wsgi_request.FILES


def test_a_viewer_sees_files_and_cannot_add_any(cast: Cast) -> None:
    client = signed_in(cast.ben)
    with inside(cast.acme):
        make_import(state=ImportState.FAILED, failure="UNREADABLE", failure_detail="no header")
    page = text_of(client.get("/o/acme/imports/"))
    assert "1 file could not be read." in page
    assert "Upload a file</a>" not in page
    assert client.get("/o/acme/imports/new/").status_code == 403


def test_an_admin_registers_an_export_and_ends_it(cast: Cast) -> None:
    client = signed_in(cast.max)
    with inside(cast.acme):
        connection = make_connection()
    given = {
        "source": "CUR",
        "connection": connection.pk,
        "bucket": "acme-billing",
        "bucket_region": "us-east-1",
        "export_prefix": "exports",
        "export_name": "cur",
    }
    assert client.post("/o/acme/imports/exports/new/", {**given, "bucket": "No"}).status_code == 422
    assert client.post("/o/acme/imports/exports/new/", given).status_code == 302
    assert "s3://acme-billing/exports/cur" in text_of(client.get("/o/acme/imports/"))
    with inside(cast.acme):
        export = CostExport.objects.get()
    assert client.post(f"/o/acme/imports/exports/{export.pk}/end/").status_code == 302
    assert "s3://acme-billing/exports/cur" not in text_of(client.get("/o/acme/imports/"))


def test_the_list_shows_every_state(cast: Cast) -> None:
    with inside(cast.acme):
        make_imported_period()
        for state in ImportState:
            make_import(state=state)
        make_export(last_error="AccessDenied", last_error_detail="s3:ListBucket")
    page = text_of(signed_in(cast.ben).get("/o/acme/imports/"))
    for told in ("Imported", "Replaced", "Waiting", "Being read, 0%", "Failed", "Removed", "AccessDenied"):
        assert told in page


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_the_bill_of_a_month_is_sent_as_focus_and_adds_up(cast: Cast, tmp_path: Path, kind: str) -> None:
    client = signed_in(cast.fay)
    upload(client, as_csv([azure("1.5"), azure("2.25", ChargePeriodStart="2026-10-31T00:00Z", Tags='{"a": "b"}')]))
    with inside(cast.acme):
        run_import(import_id=CostImport.objects.get().pk, clock=timezone.now)
    answer = client.get("/o/acme/imports/focus/", {"month": "2026-10", "format": kind})
    assert answer["Content-Disposition"].endswith(f'acme-focus-2026-10.{kind}"')
    path = tmp_path / f"sent.{kind}"
    path.write_bytes(b"".join(answer.streaming_content))  # type: ignore[attr-defined]
    read = f"read_{kind}('{path}')"
    asked = f"SELECT sum(CAST(BilledCost AS DECIMAL(38, 18))), count(*) FROM {read}"
    (total, rows) = duckdb.connect().execute(asked).fetchall()[0]
    assert (f"{total:f}".rstrip("0"), rows) == ("3.75", 2)
    assert client.get("/o/acme/imports/focus/", {"month": "soon"}).status_code == 400
