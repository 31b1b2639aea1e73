"""Cost Explorer's record types: which of them are money for no usage, and what kind of charge each is."""

from __future__ import annotations

from billing.domain.dimensions import ChargeCategory

# Words in the names that Cost Explorer gives its record types (`Credit`, `Refund`, `Tax`, `Enterprise Discount Program
# Discount`, `Solution Provider Program Discount`, `Private Rate Discount`, `Savings Plan Negation`…). Whatever has none of
# them is a charge for something, and keeps its usage type.
CATEGORY_OF_WORD = {
    "credit": ChargeCategory.CREDIT,
    "refund": ChargeCategory.REFUND,
    "tax": ChargeCategory.TAX,
    "discount": ChargeCategory.ADJUSTMENT,
    "negation": ChargeCategory.ADJUSTMENT,
    "adjustment": ChargeCategory.ADJUSTMENT,
}
# A discount in its name, and usage all the same: what a reservation covered.
FOR_USAGE = frozenset({"discountedusage"})


def category_of(record_type: str) -> ChargeCategory:
    """Return what kind of charge a record type is; what is not known as money alone is for usage."""
    name = record_type.casefold().replace(" ", "")
    if name in FOR_USAGE:
        return ChargeCategory.USAGE
    return next((category for word, category in CATEGORY_OF_WORD.items() if word in name), ChargeCategory.USAGE)


def is_for_usage(record_type: str) -> bool:
    """Return whether lines of a record type are for something that was used."""
    return category_of(record_type) is ChargeCategory.USAGE
