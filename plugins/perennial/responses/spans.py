"""Streams that are read by time, in; what is not read of them yet, span by span, out.

A span's end is noted when all of it is in the lake. What is told late is found by reading a part of what
was read before again: it lands once.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from perennial.responses.asking import Position, Stretch

HOUR, DAY = 3600, 86_400
MOST = 10_000
"""Rows that land together."""
Page = tuple[list[dict[str, Any]], int]
"""Rows, and the newest second of all that was told in it, of other campaigns too."""


class Span(NamedTuple):
    """Seconds since 1970, from the first one up to, but not with, the last one."""

    start: int
    end: int

    @property
    def times(self) -> tuple[datetime, datetime]:
        """The same as times in UTC."""
        return datetime.fromtimestamp(self.start, UTC), datetime.fromtimestamp(self.end, UTC)


def spans(read: int, first: int, until: int, overlap: int = HOUR, longest: int = DAY) -> Iterator[Span]:
    """What lies between where a stream was read to, less an overlap, and a moment; in order of time."""
    start = max(first, read - overlap)
    while start < until:
        end = min(start + longest, until)
        yield Span(start, end)
        start = end


def read(
    stream: str, position: Position, left: Iterator[Span], pages: Callable[[Span], Iterator[Page]]
) -> Iterator[Stretch]:
    """Read the spans that are left of a stream."""
    for span in left:
        newest = 0
        for rows, at in pages(span):
            newest = max(newest, at)
            yield Stretch(rows)
        yield from reached(stream, position, span, newest)


def reached(stream: str, position: Position, span: Span, newest: int) -> Iterator[Stretch]:
    """Note a span's end; a quiet one is noted once a day, for each note is a commit."""
    before = position(stream)
    if span.end > before and (newest >= before or span.end - before >= DAY):
        yield Stretch([], (stream, span.end))


def portions(rows: Iterator[tuple[dict[str, Any] | None, int]]) -> Iterator[Page]:
    """Rows, or None for what is not ours, each with its second, gathered."""
    gathered: list[dict[str, Any]] = []
    newest = 0
    for row, at in rows:
        newest = max(newest, at)
        if row is not None:
            gathered.append(row)
        if len(gathered) >= MOST:
            yield gathered, newest
            gathered = []
    yield gathered, newest
