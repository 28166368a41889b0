"""A text in Markdown and its room in; lines with their places on paper out."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from perennial.web.markdown import blocks
from perennial.web.print_text import INK, text, width_of, wrapped

SIZE, STEP, INDENT = 12.5, 18.0, 18.0
MOST_LINES = 38
"""What has room on a page."""
LONGER = "… The whole text is on the dashboard."


@dataclass(frozen=True)
class Line:
    """One line: how far below the top its baseline is, and how far right it begins."""

    words: str
    y: float
    x: float
    bold: bool = False
    mark: str = ""


def laid(content: str, room: float) -> tuple[Line, ...]:
    """The lines of a text, at most a page of them; of a longer one the last says that it goes on."""
    found: list[Line] = []
    y = 0.0
    for number, block in enumerate(blocks(content)):
        y += 8 if block.level and number else 4 if number else 0
        for n, words in enumerate(wrapped(block.words, room - block.indent * INDENT, SIZE, MOST_LINES)):
            y += STEP
            mark = block.mark if n == 0 else ""
            found.append(Line(words, y, block.indent * INDENT, bool(block.level), mark))
    if len(found) > MOST_LINES:
        found[MOST_LINES - 1] = Line(LONGER, found[MOST_LINES - 1].y, 0.0)
    return tuple(found[:MOST_LINES])


def height_of(lines: Iterable[Line]) -> float:
    """How much room lines take."""
    return max((line.y for line in lines), default=0.0)


def set_lines(lines: Iterable[Line], x: float, y: float) -> Iterator[str]:
    """The lines as SVG below a place."""
    for line in lines:
        if line.mark:
            beside = x + line.x - 6 - width_of(line.mark, SIZE)
            yield text(beside, y + line.y, line.mark, SIZE, INK.muted)
        yield text(x + line.x, y + line.y, line.words, SIZE, bold=line.bold)
