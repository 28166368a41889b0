"""What all readers share: the shape of what they give, and how they fail.

A file that cannot be read, or that has other columns than its dataset's document says, is an error as a
whole; a row that cannot be read is set aside with its text, and the others are given.
"""

from dataclasses import dataclass, field
from typing import Any

import polars as pl

from perennial.errors import TerminalError, TransientError

FILE, LINE = "_file", "_line"
RAW = "_raw"
"""Of a row that came as JSON: its text, exactly as it came."""
REASONS = "_reasons"
"""Why a row is bad though its fields could be read, such as fields that nobody knows; a list of texts."""
HIDDEN = (FILE, LINE, RAW, REASONS)
BROKEN = pl.Schema(
    {"file": pl.String(), "line": pl.Int64(), "raw": pl.String(), "reasons": pl.List(pl.String())}
)
PREVIEW = 1000
"""Bytes that are kept of a row which is too long."""


class SourceMissing(TerminalError):
    """No file is where the dataset says that its files are."""


class FileUnreadable(TerminalError):
    """A file is not what its name, or the dataset's document, says that it is."""


class SchemaMismatch(TerminalError):
    """A file lacks columns that the dataset requires, or has some that it does not know."""


class StoreUnavailable(TransientError):
    """An object store did not answer."""


@dataclass(frozen=True)
class Chunk:
    """Rows of one file or of several.

    `rows` has the source's columns (as text, for CSV and JSON), `_file` (text) and `_line` (integer; 1 is a
    text file's first line); rows that came as JSON also have `_raw` and `_reasons`. `broken` has those that
    cannot be split into fields: file, line, raw (text) and reasons (list of text).
    """

    rows: pl.DataFrame
    broken: pl.DataFrame


@dataclass
class Broken:
    """Collects the rows of a file that cannot be read."""

    file: str
    rows: list[tuple[str, int, str, list[str]]] = field(default_factory=list)

    def add(self, line: int, raw: bytes | str, *reasons: str) -> None:
        """Set a row aside; bytes are shown as text, those that are none as `\\xff`."""
        text = raw if isinstance(raw, str) else raw.decode("utf-8", errors="backslashreplace")
        # A lone half of a pair of surrogates is no text that anything could store.
        text = text.encode("utf-8", errors="backslashreplace").decode("utf-8")
        self.rows.append((self.file, line, text, list(reasons)))

    def add_long(self, line: int, beginning: bytes, size: int, limit: int) -> None:
        """Set aside a row that is too long to be kept."""
        self.add(
            line,
            f"{beginning[:PREVIEW].decode('utf-8', errors='backslashreplace')}… ({size} bytes)",
            f"longer than the {limit} bytes that a row may have (`limits.row_bytes`)",
        )

    def frame(self) -> pl.DataFrame:
        """All of them, by line."""
        return pl.DataFrame(self.rows, schema=BROKEN, orient="row").sort("line", maintain_order=True)


def located(rows: pl.DataFrame, file: str, lines: Any) -> pl.DataFrame:
    """The rows, with where they stand."""
    return rows.with_columns(
        pl.lit(file, pl.String).alias(FILE), pl.Series(LINE, lines, dtype=pl.Int64, strict=False)
    )
