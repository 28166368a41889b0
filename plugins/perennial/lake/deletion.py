"""A table and a description of rows in; the table without them out, in one commit that names none of them.

Only files that hold such rows are written anew. Earlier snapshots still hold the rows, until retention or
erasure removes their files.
"""

from dataclasses import dataclass

import polars as pl

from perennial.lake import files
from perennial.lake.files import DataFile
from perennial.lake.history import File, files_at
from perennial.lake.reading import read
from perennial.lake.tables import ConcurrentCommit, Table

ATTEMPTS = 10


@dataclass(frozen=True)
class Deleted:
    """What a deletion did."""

    rows: int = 0
    files: int = 0
    """That held such rows."""


def delete(table: Table, doomed: pl.Expr) -> Deleted:
    """Take the rows away for which `doomed` is true; a table that holds none is left as it is.

    Raises `ConcurrentCommit` where others keep changing the same files.
    """
    for attempt in range(ATTEMPTS):
        try:
            return _delete(table, doomed.fill_null(False))
        except ConcurrentCommit:
            if attempt == ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable")


def holding(table: Table, schema: pl.Schema, file: File, wanted: pl.Expr) -> int:
    """How many such rows a file has."""
    return int(
        read(table, schema, file.partition, [file.path]).filter(wanted).select(pl.len()).collect().item()
    )


def _delete(table: Table, doomed: pl.Expr) -> Deleted:
    version = table.version()
    if version < 0:
        return Deleted()
    schema = table.scan(version).collect_schema()
    held = {file: holding(table, schema, file, doomed) for file in files_at(table, version)}
    touched = [file for file, rows in held.items() if rows]
    if not touched:
        return Deleted()
    written: list[DataFile] = []
    try:
        for file in touched:
            rest = read(table, schema, file.partition, [file.path]).filter(~doomed).collect()
            written += files.write(table, rest)
        files.commit(table, written, version, [], [file.path for file in touched])
    except BaseException:
        files.discard(table, written)
        raise
    return Deleted(sum(held.values()), len(touched))
