"""What DuckDB is asked about cost files: the columns of any format under one name each, faults, sums by day and place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from billing.domain.imports import RejectedCostRow
from billing.domain.parsing.lines import (
    DATES,
    HINTS,
    NUMBERS,
    OFFERING_FIELDS,
    PLACE_FIELDS,
    WIDTHS,
    Column,
    Field,
    FileLayout,
)

# As many digits as the table has; text becomes a decimal as it is written, a binary number as it is printed.
DECIMAL = "DECIMAL(38, 18)"
AS_THEY_ARE = ("DECIMAL", "BIGINT", "INTEGER", "HUGEINT", "SMALLINT", "TINYINT", "UBIGINT", "UINTEGER")
MAPS = ("MAP", "STRUCT")
FIRST_YEAR, LAST_YEAR = 2015, 2099
RAW_TEXTS = (Field.CURRENCY, Field.ACCOUNT, Field.METER, Field.SERVICE)
TEXTS = (*OFFERING_FIELDS, *PLACE_FIELDS, Field.INVOICE, Field.ISSUER)

_OFFERING = ", ".join(field.value for field in OFFERING_FIELDS if field not in HINTS)
_HINTED = ", ".join(f"min({field})" if field in HINTS else field.value for field in OFFERING_FIELDS)
_PLACE = ", ".join(field.value for field in PLACE_FIELDS)

SURVEY = f"""
    SELECT
        fault, count(*), hash({_OFFERING}), max(charge_day),
        count(*) FILTER (WHERE charge_day < period_first OR charge_day >= period_last),
        sum(billed), sum(list_cost), sum(quantity), period_first, period_last, invoice, issuer, {_HINTED}
    FROM told
    GROUP BY fault, period_first, period_last, invoice, issuer, {_OFFERING}
"""
GROUPED = f"""
    CREATE OR REPLACE TEMP TABLE grouped AS
    SELECT
        kept.line, told.period_first, told.charge_day, {_PLACE},
        sum(billed) AS billed, sum(net) AS net, sum(amortized) AS amortized, sum(quantity) AS quantity
    FROM told
    JOIN kept ON kept.key = hash({_OFFERING})
    WHERE fault IS NULL
    GROUP BY ALL
"""
PLACES = f"""
    CREATE OR REPLACE TEMP TABLE places AS
    SELECT CAST(row_number() OVER () AS INTEGER) AS place, found.*
    FROM (SELECT DISTINCT line, {_PLACE} FROM grouped) AS found
"""
FACTS = f"""
    SELECT
        CASE WHEN charge_day >= $start AND charge_day < $end THEN charge_day ELSE $start END AS day,
        series_id, sum(billed), sum(net), sum(amortized), sum(quantity)
    FROM grouped
    JOIN places USING (line, {_PLACE})
    JOIN series USING (place)
    WHERE period_first >= $start AND period_first < $end
    GROUP BY day, series_id
"""


def as_literal(text: str) -> str:
    """Return a text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def as_identifier(name: str) -> str:
    """Return a column's name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def from_csv(paths: Sequence[str], header: Sequence[str], compression: str, *, is_strict: bool, rejects: int) -> str:
    """Read text as text: nothing is guessed, and a line that has other values than there are columns is set apart."""
    columns = ", ".join(f"{as_literal(name)}: 'VARCHAR'" for name in header)
    kept = f"store_rejects = true, rejects_limit = {rejects}, " if rejects else ""
    return f"""read_csv(
        [{", ".join(map(as_literal, paths))}], auto_detect = false, header = true, columns = {{{columns}}},
        delim = ',', quote = '"', escape = '"', nullstr = ['', 'NULL', 'null'], compression = '{compression}',
        {kept}max_line_size = 4194304,
        strict_mode = {str(is_strict).lower()}
    )"""


def described(source: str) -> str:
    """Ask for names and types."""
    return f"DESCRIBE SELECT * FROM {source}"


def staged(layout: FileLayout, source: str, path: str) -> str:
    """Have the columns that are read written as Parquet."""
    names = sorted({column.name for columns in layout.columns.values() for column in columns})
    chosen = ", ".join(map(as_identifier, names))
    return f"COPY (SELECT {chosen} FROM {source}) TO {as_literal(path)} (FORMAT parquet, COMPRESSION lz4)"


def told_view(layout: FileLayout, kinds: Mapping[str, str], source: str) -> str:
    """Make the view `told`: every format's columns under our names, amounts exact, and what is wrong with each row."""
    texts = [f"{_text(layout, field, kinds)} AS {field}" for field in TEXTS]
    numbers = [f"{_number(layout, field, kinds)} AS {field}_read" for field in NUMBERS]
    dates = [f"{_moment(layout, field, kinds)} AS {field}_read" for field in DATES]
    raw = [_raw(layout, field) for field in (*DATES, *NUMBERS, *RAW_TEXTS)]
    given = [f"{_is_given(layout, field)} AS has_{field}" for field in (*NUMBERS, *DATES)]
    return f"""
        CREATE OR REPLACE TEMP VIEW told AS
        WITH words AS (SELECT {", ".join([*texts, *numbers, *dates, *given])}, concat_ws(', ', {", ".join(raw)}) AS raw FROM {source})
        SELECT
            {", ".join(TEXTS)},
            billed_read AS billed,
            coalesce(net_read, billed_read) AS net,
            coalesce(amortized_read, net_read, billed_read) AS amortized,
            coalesce(list_cost_read, 0) AS list_cost,
            coalesce(quantity_read, 0) AS quantity,
            CAST(charge_start_read AS DATE) AS charge_day,
            CAST(period_start_read AS DATE) AS period_first,
            CAST(period_end_read AS DATE) AS period_last,
            raw,
            {_fault()} AS fault
        FROM words
    """


