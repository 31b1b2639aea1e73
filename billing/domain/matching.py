"""Pairs what was counted with what was billed on one day, and gives each part of the difference its reason.

Counted and billed tokens are laid out in pieces (tier, routing, class) and paired in rounds, the closest first:

1. same tier, routing and class (CloudWatch's cache write, whose lifetime it hides, with the five-minute one);
2. same tier and routing: cache writes that were kept for longer, whose extra price is told apart;
3. the same line: what CloudWatch gave another tier or routing than the bill;
4. batch, which CloudWatch usually does not show;
5. usage of a model that nobody can name, with billed tokens of the same account, region and class that nobody counted.

Tokens that have met can only differ in price; tokens that have not are usage without bill or bill without usage. Shares of
an amount are cut to eighteen places and the rest stays with the other share, so that nothing is lost or made.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext

from billing.domain.dimensions import Tier, TokenClass
from billing.domain.money import EXACT, SMALLEST_SHARE, ZERO
from billing.domain.reconciliation import (
    CACHE_WRITES,
    BilledPart,
    Coverage,
    Line,
    LineKey,
    RatedPart,
    Reason,
    Tolerance,
)

# A rate that is ten times another is a unit misread, not a price: nobody explains that away.
BELIEVED = 10
# AWS rounds amounts to about ten digits: a rate that is off by less than a millionth is the same rate.
SAME_RATE = Decimal("1E-6")
CENT = Decimal("0.01")
HIDDEN = TokenClass.CACHE_WRITE.value  # a write whose lifetime its source hides
SHORT_WRITES = frozenset({HIDDEN, TokenClass.CACHE_WRITE_5M.value})


@dataclass(slots=True, kw_only=True)
class _Piece:
    """Tokens that still look for the other side, and their money."""

    line: Line
    tier: str
    routing_class: str
    token_class: str
    tokens: Decimal
    cost: Decimal
    is_priced: bool = True
    # Of the cost, what was not there when the day was first told whole, where the tokens were the same.
    restated: Decimal = ZERO
    # Of the tokens, those that were not there then.
    tokens_new: Decimal = ZERO

    def take(self, tokens: Decimal) -> tuple[Decimal, Decimal]:
        """Take tokens out; returns their cost and what of it is restated."""
        cost, restated = _share(self.cost, tokens, self.tokens), _share(self.restated, tokens, self.tokens)
        self.tokens, self.cost, self.restated = self.tokens - tokens, self.cost - cost, self.restated - restated
        return cost, restated


def _share(amount: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    if part == whole:
        return amount
    return (amount * part / whole).quantize(SMALLEST_SHARE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sides:
    rated: list[_Piece]
    billed: list[_Piece]


def match_day(
    rated: Iterable[RatedPart], billed: Iterable[BilledPart], coverage: Coverage, tolerance: Tolerance
) -> tuple[Line, ...]:
    """Return the lines of a day, in the order of their keys; each adds up to the last digit.

    The order in which the parts come changes nothing.
    """
    with localcontext(EXACT):
        lines: dict[LineKey, Line] = {}
        sides: dict[LineKey, _Sides] = defaultdict(lambda: _Sides(rated=[], billed=[]))
        shrunk: dict[LineKey, Decimal] = defaultdict(Decimal)
        for counted in sorted(rated):
            sides[counted.key].rated.extend(_rated_pieces(counted, _line(lines, counted.key)))
        for told in sorted(
            billed,
            key=lambda part: (
                *part[:10],
                part.tokens or ZERO,
                *part[11:12],
                part.tokens_first or ZERO,
                part.cost_first,
            ),
        ):
            sides[told.key].billed.extend(_billed_pieces(told, _line(lines, told.key), shrunk))
        for key in sorted(sides):
            _match_line(sides[key], tolerance)
        _match_unnamed(sides, tolerance)
        for key in sorted(sides):
            _explain_rest(sides[key], coverage, shrunk[key])
        for line in lines.values():
            line.check()
        return tuple(lines[key] for key in sorted(lines))


def _line(lines: dict[LineKey, Line], key: LineKey) -> Line:
    return lines.setdefault(key, Line(key=key))


def _rated_pieces(part: RatedPart, line: Line) -> list[_Piece]:
    line.rated += part.cost
    line.rated_tokens += part.tokens
    line.rated_tokens_unpriced += part.tokens_unpriced
    priced = part.tokens - part.tokens_unpriced
    pieces = [
        _piece(part, line, Decimal(priced), part.cost, is_priced=True),
        _piece(part, line, Decimal(part.tokens_unpriced), ZERO, is_priced=False),
    ]
    if not priced and part.cost:  # a cost of no tokens: no source says so, and it must not vanish if one does
        line.unexplained -= part.cost
    return [piece for piece in pieces if piece.tokens]


def _billed_pieces(part: BilledPart, line: Line, shrunk: dict[LineKey, Decimal]) -> list[_Piece]:
    line.billed += part.cost
    line.billed_tokens += part.tokens or ZERO
    if part.reason is not None:
        line.explain(part.reason, part.cost)
        return []
    if part.tokens is None or part.tokens <= 0:
        if part.tokens_first and part.tokens_first > 0:
            shrunk[line.key] += part.tokens_first
        # A cost without tokens, on a line that counts them: a unit that nothing proves, or a correction without a name.
        line.unexplained += part.cost
        return []
    first = part.tokens if part.tokens_first is None else part.tokens_first
    shrunk[line.key] += max(first - part.tokens, ZERO)
    made = _piece(part, line, part.tokens, part.cost, is_priced=True)
    made.tokens_new = max(part.tokens - first, ZERO)
    made.restated = part.cost - part.cost_first if first == part.tokens else ZERO
    return [made]


def _piece(part: RatedPart | BilledPart, line: Line, tokens: Decimal, cost: Decimal, *, is_priced: bool) -> _Piece:
    return _Piece(
        line=line,
        tier=part.tier or Tier.STANDARD,
        # The bill has no word for calls that stay in a region or a geography; where it has one, it is global.
        routing_class=part.routing_class or "REGIONAL",
        token_class=part.token_class,
        tokens=tokens,
        cost=cost,
        is_priced=is_priced,
    )


def _match_line(sides: _Sides, tolerance: Tolerance) -> None:
    def is_batch(piece: _Piece) -> bool:
        return piece.tier == Tier.BATCH

    usual = [piece for piece in sides.billed if not is_batch(piece)]
    batch = [piece for piece in sides.billed if is_batch(piece)]
    _pair(sides.rated, sides.billed, lambda left: (left.tier, left.routing_class, _lifetime(left)), tolerance)
    _tell_lifetimes_apart(usual, sides)
    _pair(sides.rated, usual, lambda left: (left.tier, left.routing_class), tolerance)
    _pair(sides.rated, usual, lambda _left: (), tolerance)
    _pair(sides.rated, batch, lambda _left: (), tolerance)


def _lifetime(piece: _Piece) -> str:
    return "short" if piece.token_class in SHORT_WRITES else piece.token_class


def _tell_lifetimes_apart(billed: Sequence[_Piece], sides: _Sides) -> None:
    """Where the bill has cache writes that were kept for longer and CloudWatch has writes left, the surcharge is the reason."""
    left = sum((piece.tokens for piece in sides.rated if piece.token_class == HIDDEN), ZERO)
    for piece in billed:
        if piece.token_class not in CACHE_WRITES - SHORT_WRITES or not piece.tokens or not left:
            continue
        usual = _short_rate(piece, sides)
        if usual is None:
            continue
        tokens = min(left, piece.tokens)
        surcharge = _share(piece.cost, tokens, piece.tokens) - (usual * tokens).quantize(SMALLEST_SHARE)
        if surcharge <= 0:
            continue
        piece.line.explain(Reason.CACHE_LIFETIME, surcharge)
        piece.cost -= surcharge
        left -= tokens


def _short_rate(piece: _Piece, sides: _Sides) -> Decimal | None:
    """What a token written for five minutes costs beside a piece: by our price, which is what CloudWatch's were rated at."""
    for other in sides.rated:
        same = (other.tier, other.routing_class) == (piece.tier, piece.routing_class)
        if same and other.token_class == HIDDEN and other.is_priced and other.tokens:
            return other.cost / other.tokens
    return None


