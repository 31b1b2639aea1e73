"""What the API says of itself as a whole, and of each first part of a path, in the order of the documentation."""

from __future__ import annotations

DESCRIPTION = """\
Usage, spend, budgets and alerts of one organization, as figures for programs.

**Keys.** `Authorization: Bearer <api key>`. A key belongs to one organization and has the rights it was given; it is \
issued on the page "API keys".

**Lists** answer `{"rows": [...], "next": ...}`. `next` is null on the last page; otherwise send it as `after`, with all \
other parameters unchanged, to get the next page. `limit` is the number of rows in a page at most.

**Input is read strictly.** A parameter or field that is not described here is refused, not ignored.

**Figures.** Amounts are decimal numbers as text, unrounded. Times are ISO 8601 in UTC; days and months have the \
calendar that each call names. A range includes its start and not its end.

**Writes** take an `Idempotency-Key`: a repeated request gets the first one's answer and changes nothing more. What two \
people can edit has a `version`, which is also the answer's `ETag`; a change that sends it as `If-Match` is refused when \
somebody was faster.

**Errors** are problem details (RFC 9457, `application/problem+json`). Programs should read `code`, which stays; \
sentences may change and are in the language of `Accept-Language` (English or Japanese). Quote `request_id`, which is \
also the `X-Request-ID` of every answer, when you ask for help.

**Limits.** Each key may ask so many times a minute (`RateLimit-Policy`); what is left stands in `RateLimit`. Beyond it \
the answer is 429 with `Retry-After`. Bodies may have one megabyte.

**Changes.** New paths, parameters, fields and codes may be added at any time: ignore what you do not know. Nothing is \
taken away from `/api/v1/` or changes its meaning without a `Deprecation` field in the answers, a line in the change \
log and six months in between.

The API is for servers: it sends no CORS fields, and keys do not belong into pages.
"""
_TAGS = {
    "organization": "The organization that the key opens, and what the key may do in it.",
    "members": "Who belongs to the organization, with which role.",
    "invitations": "Who was asked to join the organization and has not answered yet.",
    "cost-centers": "The tree of teams or projects that cost is charged to.",
    "api-keys": "Keys for programs: issue, list, revoke.",
    "audit-events": "Who changed what and when; nothing in it can be changed.",
    "connections": "AWS accounts that usage and cost are read from, and the roles by which we enter them.",
    "cost-imports": "Bills as files: FOCUS of any cloud, or AWS's CUR 2.0; what came in, what was left out, what was wrong.",
    "focus-lines": "The bill of a month in FOCUS 1.2, from all sources.",
    "models": "The foundation models that we know.",
    "prices": "What a million tokens cost: published prices and the organization's own.",
    "learnt-rates": "What the bill shows a million tokens cost, with the days and lines that say so.",
    "price-events": "Rates that moved, on the bill or as announced.",
    "announcements": "Announced price cuts, and what we got of them.",
    "usage-types": "The usage types of AWS's bill: what each was read as, and what proves its unit.",
    "reconciliation": "What we rated against what was billed: every cent of the difference by its reason, and exceptions.",
    "invoices": "What providers ask to be paid for a month's AI use: the third number.",
    "closed-months": "Months whose figures are signed and do not change any more.",
    "usage-events": "Usage of other meters than CloudWatch, sent as CloudEvents.",
    "allocation-rules": "Rules, in their order, that say which cost center pays for what.",
    "allocation-conflicts": "Series whose rules, tags and account name different cost centers.",
    "shared-cost-splits": "How statements distribute shared cost to cost centers.",
    "business-metrics": "What a cost center's business came to in a month, for splits that go by it.",
    "unallocated": "What nobody pays for.",
    "exchange-rates": "Monthly rates from US dollars to other currencies.",
    "spend": "What was spent, by any dimensions: estimated from tokens (rated) or as AWS bills it (billed).",
    "usage": "Tokens and calls, by any dimensions.",
    "saved-views": "Questions about spend and usage that somebody keeps under a name.",
    "forecasts": "Where months will end, with bands, and how right earlier forecasts were.",
    "budgets": "What a month may cost, and where it stands.",
    "alerts": "Thresholds of budgets that were crossed, and who was told.",
    "channels": "Who is told: e-mail addresses and webhooks.",
    "deliveries": "Single messages to channels.",
}
TAGS = [{"name": name, "description": text} for name, text in _TAGS.items()]
