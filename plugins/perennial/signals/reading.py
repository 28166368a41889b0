"""Files of the landing zone in, one raw LazyFrame out: the source's columns, and each row's file and line.

Text files are read as text: what a value means is for the dataset's columns to say, not for the reader.
"""

from glob import glob

import polars as pl

from perennial.errors import TerminalError

FILE, LINE = "_file", "_line"


class SourceMissing(TerminalError):
    """No file is where the dataset says that its files are."""


def find(pattern: str) -> list[str]:
    """The files that a path or glob names, sorted."""
    files = sorted(glob(pattern))
    if not files:
        raise SourceMissing(
            f"no file matches {pattern}; deliver it, or correct `source` in the dataset's document"
        )
    return files


def read(files: list[str]) -> pl.LazyFrame:
    """All rows of Parquet and CSV files, with `_file` and `_line` (1 is a text file's header)."""
    return pl.concat([_read(file) for file in files], how="diagonal_relaxed")


def _read(file: str) -> pl.LazyFrame:
    if file.endswith(".parquet"):
        rows = pl.scan_parquet(file, row_index_name=LINE, row_index_offset=1)
    elif file.endswith((".csv", ".csv.gz")):
        rows = pl.scan_csv(
            file, infer_schema=False, row_index_name=LINE, row_index_offset=2, truncate_ragged_lines=True
        )
    else:
        raise TerminalError(f"{file}: not a kind of file that can be read; known: .parquet, .csv, .csv.gz")
    return rows.with_columns(pl.lit(file).alias(FILE))
