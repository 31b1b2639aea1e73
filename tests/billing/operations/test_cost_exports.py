"""Exports in a real S3 server: what their manifests name is fetched, what changes is fetched again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pytest
from django.db.models import Sum
from moto.server import ThreadedMotoServer

from billing.adapters.aws.errors import AwsError
from billing.adapters.aws.exports import Bucket, read_manifest
from billing.domain.connections import MalformedRegion
from billing.domain.imports import ImportFailure, ImportOrigin, ImportState
from billing.models import AwsConnection, BilledCost, CostExport, CostImport
from billing.operations.cost_exports import (
    CostExportNotFound,
    ExportConnectionMissing,
    ExportExists,
    MalformedExport,
    add_export,
    check_export,
    end_export,
    list_exports_due,
)
from billing.operations.imports import find_or_add_source, run_import
from billing.operations.windows import role_of
from tests.cast import Cast, inside
from tests.factories.billing import make_connection
from tests.factories.cost_files import cur2_csv

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=3)
ROOT = "exports/cur"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """moto's S3, behind a port."""
    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    _, port = running.get_host_and_port()
    yield f"http://127.0.0.1:{port}"
    running.stop()


@pytest.fixture
def s3(server: str, monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> Any:
    settings.MEDIA_ROOT = tmp_path
    for name, value in {
        "AWS_ENDPOINT_URL": server,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3", region_name="us-east-1", endpoint_url=server)
    client.create_bucket(Bucket="acme-billing")
    for item in client.list_objects_v2(Bucket="acme-billing").get("Contents", ()):
        client.delete_object(Bucket="acme-billing", Key=item["Key"])
    return client


def deliver(s3: Any, *costs: str, period: str = "2026-10", execution: str = "") -> None:
    """Put one file per cost, the manifest last; an older delivery's surplus file is left empty, as AWS leaves it."""
    below = f"BILLING_PERIOD={period}/" + (f"{execution}/" if execution else "")
    keys = [f"{ROOT}/data/{below}cur-{number:05d}.csv" for number in range(1, len(costs) + 1)]
    for key, cost in zip(keys, costs, strict=True):
        s3.put_object(Bucket="acme-billing", Key=key, Body=cur2_csv({"line_item_unblended_cost": cost}))
    s3.put_object(Bucket="acme-billing", Key=f"{ROOT}/data/{below}cur-00009.csv", Body=b"")
    manifest = {"executionId": execution or "e", "dataFiles": [f"s3://acme-billing/{key}" for key in keys]}
    s3.put_object(
        Bucket="acme-billing", Key=f"{ROOT}/metadata/{below}cur-Manifest.json", Body=json.dumps(manifest).encode()
    )


def register(cast: Cast, connection: AwsConnection, **told: Any) -> int:
    given = {
        "bucket": "acme-billing",
        "bucket_region": "us-east-1",
        "prefix": "/exports/",
        "export_name": "cur",
        **told,
    }
    return add_export(
        actor=cast.ada_acts,
        source=find_or_add_source("CUR", NOW),
        connection_id=connection.pk,
        now=NOW,
        **given,
    )


def read_all(export_id: int, now: datetime) -> list[ImportState | None]:
    return [
        run_import(import_id=import_id, clock=lambda: now)
        for import_id in check_export(export_id=export_id, clock=lambda: now)
    ]


def total() -> Decimal:
    return BilledCost.objects.aggregate(whole=Sum("cost_unblended"))["whole"] or Decimal(0)


@pytest.mark.parametrize("execution", ["", "20261103T000000Z-one"])
def test_a_delivery_is_read_from_its_manifest_once_and_again_when_it_changes(
    cast: Cast, s3: Any, execution: str
) -> None:
    """hystax/optscale#813 and #389: which months are in is known, and one that changes is read again."""
    with inside(cast.acme):
        export_id = register(cast, make_connection())
        deliver(s3, "1", "2", execution=execution)
        assert list_exports_due(now=NOW) == [export_id]
        assert read_all(export_id, NOW) == [ImportState.DONE]
        done = CostImport.objects.get()
        assert (done.origin, done.rows) == (ImportOrigin.S3, 2)
        assert total() == 3
        assert done.file_name == "2026-10 cur"
        # Nothing has changed.
        assert read_all(export_id, LATER) == []
        # The next delivery of the period has one file less, and one of another period comes with it.
        deliver(s3, "5", execution=execution and "20261104T000000Z-two")
        deliver(s3, "7", period="2026-11")
        assert read_all(export_id, LATER + timedelta(hours=3)) == [ImportState.DONE] * 2
        # Both tell October's lines: the file of November holds October's period, as a late correction does.
        assert total() == 7


def test_what_aws_denies_stands_in_the_exports_row_and_is_tried_again(cast: Cast, s3: Any) -> None:
    with inside(cast.acme):
        export_id = register(cast, make_connection(), bucket="somebody-elses")
        assert check_export(export_id=export_id, clock=lambda: NOW) == []
        row = CostExport.objects.get()
        assert (row.last_error, row.checked_at) == ("NoSuchBucket", NOW)
        assert list_exports_due(now=NOW) == []
        assert list_exports_due(now=LATER) == [export_id]
        # A file that vanished between manifest and reading fails its import with the reason.
        CostExport.objects.update(bucket="acme-billing")
        deliver(s3, "1")
        (import_id,) = check_export(export_id=export_id, clock=lambda: LATER)
        s3.delete_object(Bucket="acme-billing", Key=f"{ROOT}/data/BILLING_PERIOD=2026-10/cur-00001.csv")
        assert run_import(import_id=import_id, clock=lambda: LATER) is ImportState.FAILED
        assert CostImport.objects.get().failure == ImportFailure.NOT_FETCHED


def test_a_manifest_that_is_none_or_names_another_bucket_is_refused(cast: Cast, s3: Any) -> None:
    with inside(cast.acme):
        bucket = Bucket(role=role_of(make_connection(), "exports"), name="acme-billing", aws_region="us-east-1")
    for body in (b"not json", b"[]", json.dumps({"dataFiles": ["s3://others/file"]}).encode()):
        s3.put_object(Bucket="acme-billing", Key="m.json", Body=body)
        with pytest.raises(AwsError):
            read_manifest(bucket, "m.json")


def test_an_export_is_registered_once_through_a_connected_account_and_ended(cast: Cast) -> None:
    with inside(cast.acme):
        connection = make_connection()
        for told, refused in (
            ({"bucket": "No Bucket"}, MalformedExport),
            ({"export_name": ""}, MalformedExport),
            ({"bucket_region": "mars"}, MalformedRegion),
        ):
            with pytest.raises(refused):
                register(cast, connection, **told)
        export_id = register(cast, connection)
        with pytest.raises(ExportExists):
            register(cast, connection)
        end_export(actor=cast.ada_acts, export_id=export_id, now=NOW)
        with pytest.raises(CostExportNotFound):
            end_export(actor=cast.ada_acts, export_id=export_id, now=NOW)
        AwsConnection.objects.update(state="DISCONNECTED")
        with pytest.raises(ExportConnectionMissing):
            register(cast, connection)