Likeness = Callable[[_Piece], object]


def _pair(rated: Sequence[_Piece], billed: Sequence[_Piece], likeness: Likeness, tolerance: Tolerance) -> None:
    """Let pieces that are alike meet, priced ones first; what is left of each stays for the next round."""
    by_likeness: dict[object, list[_Piece]] = defaultdict(list)
    for piece in billed:
        by_likeness[likeness(piece)].append(piece)
    for counted in sorted(rated, key=lambda piece: not piece.is_priced):
        for told in by_likeness.get(likeness(counted), ()):
            if not counted.tokens:
                break
            if told.tokens:
                _meet(counted, told, tolerance)


def _meet(counted: _Piece, told: _Piece, tolerance: Tolerance) -> None:
    tokens = min(counted.tokens, told.tokens)
    ours, _ = counted.take(tokens)
    theirs, restated = told.take(tokens)
    # What AWS added to a line afterwards is what nobody counted, as far as there is such.
    told.tokens_new = min(told.tokens_new, told.tokens)
    line, difference = told.line, theirs - ours
    if not counted.is_priced:
        line.explain(Reason.UNPRICED, difference)
    elif difference == 0:
        line.matched += theirs
    elif abs(difference) <= SAME_RATE * max(abs(ours), abs(theirs)) and abs(difference) <= _roundable(tolerance):
        line.explain(Reason.ROUNDING, difference)
    else:
        _explain_price(line, ours, theirs, restated)


