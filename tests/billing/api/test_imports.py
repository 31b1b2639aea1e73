"""Files of bills over REST: sent as a form, answered at once, told in full once read; the bill in FOCUS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.domain.roles import Permission
from billing.models import CostImport
from billing.operations.imports import run_import
from tests.billing.api.conftest import Api, KeyMaker
from tests.cast import Cast, inside
from tests.factories.cost_files import as_csv, azure

pytestmark = pytest.mark.django_db

FILE = as_csv([azure("1.5"), azure("x"), azure("7", ServiceName="Virtual Machines", ServiceCategory="Compute")])


@pytest.fixture(autouse=True)
def _folder(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr("billing.api.imports.nudge", lambda *_args, **_kwargs: None)


@pytest.fixture
def loader(cast: Cast, make_api: KeyMaker) -> Api:
    """A program of Acme that may import."""
    return make_api(cast.acme, [Permission.VIEW_SPEND, Permission.EDIT_COST_IMPORTS])


def post(api: Api, content: bytes = FILE, *, headers: dict[str, str] | None = None, **fields: str) -> Any:
    given = {"source": "Azure", "file": SimpleUploadedFile("october.csv", content), **fields}
    named = {"authorization": f"Bearer {api.key}", **(headers or {})}
    return Client().post("/api/v1/cost-imports/", given, headers=named)


def read_all(cast: Cast) -> None:
    with inside(cast.acme):
        for import_id in CostImport.objects.values_list("id", flat=True):
            run_import(import_id=import_id, clock=timezone.now)


def test_a_file_is_sent_read_told_in_full_and_taken_back(cast: Cast, loader: Api, globex_api: Api) -> None:
    answer = post(loader)
    assert answer.status_code == 202
    sent = answer.json()
    assert (sent["state"], sent["origin"], sent["source"]) == ("DUE", "POST", "Azure")
    read_all(cast)
    told = loader.get(f"cost-imports/{sent['id']}/").json()
    assert (told["state"], told["rows"], told["rows_kept"], told["rows_rejected"]) == ("DONE", 3, 1, 1)
    assert told["amounts"] == [{"currency": "USD", "billed": "8.5", "billed_ai": "1.5", "left_out": "7"}]
    assert [row["reason"] for row in told["rejected"]] == ["NOT_A_NUMBER"]
    assert [invoice["invoice_id"] for invoice in told["invoices"]] == ["G-1"]
    # The same file again is the import that is there.
    assert post(loader).json()["id"] == sent["id"]
    assert [row["id"] for row in loader.rows("cost-imports/")] == [sent["id"]]
    assert globex_api.rows("cost-imports/") == []
    (line,) = loader.rows("focus-lines/", month="2026-10")
    assert (line["BilledCost"], line["ProviderName"], line["x_ModelId"]) == ("1.5", "Microsoft", "gpt-4o")
    assert line["ChargeClass"] is None
    assert loader.send("DELETE", f"cost-imports/{sent['id']}/").status_code == 204
    assert loader.get(f"cost-imports/{sent['id']}/").json()["state"] == "REMOVED"
    assert loader.send("DELETE", f"cost-imports/{sent['id']}/").status_code == 404
    assert loader.rows("focus-lines/", month="2026-10") == []


def test_a_repeated_key_is_answered_with_the_first_answer_and_another_file_is_refused(loader: Api) -> None:
    named = {"Idempotency-Key": "october"}
    first = post(loader, headers=named)
    again = post(loader, headers=named)
    assert (again.status_code, again["Idempotency-Replayed"]) == (202, "true")
    assert again.json() == first.json()
    assert post(loader, as_csv([azure("2")]), headers=named).status_code == 422


def test_what_is_no_file_is_refused(loader: Api, api: Api) -> None:
    assert post(loader, b"").status_code == 400
    assert post(loader, surprise="x").json()["code"] == "unknown_field"
    no_form = loader.send("POST", "cost-imports/", {"source": "Azure"})
    assert no_form.status_code == 415
    assert "multipart/form-data" in no_form.json()["detail"]
    assert post(api).json()["code"] == "scope_missing"
    assert loader.get("focus-lines/", month="soon").status_code == 400
