"""Lines with delimited fields in, whether a quick reader could misunderstand them out.

Everything here looks at a whole block of bytes at once: it must cost far less than the reading itself.
"""

from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from perennial.signals.source import Csv

Numbers = np.ndarray[Any, np.dtype[Any]]
NEWLINE, RETURN = 10, 13


class Doubts:
    """What is doubtful about a block of whole lines, of which none may be longer than `longest` bytes."""

    def __init__(self, data: bytes, dialect: Csv, longest: int) -> None:
        self._data, self._dialect, self._longest = data, dialect, longest
        self._quote = dialect.quote.encode() if dialect.quote else None
        self._has_quotes = self._quote is not None and self._quote in data

    def before(self) -> bool:
        """Whether there are comments, very long lines, or quotes or line ends in odd places."""
        comment = self._dialect.comment.encode() if self._dialect.comment else None
        data = self._data
        return (
            (comment is not None and (data.startswith(comment) or b"\n" + comment in data))
            or (b"\r" in data and data.count(b"\r") != data.count(b"\r\n"))
            or self._has_long_lines()
            or (self._has_quotes and not self._quotes_enclose())
        )

    def after(self, rows: pl.DataFrame) -> bool:
        """Whether these rows could have been empty lines, or could have had too few fields.

        Fields that are not there at the end of a row are read as missing, so only then is there a doubt; that
        no row has too many of them is known.
        """
        if not rows[:, -1].null_count():
            return False
        data = self._data
        # An empty line is read as a row of nothing: it is one only if every column misses a value somewhere.
        if all(column.null_count() for column in rows) and self._has_empty_lines():
            return True
        delimiter = self._dialect.delimiter.encode()
        if not self._has_quotes:
            delimiters = data.count(delimiter)
        else:
            outside = (np.cumsum(self._bytes == ord(self._quote_sign), dtype=np.uint8) & 1) == 0
            delimiters = int(np.count_nonzero((self._bytes == ord(delimiter)) & outside))
        return delimiters != rows.height * (rows.width - 1)

    def starts(self, rows: int) -> tuple[Numbers | None, int] | None:
        """On which line, counted from 0, each row begins, and how many lines there are.

        None in place of the numbers where each row is one line; None at all where these are not the rows.
        """
        if not self._has_quotes:
            return None, rows
        ends = self._ends
        if len(ends) == rows:
            return None, rows
        outside = self._outside
        if len(outside) != rows or np.diff(ends[outside], prepend=-1).max(initial=0) > self._longest:
            return None
        return np.append(0, outside[:-1] + 1), len(ends)

    @property
    def _quote_sign(self) -> str:
        return str(self._dialect.quote)

    @cached_property
    def _bytes(self) -> Numbers:
        return np.frombuffer(self._data, np.uint8)

    @cached_property
    def _quotes(self) -> Numbers:
        return np.flatnonzero(self._bytes == ord(self._quote_sign))

    @cached_property
    def _ends(self) -> Numbers:
        """Where lines end."""
        ends = np.flatnonzero(self._bytes == NEWLINE)
        return ends if self._data.endswith(b"\n") else np.append(ends, len(self._data))

    @cached_property
    def _outside(self) -> Numbers:
        """Which of these ends are not within quotes."""
        return np.flatnonzero(np.searchsorted(self._quotes, self._ends) % 2 == 0)

    def _has_empty_lines(self) -> bool:
        data = self._data
        if not (data.startswith((b"\n", b"\r\n")) or b"\n\n" in data or b"\n\r\n" in data):
            return False
        if not self._has_quotes:
            return True
        ends = self._ends[self._outside]
        sizes = np.diff(ends, prepend=-1)
        return bool(((sizes == 1) | ((sizes == 2) & (self._bytes[ends - 1] == RETURN))).any())

    def _has_long_lines(self) -> bool:
        """Whether a line could be too long: it would cover one of the windows of half the length entirely."""
        data, window = self._data, max(1, self._longest // 2)
        last = len(data) - self._longest
        return any(data.find(b"\n", start, start + window) < 0 for start in range(0, last, window))

    def _quotes_enclose(self) -> bool:
        """Whether every quote opens or closes a whole field, or is one of a pair within one."""
        found, quotes = self._bytes, self._quotes
        if len(quotes) % 2:
            return False
        quote, delimiter = ord(self._quote_sign), ord(self._dialect.delimiter)
        before = found[quotes[0::2] - 1][1 if quotes[0] == 0 else 0 :]
        after = found[quotes[1::2][: -1 if quotes[-1] == len(found) - 1 else None] + 1]
        opens = (before == delimiter) | (before == NEWLINE) | (before == quote)
        closes = (after == delimiter) | (after == NEWLINE) | (after == RETURN) | (after == quote)
        return bool(opens.all() and closes.all())
