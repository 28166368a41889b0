"""The rows of a query and the columns that somebody picked in, a drawing like those of the dashboards out."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from perennial.queries.results import plain
from perennial.web.charts import chart
from perennial.web.store import Column
from perennial.web.widgets import Encoding, Mark, Widget

MOST = 5_000
"""Rows of a drawing; more marks than that are no chart."""


def drawing(
    columns: Sequence[dict[str, Any]], rows: pl.DataFrame, mark: str, x: int, y: int, color: int | None
) -> dict[str, Any]:
    """Columns, rows and the Vega-Lite specification; columns are called by their places, c0, c1, ..."""
    picked = list(dict.fromkeys(place for place in (x, y, color) if place is not None))
    widget = Widget(
        id="query",
        title=f"{_title(columns[y])} by {_title(columns[x])}",
        mark=Mark(mark),
        sql="-",
        x=_role(columns, x),
        y=_role(columns, y),
        color=None if color is None else _role(columns, color),
    )
    shown = rows.head(MOST).select(f"c{place}" for place in picked)
    known = [Column(f"c{place}", columns[place]["kind"]) for place in picked]
    return {
        "columns": [
            {"name": column.name, "title": _title(columns[int(column.name[1:])])} for column in known
        ],
        "rows": [
            [_drawn(value, column) for value, column in zip(row, known, strict=True)] for row in shown.rows()
        ],
        "truncated": rows.height > MOST,
        "spec": chart(widget, known),
    }


def _role(columns: Sequence[dict[str, Any]], place: int) -> Encoding:
    return Encoding(column=f"c{place}", title=_title(columns[place]))


def _title(column: dict[str, Any]) -> str:
    return str(column["name"])[:60] or "?"


def _drawn(value: Any, column: Column) -> Any:
    found = plain(value)
    if column.kind == "quantitative" and isinstance(found, str):
        return float(found)
    return found if isinstance(found, str | int | float | bool | None) else str(found)
