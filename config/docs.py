"""The reference of the API as pages: public, rendered here, without a script of anybody else."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.domain.roles import PERMISSION_LABELS, Permission
from config.reference import Operation, list_sections


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Show how the API is spoken to, and everything that can be asked."""
    sections = list_sections(settings.SITE_URL)
    context = {
        "sections": [{"tag": one.tag, "text": one.text, "operations": one.operations} for one in sections],
        "operation_count": sum(len(section.operations) for section in sections),
        "site_url": settings.SITE_URL,
        "requests_a_minute": settings.API_REQUESTS_A_MINUTE,
    }
    return render(request, "api/overview.html", context)


@require_safe
def section(request: HttpRequest, tag: str) -> HttpResponse:
    """Show the operations of one tag, each with what it takes, answers and refuses."""
    sections = list_sections(settings.SITE_URL)
    shown = next((one for one in sections if one.tag == tag), None)
    if shown is None:
        raise Http404
    context = {
        "sections": sections,
        "shown": shown,
        "operations": [_told(operation) for operation in shown.operations],
    }
    return render(request, "api/section.html", context)


def _told(operation: Operation) -> dict[str, object]:
    return {
        "it": operation,
        "text": prose(operation.text),
        "right": _(PERMISSION_LABELS[Permission(operation.permission)]),
        "tables": [
            {"id": name, "title": title, "rows": [(field, prose(field.text)) for field in fields]}
            for name, title, fields in (
                ("parameters", _("Parameters"), operation.parameters),
                ("body", _("Body"), operation.body),
                ("answer", _("Answer"), operation.answer),
            )
            if fields
        ],
        "problems": [(problem, prose(problem.text)) for problem in operation.problems],
    }


def prose(text: str) -> SafeString:
    """Return a text of the description with what stands between backticks as code."""
    parts = enumerate(text.split("`"))
    return format_html_join(
        "", "{}", ((format_html("<code>{}</code>", part) if at % 2 else part,) for at, part in parts)
    )
