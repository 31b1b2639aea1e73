"""Import files of bills: what is in and what is not, upload one, look into it, take it back; exports read from S3."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access.celery import nudge
from accounts.access.forms import posted
from accounts.access.sentences import add_error
from accounts.access.uploads import takes_file
from accounts.access.web import OrganizationRequest, organization_view
from accounts.domain.errors import CallerError
from accounts.domain.roles import Permission
from billing.domain.connections import COLLECTING_STATES, EXPORT_PERMISSIONS
from billing.domain.imports import (
    FAILURE_SENTENCES,
    FILE_BYTES,
    FORMAT_LABELS,
    MEBIBYTE,
    REJECTED_LABELS,
    SOURCE_NAME_LENGTH,
    ImportOrigin,
    ImportState,
)
from billing.operations.cost_exports import add_export, end_export
from billing.operations.imports import add_import, find_or_add_source, remove_import
from billing.operations.kept_files import keep_file
from billing.queries.connections import list_connections
from billing.queries.focus import list_billed_months
from billing.queries.imports import (
    find_last_period,
    get_import,
    has_open_imports,
    list_cost_sources,
    list_exports,
    list_imports,
)

# How the worker's tasks are called (billing/tasks.py); a view may not import them.
RUN_IMPORT, PLAN_IMPORTS = "billing.tasks.run_import", "billing.tasks.plan_imports"
SHOWN = 50
LABELS = {
    "formats": FORMAT_LABELS,
    "failures": FAILURE_SENTENCES,
    "reasons": REJECTED_LABELS,
}


class SourceField(forms.CharField):
    """The name of a source; those that exist are offered."""

    def __init__(self) -> None:
        super().__init__(
            label=gettext_lazy("Source"),
            max_length=SOURCE_NAME_LENGTH,
            help_text=gettext_lazy(
                "Files of one bill have one source, for example Azure. A newer file replaces the same months of its source."
            ),
            widget=forms.TextInput(attrs={"list": "sources", "autocomplete": "off"}),
        )


class UploadForm(forms.Form):
    """A file and where it comes from."""

    source = SourceField()
    file = forms.FileField(
        label=gettext_lazy("File"),
        max_length=255,
        help_text=gettext_lazy(
            "FOCUS 1.0 or later, or CUR 2.0; Parquet or CSV, compressed with gzip or not; at most 1 GiB."
        ),
        widget=forms.FileInput(attrs={"accept": ".csv,.gz,.parquet"}),
    )


class ExportForm(forms.Form):
    """Where an export of AWS Data Exports lies."""

    source = SourceField()
    connection = forms.TypedChoiceField(
        label=gettext_lazy("AWS account whose role may read the bucket"),
        coerce=int,
        help_text=gettext_lazy(
            "The role needs s3:ListBucket and s3:GetObject on the bucket, besides what it may already."
        ),
    )
    bucket = forms.CharField(label=gettext_lazy("Bucket"), max_length=63)
    bucket_region = forms.CharField(
        label=gettext_lazy("Region of the bucket"), max_length=32, help_text=gettext_lazy("For example us-east-1")
    )
    export_prefix = forms.CharField(label=gettext_lazy("Prefix"), max_length=255, required=False)
    export_name = forms.CharField(label=gettext_lazy("Name of the export"), max_length=128)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        connection = self.fields["connection"]
        assert isinstance(connection, forms.ChoiceField)
        connection.choices = [(item.id, item.label) for item in list_connections() if item.state in COLLECTING_STATES]
        for name in ("bucket", "bucket_region", "export_prefix", "export_name"):
            self.fields[name].widget.attrs.update({"autocapitalize": "none", "spellcheck": "false"})


@require_safe
@organization_view(Permission.VIEW_SPEND)
def cost_import_list(request: OrganizationRequest) -> HttpResponse:
    """Show the files, newest first, and the exports; while a file is being read, only the files again and again."""
    page = list_imports(after=request.GET.get("after") or None, limit=SHOWN)
    context = {**LABELS, "imports": page.rows, "page_next": page.next, "is_open": has_open_imports()}
    if request.htmx:
        return render(request, "billing/imports/_files.html", context)
    context |= {
        "exports": list_exports(),
        "last_period": find_last_period(),
        "failed": [row for row in page.rows if row.state == ImportState.FAILED],
        "months": list_billed_months(),
    }
    return render(request, "billing/imports/list.html", context)


@takes_file(FILE_BYTES)
@require_http_methods(["GET", "HEAD", "POST"])
@organization_view(Permission.EDIT_COST_IMPORTS)
def cost_import_create(request: OrganizationRequest) -> HttpResponse:
    """Take a file in and show it being read."""
    form = UploadForm(posted(request), request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            taken = add_import(
                actor=request.actor,
                source_name=form.cleaned_data["source"],
                file_name=file.name,
                file=keep_file(file.chunks()),
                origin=ImportOrigin.UPLOAD,
                now=request.now,
            )
        except CallerError as error:
            add_error(form, error)
        else:
            if taken.is_repeated:
                messages.info(request, _("This file is in already: nothing was added."))
            else:
                nudge(RUN_IMPORT, organization_id=request.organization.id, import_id=taken.import_id)
            return redirect("billing:cost_import_detail", org_slug=request.organization.slug, import_id=taken.import_id)
    context = {"form": form, "sources": list_cost_sources(), "mebibytes": FILE_BYTES // MEBIBYTE}
    return render(request, "billing/imports/form.html", context, status=422 if form.errors else 200)


@require_safe
@organization_view(Permission.VIEW_SPEND)
def cost_import_detail(request: OrganizationRequest, import_id: int) -> HttpResponse:
    """Show what came of a file; while it is read, how far that is."""
    found = get_import(import_id)
    context = {**LABELS, "found": found, "line": found.line}
    is_partial = request.htmx and found.line.state in (ImportState.DUE, ImportState.STARTED)
    template = "billing/imports/_progress.html" if is_partial else "billing/imports/detail.html"
    response = render(request, template, context)
    if request.htmx and not is_partial:
        # It has been read: the page is another one now.
        response = HttpResponse(headers={"HX-Refresh": "true"})
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@organization_view(Permission.EDIT_COST_IMPORTS)
def cost_import_remove(request: OrganizationRequest, import_id: int) -> HttpResponse:
    """Say what taking a file back would change, and do it."""
    found = get_import(import_id)
    if request.method == "POST":
        rows = remove_import(actor=request.actor, import_id=import_id, now=request.now)
        messages.success(request, _("Removed: %(rows)s stored lines are gone.") % {"rows": f"{rows:,}"})
        return redirect("billing:cost_import_list", org_slug=request.organization.slug)
    return render(request, "billing/imports/remove.html", {**LABELS, "found": found, "line": found.line})


@require_http_methods(["GET", "HEAD", "POST"])
@organization_view(Permission.EDIT_CONNECTIONS)
def cost_export_create(request: OrganizationRequest) -> HttpResponse:
    """Register an export; a worker looks at it at once."""
    form = ExportForm(posted(request))
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            add_export(
                actor=request.actor,
                source=find_or_add_source(given["source"], request.now),
                connection_id=given["connection"],
                bucket=given["bucket"],
                bucket_region=given["bucket_region"],
                prefix=given["export_prefix"],
                export_name=given["export_name"],
                now=request.now,
            )
        except CallerError as error:
            add_error(form, error)
        else:
            nudge(PLAN_IMPORTS, organization_id=request.organization.id)
            messages.success(request, _("Registered. A worker looks for deliveries now."))
            return redirect("billing:cost_import_list", org_slug=request.organization.slug)
    context = {"form": form, "sources": list_cost_sources(), "needed": EXPORT_PERMISSIONS}
    return render(request, "billing/imports/export_form.html", context, status=422 if form.errors else 200)


@require_POST
@organization_view(Permission.EDIT_CONNECTIONS)
def cost_export_end(request: OrganizationRequest, export_id: int) -> HttpResponse:
    """Read an export no more; it can be registered again, so nothing is asked."""
    end_export(actor=request.actor, export_id=export_id, now=request.now)
    messages.success(request, _("This export is read no more. What was imported stays."))
    return redirect("billing:cost_import_list", org_slug=request.organization.slug)
