"""The tiles of a dashboard in; pages of A4, or one long picture, as SVG with places for charts out."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from perennial.web.print_text import INK, cut, text, wrapped
from perennial.web.print_tiles import GAP, MARGIN, WIDTH, Chart, Tile, drawn

HEIGHT = 877.0
"""Of a page, in the units of the screen: A4 across."""
FOOT = 44.0
POINTS = 841.89 / WIDTH
"""Points of paper a unit."""
Row = list[tuple[Tile, float]]


@dataclass(frozen=True)
class Heading:
    """What stands above a dashboard."""

    title: str
    description: str
    facts: str
    """The day, the period and the filters."""


@dataclass(frozen=True)
class Page:
    """One page as SVG, in which `<!--0-->`, `<!--1-->`, ... stand for its charts."""

    svg: str
    charts: list[Chart]

    def request(self) -> dict[str, Any]:
        """As the process that draws takes it."""
        return {
            "svg": self.svg,
            "charts": [{"spec": sized(one), "x": one.x, "y": one.y} for one in self.charts],
        }


def sized(chart: Chart) -> dict[str, Any]:
    """A specification that fills its place."""
    size = {"width": round(chart.width), "height": round(chart.height)}
    return {**chart.spec, **size, "autosize": {"type": "fit", "contains": "padding"}}


def rows(tiles: Iterable[Tile]) -> list[Row]:
    """Tiles from left to right in twelve columns, as in the browser; each with its left edge."""
    column = (WIDTH - 2 * MARGIN + GAP) / 12
    found: list[Row] = []
    free = 0
    for tile in tiles:
        if not found or tile.columns > free:
            found.append([])
            free = 12
        found[-1].append((tile, MARGIN + (12 - free) * column))
        free -= tile.columns
    return found


def pages(heading: Heading, tiles: Iterable[Tile]) -> list[Page]:
    """Pages of A4 with numbers; a row of tiles is never torn."""
    head, top = _head(heading)
    filled: list[list[tuple[Row, float]]] = [[]]
    y = top
    for row in rows(tiles):
        height = max(tile.height for tile, _ in row)
        if filled[-1] and y + height > HEIGHT - FOOT:
            filled.append([])
            y = MARGIN
        filled[-1].append((row, y))
        y += height + GAP
    return [
        _page(placed, HEIGHT, (head if number == 1 else "") + _foot(heading, number, len(filled)))
        for number, placed in enumerate(filled, start=1)
    ]


def picture(heading: Heading, tiles: Iterable[Tile]) -> Page:
    """All of it on one page that is as long as needed."""
    head, y = _head(heading)
    placed: list[tuple[Row, float]] = []
    for row in rows(tiles):
        placed.append((row, y))
        y += max(tile.height for tile, _ in row) + GAP
    return _page(placed, y + MARGIN - GAP, head, INK.page)


def _page(placed: list[tuple[Row, float]], height: float, around: str, paper: str = INK.card) -> Page:
    column = (WIDTH - 2 * MARGIN + GAP) / 12
    parts: list[str] = []
    charts: list[Chart] = []
    for row, y in placed:
        tallest = max(tile.height for tile, _ in row)
        for tile, x in row:
            svg, found = drawn(tile, x, y, tile.columns * column - GAP, tallest)
            parts.append(svg)
            parts += [f"<!--{len(charts) + n}-->" for n in range(len(found))]
            charts += found
    size = f'width="{WIDTH * POINTS:.2f}" height="{height * POINTS:.2f}" viewBox="0 0 {WIDTH} {height:.1f}"'
    sheet = f'<rect width="{WIDTH}" height="{height:.1f}" fill="{paper}"/>'
    return Page(
        f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{sheet}{around}{"".join(parts)}</svg>', charts
    )


def _head(heading: Heading) -> tuple[str, float]:
    room = WIDTH - 2 * MARGIN
    parts = [text(MARGIN, 62, cut(heading.title, room, 26, bold=True), 26, bold=True)]
    y = 88.0
    for line in wrapped(heading.description, room, 14, 2) if heading.description else []:
        parts.append(text(MARGIN, y, line, 14, INK.muted))
        y += 20
    for line in wrapped(heading.facts, room, 13, 2):
        parts.append(text(MARGIN, y, line, 13, INK.accent_text))
        y += 19
    return "".join(parts), y + 4


def _foot(heading: Heading, number: int, of: int) -> str:
    y = HEIGHT - 18
    return text(MARGIN, y, cut(f"{heading.title} · {heading.facts}", 960, 11), 11, INK.faint) + text(
        WIDTH - MARGIN, y, f"Page {number} of {of}", 11, INK.faint, anchor="end"
    )
