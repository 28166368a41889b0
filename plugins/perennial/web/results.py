"""A widget and the reader's selection in; the rows, the drawing and the exports out."""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from perennial.errors import TerminalError
from perennial.web.charts import chart
from perennial.web.formats import PATTERNS
from perennial.web.markdown import html
from perennial.web.narrowing import narrowed
from perennial.web.picking import keys_of
from perennial.web.selections import Selection
from perennial.web.store import Column, Result, Store
from perennial.web.widgets import Encoding, Mark, Widget

NO_ROWS: dict[str, Any] = {
    "columns": [], "rows": [], "truncated": False, "elapsed_ms": 0.0, "spec": None,
    "keys": [], "unmet": (), "sql": "",
}  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def payload(widget: Widget, selection: Selection, store: Store) -> dict[str, Any]:
    """Everything that a browser needs to draw one widget, ready for JSON."""
    if widget.mark is Mark.TEXT:
        return {**NO_ROWS, "html": html(widget.text)}
    asked = narrowed(widget, selection, store)
    result = store.query(asked.sql, asked.parameters)
    return {
        "columns": [_column(widget, column) for column in result.columns],
        "rows": [[plain(value) for value in row] for row in result.rows],
        "truncated": result.truncated,
        "elapsed_ms": round(result.elapsed_ms, 1),
        "spec": chart(widget, result.columns),
        "keys": keys_of(widget, result.columns),
        "unmet": asked.unmet,
        "sql": asked.sql,
    }


def figure(widget: Widget, selection: Selection, store: Store) -> float | None:
    """What a number shows: the last row's value; None where there is none.

    :raises TerminalError: the widget is no number.
    """
    if widget.mark is not Mark.NUMBER or widget.y is None:
        raise TerminalError(f"widget {widget.id} is a {widget.mark}, not a number")
    asked = narrowed(widget, selection, store)
    result = store.query(asked.sql, asked.parameters)
    at = [column.name for column in result.columns].index(widget.y.column)
    value = result.rows[-1][at] if result.rows else None
    return None if value is None else float(value)


def records(result: Result) -> list[dict[str, Any]]:
    """The rows as Vega's data values."""
    names = [column.name for column in result.columns]
    return [dict(zip(names, map(plain, row), strict=True)) for row in result.rows]


def plain(value: Any) -> Any:
    """A database value as JSON has it: exact decimals become floats here, for display alone."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def csv_lines(rows: Iterable[tuple[Any, ...]]) -> Iterator[str]:
    """Comma-separated lines; what a spreadsheet would run as a formula gets a leading quote."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def _cell(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA) else value


def _column(widget: Widget, column: Column) -> dict[str, Any]:
    named = {role.column: role for role in widget.encodings}
    role = named.get(column.name, Encoding(column=column.name))
    kind = role.type or column.kind
    hidden = bool(widget.columns) and column.name not in {shown.column for shown in widget.columns}
    return {
        "name": column.name,
        "title": role.words,
        "kind": kind,
        "numeric": column.kind == "quantitative",
        "format": PATTERNS[role.format].page if role.format else None,
        "hidden": hidden,
    }
