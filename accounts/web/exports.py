"""A copy of the whole organization as one ZIP file, for its owner."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, timedelta
from io import RawIOBase
from tempfile import TemporaryFile
from typing import IO
from zipfile import ZIP_DEFLATED, ZipFile

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from accounts.access.web import OrganizationRequest, organization_view
from accounts.domain.organizations import OrganizationValue
from accounts.domain.roles import Permission
from accounts.operations.closing import note_export
from accounts.queries.exports import ExportedTable, copy_table, list_exported_tables
from accounts.queries.memberships import list_members
from accounts.tenancy.context import organization_scope, statement_limit, tenant_transaction

CHUNK = 1 << 16
TABLE_MAY_TAKE = timedelta(minutes=30)


@require_http_methods(["GET", "HEAD", "POST"])
@organization_view(Permission.CLOSE_ORGANIZATION)
def organization_export(request: OrganizationRequest) -> HttpResponseBase:
    """Say what the copy holds; make it when it is asked for."""
    tables = list_exported_tables()
    if request.method != "POST":
        return _page(request, tables)
    note_export(actor=request.actor, tables=len(tables))
    about: dict[str, object] = {
        "organization": _settings(request.organization),
        "exported_at": request.now.astimezone(UTC).isoformat(),
        "exported_by": request.actor.label,
        "members": [
            {"user_id": member.user_id, "email": member.email, "name": member.name, "role": member.role}
            for member in list_members()
        ],
    }
    chunks = _archive(request.organization, tables, about)
    response = StreamingHttpResponse(chunks, content_type="application/zip")
    name = f"{request.organization.slug}-{request.now:%Y-%m-%d}.zip"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _page(request: OrganizationRequest, tables: tuple[ExportedTable, ...]) -> HttpResponse:
    return render(request, "accounts/organizations/export.html", {"tables": tables})


def _settings(organization: OrganizationValue) -> dict[str, object]:
    return {
        "id": str(organization.id),
        "slug": organization.slug,
        "name": organization.name,
        "time_zone": organization.time_zone,
        "currency": organization.currency,
        "fiscal_year_start_month": organization.fiscal_year_start_month,
    }


def _archive(
    organization: OrganizationValue, tables: tuple[ExportedTable, ...], about: dict[str, object]
) -> Iterator[bytes]:
    """Yield the file table by table: each is copied to disk in a transaction of its own and sent after it has closed."""
    counts: dict[str, int] = {}
    with TemporaryFile() as kept:
        with ZipFile(_Forward(kept), "w", ZIP_DEFLATED) as archive:
            for table in tables:
                counts[table.name] = _add(organization, table, archive)
                yield from _sent(kept)
            contents = {**about, "rows": counts, "columns": {table.name: list(table.columns) for table in tables}}
            archive.writestr("about.json", json.dumps(contents, ensure_ascii=False, indent=2))
        yield from _sent(kept)


def _add(organization: OrganizationValue, table: ExportedTable, archive: ZipFile) -> int:
    with (
        organization_scope(organization.id),
        statement_limit(TABLE_MAY_TAKE),
        tenant_transaction(),
        archive.open(f"{table.name}.csv", "w", force_zip64=True) as entry,
    ):
        return copy_table(table, entry.write)


def _sent(kept: IO[bytes]) -> Iterator[bytes]:
    kept.seek(0)
    while chunk := kept.read(CHUNK):
        yield chunk
    kept.seek(0)
    kept.truncate()


class _Forward(RawIOBase):
    """A file that can only be written on: the archive must not go back to what was sent already."""

    def __init__(self, kept: IO[bytes]) -> None:
        super().__init__()
        self.kept = kept

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def write(self, data: bytes) -> int:  # type: ignore[override] # narrower than any buffer: what the archive writes
        return self.kept.write(data)
