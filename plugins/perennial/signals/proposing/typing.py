"""The values of one field in, the column that reads all of them out."""

from typing import Any

import polars as pl

from perennial.signals.columns import FORMATS, Column
from perennial.signals.parsing import typed_as

DAYS = (
    "%Y-%m-%d",
    "%d.%m.%Y",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%Y/%m/%d",
    "%Y%m%d",
    "%d-%m-%Y",
    "%m/%d/%y",
    "%d.%m.%y",
)
TIMES = ("%H:%M:%S", "%H:%M", "%H:%M:%S%.f")
ZONED = ("%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M%#z")
MOMENTS = (
    *ZONED,
    *(f"{day}{between}{time}" for day in DAYS for between in " T" for time in TIMES if day != "%Y%m%d"),
)
PLAIN = {"date": "%Y-%m-%d", "timestamp": "%Y-%m-%d %H:%M:%S"}
"""How days and moments are written where a document does not say."""
NOTHING = ("NULL", "null", "NA", "N/A", "n/a", "\\N", "None", "nan", "NaN", "-")
"""Texts that mean that there is no value, where they stand among values of another type."""
MOST_SCALE = 9
"""Digits after the point of a decimal."""
MOST_DIGITS = 6
"""The same, of what is written as a binary fraction."""


def column_of(values: pl.Series, decimal_comma: bool) -> dict[str, Any]:
    """`type` and what it needs; a string where nothing else reads all values."""
    there = values.drop_nulls()
    found: Any = values.dtype
    if found != pl.String or there.is_empty():
        return _of_type(found, there)
    if there.is_in(["true", "false", "yes", "no", "True", "False", "Yes", "No"]).all():
        return {"type": "boolean"}
    # 007 is a name and no number: as one it would lose its zeros.
    if not there.str.contains(r"^[-+]?0\d").any():
        if reads(there, {"type": "integer"}, decimal_comma):
            return {"type": "integer"}
        point = "," if decimal_comma else r"\."
        digits: Any = there.str.extract(rf"{point}(\d+)$").str.len_chars().max() or 0
        decimal = {"type": "decimal", "scale": digits}
        if 0 < digits <= MOST_SCALE and reads(there, decimal, decimal_comma):
            return _usual(decimal)
    for kind, forms in (("date", DAYS), ("timestamp", MOMENTS)):
        for form in forms:
            if reads(there, {"type": kind, "format": form}, decimal_comma):
                return {"type": kind} if form == PLAIN[kind] else {"type": kind, "format": form}
    for form in ("email", "uuid", "phone"):
        if there.str.contains(FORMATS[form]).all():
            return {"type": "string", "format": form}
    return {"type": "string"}


def other_readings(values: pl.Series, column: dict[str, Any]) -> list[str]:
    """Further formats that read all values of a date or timestamp, as other days."""
    forms = {"date": DAYS, "timestamp": MOMENTS}.get(column["type"], ()) if values.dtype == pl.String else ()
    there, chosen = values.drop_nulls(), column.get("format", PLAIN.get(column["type"]))
    if not forms:
        return []
    mine = _read(there, column["type"], str(chosen))
    others = {form: _read(there, column["type"], form) for form in forms if form != chosen}
    return [form for form, days in others.items() if not (days.has_nulls() or days.equals(mine))]


def nothings(fields: pl.DataFrame) -> list[str]:
    """Texts for a missing value: those that stand among values of another type."""
    found: set[str] = set()
    for values in (fields[name].drop_nulls() for name in fields.columns):
        if values.dtype != pl.String or not (there := [text for text in NOTHING if text in values]):
            continue
        rest = values.filter(~values.is_in(there))
        if not rest.is_empty() and column_of(rest, False)["type"] != "string":
            found.update(there)
    return [text for text in NOTHING if text in found]


def writes_commas(fields: pl.DataFrame) -> bool:
    """Whether some field has numbers such as 3,50, and none has such as 3.50."""
    texts = [fields[name].drop_nulls() for name in fields.columns if fields[name].dtype == pl.String]

    def written_with(sign: str) -> bool:
        number = rf"^[-+]?\d+({sign}\d+)?$"
        return any(
            bool(each.str.contains(number).all() and each.str.contains(sign).any())
            for each in texts
            if not each.is_empty()
        )

    return written_with(",") and not written_with(r"\.")


def reads(values: pl.Series, column: dict[str, Any], decimal_comma: bool) -> bool:
    """Whether the ingestion reads each of these texts as this column."""
    # The few first are enough to refuse most: the rest is read only then.
    return all(
        not _typed(part, column, decimal_comma).has_nulls()
        for part in (values.head(100), values)
        if len(part)
    )


def _typed(values: pl.Series, column: dict[str, Any], decimal_comma: bool) -> pl.Series:
    typed = typed_as(pl.col("value"), pl.String(), Column(**column), decimal_comma)
    return pl.DataFrame({"value": values}).select(typed).to_series()


def _read(values: pl.Series, kind: str, form: str) -> pl.Series:
    return _typed(values, {"type": kind, "format": form}, False)


def _usual(decimal: dict[str, Any]) -> dict[str, Any]:
    return {"type": "decimal"} if decimal["scale"] == 2 else decimal


def _of_type(found: Any, values: pl.Series) -> dict[str, Any]:
    """Of a field that has a type of its own, as in Parquet."""
    if found.is_integer():
        return {"type": "integer"}
    if found.is_decimal():
        return _usual({"type": "decimal", "scale": min(found.scale or 0, 9)})
    if found.is_float():
        finite = values.filter(values.is_finite())
        whole = finite.is_empty() or bool((finite == finite.floor()).all())
        digits = (n for n in range(1, MOST_DIGITS + 1) if bool((finite.round(n) == finite).all()))
        return (
            {"type": "integer"} if whole else _usual({"type": "decimal", "scale": next(digits, MOST_DIGITS)})
        )
    kinds = {pl.Boolean: "boolean", pl.Date: "date", pl.Datetime: "timestamp"}
    return {"type": next((name for dtype, name in kinds.items() if found == dtype), "string")}
