"""A widget's data in, its tile as SVG out: numbers and tables as text, charts as places for Vega to fill."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from perennial.web.print_prose import Line, height_of, laid, set_lines
from perennial.web.print_text import INK, cut, text, width_of, wrapped
from perennial.web.said import change, said
from perennial.web.widgets import Mark, Widget

WIDTH, MARGIN, GAP = 1240.0, 40.0, 16.0
"""Of a page, in the units of the screen."""
BODIES = {"small": 150, "medium": 290, "large": 430, "auto": 430}
PAD, ROW = 18, 25
NUMBER = 118
ROWS_A_TILE = 21
"""Of a table: what has room on a page. A wide table goes on in a further tile, others say what is left."""
MOST_TILES = 10


@dataclass(frozen=True)
class Chart:
    """A specification of Vega's, and where on a tile or a page it is drawn."""

    spec: dict[str, Any]
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Tile:
    """One card: how many of twelve columns it takes, how high it is, and what is on it."""

    columns: int
    height: float
    widget: Widget
    data: dict[str, Any] | None
    problem: str = ""
    first: int = 0
    """Of a table: the row that it begins with."""
    lines: tuple[Line, ...] = ()
    """Of a text."""


def tiles(widget: Widget, data: dict[str, Any] | None, problem: str = "") -> Iterator[Tile]:
    """The tile of a widget; several for a long table that is as wide as the page."""
    columns = 6 if widget.mark is Mark.NUMBER and widget.width > 6 else widget.width
    head = 52 if _below(widget, data) else 34
    if widget.mark is Mark.TEXT:
        room = columns * (WIDTH - 2 * MARGIN + GAP) / 12 - GAP - 2 * PAD
        lines = laid(widget.text, room)
        yield Tile(columns, head + height_of(lines) + PAD, widget, None, lines=lines)
    elif not data or not data["rows"]:
        body = NUMBER if widget.mark is Mark.NUMBER else 90
        yield Tile(columns, head + body, widget, None, problem or widget.empty)
    elif widget.mark is Mark.NUMBER:
        yield Tile(columns, head + NUMBER, widget, data)
    elif widget.mark is Mark.TABLE:
        rows = len(data["rows"])
        many = MOST_TILES if widget.width == 12 else 1
        for first in range(0, min(rows, many * ROWS_A_TILE), ROWS_A_TILE):
            here = min(rows - first, ROWS_A_TILE)
            left = first + here < rows and first + here >= many * ROWS_A_TILE
            yield Tile(columns, head + 34 + ROW * (here + left) + 10, widget, data, first=first)
    else:
        yield Tile(columns, head + BODIES[widget.height] + 24, widget, data)


def drawn(tile: Tile, x: float, y: float, width: float, height: float) -> tuple[str, list[Chart]]:
    """A tile at a place: its SVG, and the charts that are drawn on it."""
    widget, room = tile.widget, width - 2 * PAD
    title = f"{widget.title} (continued)" if tile.first else widget.title
    parts = [
        f'<rect x="{x}" y="{y}" width="{width:.1f}" height="{height:.1f}" rx="10" fill="{INK.card}"'
        f' stroke="{INK.line}"/>',
        text(x + PAD, y + 27, cut(title, room, 14, bold=True), 14, bold=True),
    ]
    top = y + 36
    if below := _below(widget, tile.data):
        parts.append(text(x + PAD, y + 45, cut(below, room, 12), 12, INK.muted))
        top = y + 54
    charts: list[Chart] = []
    if widget.mark is Mark.TEXT:
        parts += set_lines(tile.lines, x + PAD, top)
    elif tile.data is None:
        lines = wrapped(tile.problem, room, 12.5, 4)
        parts += [text(x + PAD, top + 22 + 18 * n, line, 12.5, INK.muted) for n, line in enumerate(lines)]
    elif widget.mark is Mark.NUMBER:
        parts += _number(tile, x + PAD, top, room)
        if tile.data["spec"] and len(tile.data["rows"]) > 2:
            charts = [Chart(_filled(tile.data), x + 12, y + height - 62, width - 24, 48)]
    elif widget.mark is Mark.TABLE:
        parts += _table(tile, x + PAD, top, room)
    elif tile.data["spec"]:
        charts = [Chart(_filled(tile.data), x + 14, top + 4, width - 28, y + height - top - 16)]
    return "".join(parts), charts


