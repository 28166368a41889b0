"""The bytes of an uploaded CSV in; the identities in it, each with its line, out."""

import csv
import re
from collections.abc import Iterator
from io import StringIO

import polars as pl

from perennial.errors import TerminalError
from perennial.identity.namespace import Namespace
from perennial.identity.values import comparable

MOST_BYTES = 32 * 1024 * 1024
"""Of a file."""
MOST_ENTRIES = 1_000_000
"""Of a list, and rows of a file."""
DELIMITERS = ",;\t"
CONTROL = r"[\x00-\x1f\x7f]"
"""No identity has these: a line's end in a value tells of a quote that nobody closed."""


class UploadRefused(TerminalError):
    """A file that is no list of identities, or too large: nothing of it was taken."""


def identities(content: bytes, namespace: Namespace) -> pl.DataFrame:
    """(line, value): every row of the file, its value as the namespace writes it; null if it names nobody.

    The file has one column, with or without a header, or a column that is called like the namespace. Empty
    lines are no rows. Raises `UploadRefused`.
    """
    lines: list[int] = []
    values: list[str | None] = []
    for line, text in _rows(_text(content), namespace):
        if len(lines) == MOST_ENTRIES:
            raise UploadRefused(f"The file has more than {MOST_ENTRIES:,} rows: upload it in parts.")
        lines.append(line)
        values.append(text)
    if not lines:
        raise UploadRefused("The file is empty: it has no row with an identity.")
    rows = pl.DataFrame({"line": lines, "value": values}, schema={"line": pl.Int64, "value": pl.String})
    value = pl.col("value").str.strip_chars()
    whole = pl.when(~value.str.contains(CONTROL)).then(value)
    return rows.with_columns(value=comparable(whole, namespace))


def _text(content: bytes) -> str:
    if len(content) > MOST_BYTES:
        raise too_large()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UploadRefused(
            f"The file is no text in UTF-8 (see byte {error.start + 1}): save it as CSV in UTF-8."
        ) from None


def too_large() -> UploadRefused:
    """What is said of a file that is larger than `MOST_BYTES`."""
    return UploadRefused(f"The file is larger than {MOST_BYTES // 1024**2} MB: upload it in parts.")


def _rows(text: str, namespace: Namespace) -> Iterator[tuple[int, str | None]]:
    line = 1
    try:
        reader = csv.reader(StringIO(text, newline=""), delimiter=_delimiter(text, namespace))
        first = next((cells for cells in reader if cells), [])
        named = _named(first, namespace)
        if named is None and len(first) > 1:
            raise UploadRefused(
                f"The file has {len(first)} columns, and none of them is called {namespace.name}: call the "
                "one with the identities so in the first line, or upload that column alone."
            )
        at = named or 0
        if named is None and first:
            yield reader.line_num, first[at]
        for cells in reader:
            line = reader.line_num
            if cells:
                yield line, cells[at] if len(cells) > at else None
    except csv.Error as error:
        raise UploadRefused(f"The file is no CSV: after line {line}: {error}.") from None


def _delimiter(text: str, namespace: Namespace) -> str:
    """The one by which the first line has the namespace's column; else one that is there."""
    first = next((line for line in StringIO(text) if line.strip()), "")
    there = [each for each in DELIMITERS if each in first]
    for each in there:
        if _named(next(csv.reader([first], delimiter=each)), namespace) is not None:
            return each
    return there[0] if there else ","


def _named(cells: list[str], namespace: Namespace) -> int | None:
    """Which column of a header is called like the namespace."""
    names = {_plain(namespace.name), _plain(namespace.title)}
    return next((at for at, cell in enumerate(cells) if _plain(cell) in names), None)


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.casefold())
