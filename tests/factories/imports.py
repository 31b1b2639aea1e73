"""One function per model of imports: everything needed and nothing more."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from billing.domain.dimensions import Provider
from billing.domain.imports import ImportOrigin, ImportState
from billing.models import AwsConnection, CostExport, CostImport, CostSource, ImportedPeriod
from tests.factories.billing import make_connection

AT = datetime(2026, 11, 2, 9, tzinfo=UTC)


def make_cost_source(name: str = "Azure export") -> CostSource:
    """A source of files."""
    made, _ = CostSource.objects.get_or_create(
        name=name, defaults={"provider": Provider.AZURE_OPENAI, "created_at": AT}
    )
    return made


def make_import(**columns: Any) -> CostImport:
    """A file that was read."""
    return CostImport.objects.create(
        **{
            "cost_source": make_cost_source(),
            "origin": ImportOrigin.UPLOAD,
            "format": "FOCUS",
            "file_name": "october.csv",
            "file_bytes": 2_048,
            "file_digest": "0" * 64,
            "created_at": AT,
            "created_by": "Fay",
            "state": ImportState.DONE,
            "finished_at": AT,
            "rows": 3,
            "rows_kept": 2,
            "periods": [["2026-10-01", "2026-11-01"]],
            "amounts": [{"currency": "USD", "billed": "12", "billed_ai": "10", "left_out": "2"}],
            **columns,
        }
    )


def make_imported_period(**columns: Any) -> ImportedPeriod:
    """What stands of a file."""
    row = columns.pop("cost_import", None) or make_import()
    return ImportedPeriod.objects.create(
        **{
            "cost_source": row.cost_source,
            "cost_import": row,
            "period_start": date(2026, 10, 1),
            "period_end": date(2026, 11, 1),
            "complete_until": date(2026, 11, 1),
            "rows": 2,
            "stored_at": AT,
            **columns,
        }
    )


def make_export(**columns: Any) -> CostExport:
    """An export in a bucket of a connected account."""
    return CostExport.objects.create(
        **{
            "cost_source": make_cost_source("CUR"),
            "bucket": "acme-billing",
            "bucket_region": "us-east-1",
            "prefix": "exports",
            "export_name": "cur",
            "created_at": AT,
            "next_check_at": AT,
            **columns,
            "connection": columns.get("connection")
            or AwsConnection.objects.order_by("id").first()
            or make_connection(),
        }
    )