def _below(widget: Widget, data: dict[str, Any] | None) -> str:
    """What stands under the title: its own words, and which filters do nothing here."""
    unmet = ", ".join((data or {}).get("unmet", ())).lower()
    return " · ".join(part for part in (widget.subtitle, unmet and f"Not filtered by {unmet}") if part)


def _filled(data: dict[str, Any]) -> dict[str, Any]:
    names = [column["name"] for column in data["columns"]]
    values = [dict(zip(names, row, strict=True)) for row in data["rows"]]
    return {**data["spec"], "data": {"name": "rows", "values": values}}


def _number(tile: Tile, x: float, y: float, room: float) -> Iterator[str]:
    widget, data = tile.widget, tile.data or {}
    names = [column["name"] for column in data["columns"]]
    last = data["rows"][-1]
    at = names.index(widget.y.column) if widget.y else 0
    figure = said(last[at], data["columns"][at])
    yield text(x, y + 32, cut(figure, room, 30, bold=True), 30, bold=True)
    if widget.unit:
        yield text(x + width_of(figure, 30, bold=True) + 8, y + 32, widget.unit, 13, INK.muted)
    if widget.previous and widget.previous in names:
        moved = change(last[at], last[names.index(widget.previous)])
        if moved is None:
            yield text(x, y + 52, "nothing to compare with", 12.5, INK.muted)
            return
        share, words = moved
        wanted = {"higher": share, "lower": -share, "neutral": 0}[widget.better]
        ink = INK.good if wanted > 0 else INK.bad if wanted < 0 else INK.text
        yield text(x, y + 52, words, 12.5, ink, bold=True)
        beside = x + width_of(words, 12.5, bold=True) + 5
        yield text(beside, y + 52, f"vs {widget.previous_label}", 12.5, INK.muted)


def _table(tile: Tile, x: float, y: float, room: float) -> Iterator[str]:
    data = tile.data or {}
    shown = [(n, column) for n, column in enumerate(data["columns"]) if not column["hidden"]]
    rows = data["rows"][tile.first : tile.first + ROWS_A_TILE]
    cells = [[said(row[n], column) for n, column in shown] for row in rows]
    widths = _widths([column["title"] for _, column in shown], cells, room)
    left = x
    for index, (_, column) in enumerate(shown):
        width = widths[index]
        numeric = column["numeric"]
        place, anchor = (left + width - 8, "end") if numeric else (left, "start")
        yield text(place, y + 20, cut(column["title"], width - 8, 12), 12, INK.muted, anchor=anchor)
        for line, row in enumerate(cells):
            content = cut(row[index], width - 8, 12.5)
            yield text(place, y + 34 + ROW * line + 17, content, 12.5, anchor=anchor)
        left += width
    for line in range(len(cells)):
        ink = INK.line if line == 0 else INK.grid
        across = y + 30 + ROW * line
        yield f'<path d="M{x:.1f} {across}h{room:.1f}" stroke="{ink}"/>'
    rest = len(data["rows"]) - tile.first - len(rows)
    continues = tile.widget.width == 12 and tile.first + ROWS_A_TILE < MOST_TILES * ROWS_A_TILE
    if rest > 0 and not continues:
        many = f"{rest:,} more rows" if rest > 1 else "1 more row"
        yield text(x, y + 34 + ROW * len(cells) + 17, f"{many}: the CSV has all of them.", 12, INK.muted)


def _widths(titles: list[str], cells: list[list[str]], room: float) -> list[float]:
    """Each column as wide as it needs, made narrower or wider together until all fill the tile."""
    wanted = [
        max(width_of(title, 12), *(min(width_of(row[n], 12.5), 320) for row in cells)) + 20
        for n, title in enumerate(titles)
    ]
    return [width * room / sum(wanted) for width in wanted]