def _roundable(tolerance: Tolerance) -> Decimal:
    return min(tolerance.absolute_usd, CENT)


def _explain_price(line: Line, ours: Decimal, theirs: Decimal, restated: Decimal) -> None:
    line.explain(Reason.RESTATED, restated)
    before = theirs - restated
    if ours > 0 and not ours / BELIEVED < before < ours * BELIEVED:
        line.unexplained += before - ours
    else:
        line.explain(Reason.PRICE_DIFFERS, before - ours)


def _match_unnamed(sides: dict[LineKey, _Sides], tolerance: Tolerance) -> None:
    """Let usage of a model that nobody can name meet billed tokens of its account, region and class that nobody counted."""
    for key in sorted(sides):
        if key.model_id:
            continue
        others = [other for other in sorted(sides) if other.model_id and other._replace(model_id="") == key]
        billed = [piece for other in others for piece in sides[other].billed if piece.tier != Tier.BATCH]
        unnamed = [piece for piece in sides[key].rated if not piece.is_priced]
        total = sum((piece.tokens for piece in unnamed), ZERO)
        # A model whose uncounted tokens are exactly these is the one.
        exact = [one for other in others for one in [sides[other].billed] if _left(one) == total and total]
        for pieces in [*exact, billed]:
            _pair(unnamed, pieces, lambda left: (left.tier, left.routing_class), tolerance)
            _pair(unnamed, pieces, lambda _left: (), tolerance)


def _left(pieces: Iterable[_Piece]) -> Decimal:
    return sum((piece.tokens for piece in pieces if piece.tier != Tier.BATCH), ZERO)


def _explain_rest(sides: _Sides, coverage: Coverage, shrunk: Decimal) -> None:
    for piece in sides.billed:
        if piece.tokens:
            _explain_billed(piece, coverage)
    for piece in sides.rated:
        if piece.tokens and piece.cost:
            shrunk = _explain_rated(piece, coverage, shrunk)


def _explain_billed(piece: _Piece, coverage: Coverage) -> None:
    line = piece.line
    cost = piece.cost
    if piece.tokens_new:
        added = _share(cost, piece.tokens_new, piece.tokens)
        line.explain(Reason.RESTATED, added)
        cost -= added
    elif piece.restated:
        line.explain(Reason.RESTATED, piece.restated)
        cost -= piece.restated
    if piece.tier == Tier.BATCH:
        line.explain(Reason.BATCH, cost)
    elif (line.key.aws_account_id, line.key.aws_region) in coverage.usage_awaited:
        line.explain(Reason.LATE, cost)
    elif not line.key.model_id:
        line.explain(Reason.UNRECOGNIZED, cost)
    else:
        line.explain(Reason.BILL_WITHOUT_USAGE, cost)


def _explain_rated(piece: _Piece, coverage: Coverage, shrunk: Decimal) -> Decimal:
    """Say why counted tokens are not on the bill; returns what is left of those that the provider took off it."""
    taken = min(piece.tokens, shrunk)
    if taken:
        cost, _ = piece.take(taken)
        piece.line.explain(Reason.RESTATED, -cost)
    if piece.cost:
        reason = Reason.USAGE_WITHOUT_BILL if coverage.is_bill_whole else Reason.LATE
        piece.line.explain(reason, -piece.cost)
    return shrunk - taken
