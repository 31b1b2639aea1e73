"""Files of bills over REST: send one, see what came of it, take it back."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.response import Response

from accounts.access.api import OrganizationApiRequest, OrganizationApiView
from accounts.access.celery import nudge
from accounts.access.declarations import PageParameters
from accounts.domain.closed_months import MonthIsClosed
from accounts.domain.roles import Permission
from billing.domain.imports import (
    FILE_BYTES,
    SOURCE_NAME_LENGTH,
    CostFileEmpty,
    CostFileTooLarge,
    CostFormat,
    CostImportNotFound,
    FilesNotKept,
    ImportFailure,
    ImportOrigin,
    ImportState,
    ImportUnderWay,
    SourceNameMissing,
)
from billing.domain.money import plain
from billing.operations.imports import add_import, remove_import
from billing.operations.kept_files import keep_file
from billing.queries.imports import ImportAmount, ImportLine, get_import, list_imports

# How the worker's task is called (billing/tasks.py); a view may not import it.
RUN_IMPORT = "billing.tasks.run_import"


class CostImportAmountOutput(serializers.Serializer[Any]):
    """What a file holds in one currency."""

    currency = serializers.CharField()
    billed = serializers.CharField(help_text="A decimal number: everything in the file.")
    billed_ai = serializers.CharField(help_text="A decimal number: what was kept, since it is AI.")
    left_out = serializers.CharField(help_text="A decimal number: the rest, so that nothing vanishes without a word.")


class CostImportPeriodOutput(serializers.Serializer[Any]):
    """A billing period in the file, its end exclusive."""

    start = serializers.DateField()
    end = serializers.DateField()


class CostImportOutput(serializers.Serializer[Any]):
    """A file of a bill, and what came of reading it."""

    id = serializers.IntegerField()
    source = serializers.CharField(help_text="Where files of one bill come from.")  # type: ignore[assignment] # DRF takes declared fields off the class
    file_name = serializers.CharField()
    file_bytes = serializers.IntegerField()
    format = serializers.ChoiceField([item.value for item in CostFormat], allow_null=True)
    origin = serializers.ChoiceField([item.value for item in ImportOrigin])
    state = serializers.ChoiceField([item.value for item in ImportState])
    progress_percent = serializers.IntegerField()
    failure = serializers.ChoiceField([item.value for item in ImportFailure], allow_null=True)
    failure_detail = serializers.CharField()
    created_at = serializers.DateTimeField()
    created_by = serializers.CharField()
    finished_at = serializers.DateTimeField(allow_null=True)
    rows = serializers.IntegerField(help_text="Rows in the file.")
    rows_kept = serializers.IntegerField(help_text="Rows that are AI, and were kept.")
    rows_rejected = serializers.IntegerField(help_text="Rows that are wrong; the first hundred are told one by one.")
    amounts = CostImportAmountOutput(many=True)
    periods = CostImportPeriodOutput(many=True)
    periods_standing = serializers.IntegerField(
        help_text="How many of the periods no newer file has replaced, and nobody has taken back."
    )
    example: dict[str, Any] = {
        "id": 7,
        "source": "Azure export",
        "file_name": "october.csv.gz",
        "file_bytes": 48_213,
        "format": "FOCUS",
        "origin": "POST",
        "state": "DONE",
        "progress_percent": 100,
        "failure": None,
        "failure_detail": "",
        "created_at": "2026-11-02T01:00:00Z",
        "created_by": "Bill loader",
        "finished_at": "2026-11-02T01:00:09Z",
        "rows": 1200,
        "rows_kept": 340,
        "rows_rejected": 1,
        "amounts": [{"currency": "USD", "billed": "8120.5", "billed_ai": "912.75", "left_out": "7207.75"}],
        "periods": [{"start": "2026-10-01", "end": "2026-11-01"}],
        "periods_standing": 1,
    }


class RejectedRowOutput(serializers.Serializer[Any]):
    """A row that is wrong."""

    reason = serializers.CharField()
    raw = serializers.CharField(help_text="What the row says, cut off after 300 characters.")


class CostImportDetailOutput(CostImportOutput):
    """A file of a bill, with what was wrong with its rows."""

    file_digest = serializers.CharField(help_text="SHA-256 of the file; of a delivery the ETag of its manifest.")
    rejected = RejectedRowOutput(many=True)
    notes = serializers.ListField(
        child=serializers.DictField(), help_text="What was done with the file that one might wonder about, by `code`."
    )
    invoices = serializers.ListField(
        child=serializers.DictField(), help_text="Invoices of the periods that stand, with what of them is AI."
    )
    example: dict[str, Any] = {
        **CostImportOutput.example,
        "file_digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "rejected": [{"reason": "NOT_A_NUMBER", "raw": "BilledCost: much"}],
        "notes": [{"code": "REPLACED", "period": "2026-10-01", "import": 6, "file": "october.csv"}],
        "invoices": [
            {"invoice_id": "G-1", "issuer": "Microsoft", "currency": "USD", "billed": "8120.5", "billed_ai": "912.75"}
        ],
    }


class CostImportInput(serializers.Serializer[Any]):
    """A file, as multipart/form-data."""

    source = serializers.CharField(  # type: ignore[assignment] # as above
        max_length=SOURCE_NAME_LENGTH,
        help_text="Where the file comes from: files of one bill have one source, and replace one another by period.",
    )
    file = serializers.FileField(
        max_length=255,
        help_text="FOCUS 1.0 or later, or CUR 2.0; Parquet or CSV, which may be compressed with gzip; at most 1 GiB.",
    )
    example = {"source": "Azure export", "file": "october.csv.gz"}


class CostImportList(OrganizationApiView):
    """The files of bills, newest first."""

    permissions = {"GET": Permission.VIEW_SPEND, "POST": Permission.EDIT_COST_IMPORTS}
    parser_classes = (MultiPartParser,)
    file_limit = FILE_BYTES
    Parameters = PageParameters
    Input = CostImportInput
    Output = CostImportOutput
    statuses = {"POST": 202}
    errors = {"POST": (CostFileEmpty, CostFileTooLarge, FilesNotKept, SourceNameMissing)}

    def get(self, request: OrganizationApiRequest) -> Response:  # noqa: ARG002 - every handler gets its request
        """List imports."""
        asked = self.read_parameters()
        return self.page(list_imports(after=asked["after"], limit=asked["limit"]), serialize)

    def post(self, request: OrganizationApiRequest) -> Response:
        """Send a file, to be read by a worker; a file that the source has brought before is answered with that import."""
        given = self.read_input()
        taken = add_import(
            actor=request.actor,
            source_name=given["source"],
            file_name=given["file"].name,
            file=keep_file(given["file"].chunks()),
            origin=ImportOrigin.POST,
            now=request.now,
        )
        if not taken.is_repeated:
            nudge(RUN_IMPORT, organization_id=request.organization.id, import_id=taken.import_id)
        return Response(serialize(get_import(taken.import_id).line), status=202)


class CostImportDetail(OrganizationApiView):
    """One file of a bill."""

    permissions = {"GET": Permission.VIEW_SPEND, "DELETE": Permission.EDIT_COST_IMPORTS}
    Output = CostImportDetailOutput
    errors = {"GET": (CostImportNotFound,), "DELETE": (CostImportNotFound, ImportUnderWay, MonthIsClosed)}

    def get(self, request: OrganizationApiRequest, import_id: int) -> Response:  # noqa: ARG002 - as above
        """Return one import, with rejected rows, notes and invoices."""
        found = get_import(import_id)
        return Response(
            {
                **serialize(found.line),
                "file_digest": found.file_digest,
                "rejected": list(found.rejected),
                "notes": list(found.notes),
                "invoices": [invoice for period in found.standing for invoice in period.invoices],
            }
        )

    def delete(self, request: OrganizationApiRequest, import_id: int) -> Response:
        """Take an import back: its periods go, and Cost Explorer tells the days again where a connection reads them.

        What an older file told of the same periods is not kept: send that file again to have it back.
        """
        remove_import(actor=request.actor, import_id=import_id, now=request.now)
        return Response(status=204)


def serialize(line: ImportLine) -> dict[str, object]:
    """Return an import as the API tells it."""
    return {
        "id": line.id,
        "source": line.source,
        "file_name": line.file_name,
        "file_bytes": line.file_bytes,
        "format": line.format or None,
        "origin": line.origin,
        "state": line.state,
        "progress_percent": line.progress_percent,
        "failure": line.failure or None,
        "failure_detail": line.failure_detail,
        "created_at": line.created_at,
        "created_by": line.created_by,
        "finished_at": line.finished_at,
        "rows": line.rows,
        "rows_kept": line.rows_kept,
        "rows_rejected": line.rows_rejected,
        "amounts": [_amount(amount) for amount in line.amounts],
        "periods": [{"start": start, "end": end} for start, end in line.periods],
        "periods_standing": line.standing,
    }


def _amount(amount: ImportAmount) -> dict[str, str]:
    return {
        "currency": amount.billed.currency,
        "billed": plain(amount.billed.amount),
        "billed_ai": plain(amount.billed_ai.amount),
        "left_out": plain(amount.left_out.amount),
    }
