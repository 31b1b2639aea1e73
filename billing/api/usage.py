"""Usage over REST."""

from __future__ import annotations

from rest_framework import serializers
from rest_framework.response import Response

from accounts.access.api import OrganizationApiRequest, OrganizationApiView
from accounts.access.patience import REPORT
from accounts.domain.roles import Permission
from billing.api.costs import SpendPageFields, data_until_text
from billing.api.questions import GroupedOutput, QuestionParameters, named_key, question_of, row_period
from billing.domain.dimensions import Basis
from billing.queries.questions import SpendQuestion
from billing.queries.usage import UsageRow, list_usage


class UsageParameters(QuestionParameters):
    """Which usage."""

    basis = serializers.ChoiceField(
        choices=[Basis.RATED.value],
        default=Basis.RATED.value,
        help_text="Only `rated`: the bill knows quantities of many units, not tokens by model.",
    )


class UsageOutput(GroupedOutput):
    """Tokens of one group in one period: one column for each class, or `tokens` when they are grouped by class.

    The classes are disjoint, and never added up into one number.
    """

    tokens = serializers.IntegerField(
        required=False, help_text="With `group_by=token_class`: the tokens of that class."
    )
    tokens_input = serializers.IntegerField(required=False, help_text="Without tokens read from or written to a cache.")
    tokens_output = serializers.IntegerField(required=False)
    tokens_cache_read = serializers.IntegerField(required=False)
    tokens_cache_write = serializers.IntegerField(
        required=False, help_text="Written for a time that the source does not tell."
    )
    tokens_cache_write_5m = serializers.IntegerField(required=False)
    tokens_cache_write_1h = serializers.IntegerField(required=False)
    invocations = serializers.IntegerField(required=False, help_text="Calls; not told by class.")
    example = {
        "period": "2026-10-01",
        "model": "claude-sonnet-4-5",
        "tokens_input": 12345678,
        "tokens_output": 2345678,
        "tokens_cache_read": 345678,
        "tokens_cache_write": 45678,
        "tokens_cache_write_5m": 0,
        "tokens_cache_write_1h": 0,
        "invocations": 5678,
    }


class UsagePageFields(SpendPageFields):
    """What the answer says about all its rows."""


class UsageList(OrganizationApiView):
    """Tokens by period and group, in the order of period and group."""

    permissions = {"GET": Permission.VIEW_SPEND}
    statement_limit = REPORT
    Parameters = UsageParameters
    Output = UsageOutput
    PageFields = UsagePageFields

    def get(self, request: OrganizationApiRequest) -> Response:
        """List usage."""
        asked = self.read_parameters()
        question = question_of(request, asked, Basis.RATED)
        page = list_usage(question, after=asked["after"], limit=asked["limit"])
        return self.page(
            page,
            lambda row: _serialize(row, question),
            data_until=data_until_text(request, Basis.RATED),
            basis=Basis.RATED.value,
            time_zone=question.time_zone,
        )


def _serialize(row: UsageRow, question: SpendQuestion) -> dict[str, object]:
    told: dict[str, object] = {"period": row_period(question, row.period), **named_key(question, row.key)}
    if isinstance(row.tokens, int):
        return told | {"tokens": row.tokens}
    by_class = {f"tokens_{name}": count for name, count in row.tokens._asdict().items()}
    return told | by_class | {"invocations": row.invocations}