def _fault() -> str:
    no_numbers = " OR ".join(f"(has_{field} AND {field}_read IS NULL)" for field in NUMBERS)
    missing = " OR ".join(f"NOT has_{field}" for field in (Field.BILLED, *DATES))
    years = " OR ".join(
        f"{field}_read IS NULL OR year({field}_read) NOT BETWEEN {FIRST_YEAR} AND {LAST_YEAR}" for field in DATES
    )
    return f"""CASE
        WHEN {missing} OR currency = '' OR account = '' THEN '{RejectedCostRow.VALUE_MISSING}'
        WHEN {no_numbers} THEN '{RejectedCostRow.NOT_A_NUMBER}'
        WHEN {years} OR period_end_read <= period_start_read THEN '{RejectedCostRow.NOT_A_DATE}'
        WHEN NOT regexp_full_match(currency, '[A-Z]{{3}}') THEN '{RejectedCostRow.NOT_A_CURRENCY}'
    END"""


def _text(layout: FileLayout, field: Field, kinds: Mapping[str, str]) -> str:
    found = [_value(column, kinds) for column in layout.columns.get(field, ())]
    if not found:
        return "''"
    values = [f"nullif(trim({value}), '')" for value in found]
    whole = f"coalesce({', '.join(values)}, '')"
    return f"left({whole}, {WIDTHS[field]})" if field in WIDTHS else whole


def _value(column: Column, kinds: Mapping[str, str]) -> str:
    name, kind = as_identifier(column.name), kinds.get(column.name, "VARCHAR")
    if column.key and kind.startswith("MAP"):
        return f"{name}[{as_literal(column.key)}]"
    if column.key:
        told = f"CAST(to_json({name}) AS VARCHAR)" if kind.startswith("STRUCT") else name
        return f"json_extract_string(TRY_CAST({told} AS JSON), {as_literal('$.' + column.key)})"
    if kind.startswith(MAPS) or kind.endswith("[]"):
        return f"CAST(to_json({name}) AS VARCHAR)"
    return name if kind == "VARCHAR" else f"CAST({name} AS VARCHAR)"


def _number(layout: FileLayout, field: Field, kinds: Mapping[str, str]) -> str:
    read = []
    for column in layout.columns.get(field, ()):
        name, kind = as_identifier(column.name), kinds.get(column.name, "VARCHAR")
        value = name if kind.startswith(AS_THEY_ARE) or kind == "VARCHAR" else f"CAST({name} AS VARCHAR)"
        read.append(f"TRY_CAST({value} AS {DECIMAL})")
    return f"coalesce({', '.join(read)})" if read else f"CAST(NULL AS {DECIMAL})"


def _moment(layout: FileLayout, field: Field, kinds: Mapping[str, str]) -> str:
    """A moment in UTC: text may carry an offset, and a type without a zone is UTC, as all formats say."""
    read = []
    for column in layout.columns.get(field, ()):
        name, kind = as_identifier(column.name), kinds.get(column.name, "VARCHAR")
        if kind.startswith(("TIMESTAMP", "DATE")) and "ZONE" not in kind:
            read.append(f"CAST({name} AS TIMESTAMP)")
        else:
            read.append(f"CAST(TRY_CAST({name} AS TIMESTAMPTZ) AS TIMESTAMP)")
    return f"coalesce({', '.join(read)})" if read else "CAST(NULL AS TIMESTAMP)"


def _raw(layout: FileLayout, field: Field) -> str:
    """What a row says, with the file's own name of the column, as people are shown a row that is wrong."""
    columns = layout.columns.get(field, ())
    told = [f"{as_literal(f'{name}: ')} || CAST({as_identifier(name)} AS VARCHAR)" for name, _ in columns[:1]]
    return told[0] if told else "NULL"


def _is_given(layout: FileLayout, field: Field) -> str:
    found = [as_identifier(column.name) for column in layout.columns.get(field, ())]
    return f"coalesce({', '.join(f'CAST({name} AS VARCHAR)' for name in found)}) IS NOT NULL" if found else "false"
