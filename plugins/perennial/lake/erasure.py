"""A table and a description of a person's rows in; the table without a trace of them, history included, out.

Deleted rows still lie in the files of older snapshots, and values of theirs in the log, as the least or the
greatest of a file. So the history of a table that held such rows is given up: its older snapshots can no
longer be read. Tables that held none keep theirs.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import polars as pl

from perennial.errors import TransientError
from perennial.lake import files, storage
from perennial.lake.deletion import ATTEMPTS, delete, holding
from perennial.lake.history import LOG, File, files_at, partition_of
from perennial.lake.tables import ConcurrentCommit, Table

ERASED = pl.Schema(
    {
        "request": pl.String(),
        "namespace": pl.String(),
        "value_sha256": pl.String(),
        "erased_at": pl.Datetime("us", "UTC"),
        "phone_region": pl.String(),
    }
)
"""Identities of people who were erased, as fingerprints.

`phone_region` says that they are phone numbers, in E.164, and where those are from that have no country's
code ("" if that is not known); it is null for other identities.
"""
WRITING = timedelta(hours=1)
"""A file younger than this that no snapshot knows may be about to be committed."""
GUARD = "lake/erasure"
Picks = Callable[[pl.Series], pl.Series]
"""Of each value of a column, whether it is the person's."""


class ErasureIncomplete(TransientError):
    """Something of the person may still be there; the same request will find and remove it later."""


@dataclass(frozen=True)
class Traces:
    """What a table holds of a person."""

    rows: int = 0
    """In the newest snapshot."""
    files: int = 0
    """With such rows, those of older snapshots and of no snapshot among them."""
    bytes: int = 0
    """Of these files."""
    in_log: bool = False
    """Whether the log mentions such a value."""

    def __bool__(self) -> bool:
        return bool(self.files or self.in_log)


def erased_people(root: str) -> Table:
    """The lake's table of identities that were erased."""
    return Table(root, "privacy/erased", schema=ERASED, evolves=True)


def erased(root: str) -> pl.LazyFrame:
    """`ERASED` without requests: whose rows from before that moment must not come in again."""
    return erased_people(root).scan().select(name for name in ERASED if name != "request")


def traces(table: Table, doomed: pl.Expr, named: Mapping[str, Picks] | None = None) -> Traces:
    """What the table holds of the rows for which `doomed` is true, wherever they lie.

    `named` says for each column that names people which of its values (texts) are the person's: they are
    looked for in the log.
    """
    newest = _newest(table)
    sizes = {entry.path: entry.size for entry in storage.entries(table.uri)}
    held = _held(table, doomed, newest)
    in_log = any(
        bool(picks(pl.Series(sorted(mentions(table, name)), dtype=pl.String)).any())
        for name, picks in (named or {}).items()
    )
    return Traces(
        rows=sum(rows for path, rows in held.items() if path in newest),
        files=len(held),
        bytes=sum(sizes.get(path, 0) for path in held),
        in_log=in_log,
    )


def erase(table: Table, doomed: pl.Expr, now: datetime) -> None:
    """Delete the rows for which `doomed` is true, and give up the table's history.

    Raises `ErasureIncomplete` where a file that may be about to be committed holds such rows. Killed and run
    again, it ends up the same.
    """
    delete(table, doomed)
    give_up_history(table)
    newest = _newest(table)
    modified = {entry.path: entry.modified for entry in storage.entries(table.uri)}
    left = [path for path in _held(table, doomed, newest) if path not in newest]
    abandoned = [path for path in left if modified[path] < now - WRITING]
    storage.remove(table.uri, abandoned)
    if len(abandoned) < len(left):
        raise ErasureIncomplete(
            f"{table.name}: {len(left) - len(abandoned)} files that are not committed yet hold rows of the "
            f"person; ask again once their writers are done, or in {WRITING}"
        )


def give_up_history(table: Table) -> None:
    """Make all snapshots but the newest unreadable: their log entries and files are removed."""
    _step(table)
    opened = table.open()
    opened.create_checkpoint()
    kept = f"{opened.version():020d}"
    older = [
        entry.path
        for entry in storage.entries(table.uri, LOG)
        if (name := entry.path.removeprefix(f"{LOG}/"))[:20].isdigit() and name[:20] < kept
    ]
    storage.remove(table.uri, older)
    # Files that the log never knew stay: they may be about to be committed.
    table.open().vacuum(0, dry_run=False, enforce_retention_duration=False, full=False)


def every_file(table: Table) -> list[File]:
    """All data files that lie in the table's folder, whether a snapshot knows them or not."""
    return [
        File(entry.path, partition_of(entry.path, table.partition), None, is_change=True)
        for entry in storage.entries(table.uri)
        if entry.path.endswith(".parquet") and not entry.path.startswith(f"{LOG}/")
    ]


def mentions(table: Table, column: str) -> set[str]:
    """The values of a column that the log mentions, as the least or the greatest of a file."""
    paths = [entry.path for entry in storage.entries(table.uri, LOG)]
    found: set[str] = set()
    for path, content in storage.contents(table.uri, paths).items():
        for statistics in _statistics(path, content):
            for end in ("minValues", "maxValues"):
                value = (statistics.get(end) or {}).get(column)
                if value is not None:
                    found.add(str(value))
    return found


def _newest(table: Table) -> set[str]:
    return {file.path for file in files_at(table, table.version())}


def _held(table: Table, doomed: pl.Expr, newest: set[str]) -> dict[str, int]:
    """The files that hold such rows, and how many; one that cannot be read may hold them."""
    schema, held = table.scan().collect_schema(), {}
    for file in every_file(table):
        try:
            held[file.path] = holding(table, schema, file, doomed)
        except pl.exceptions.ComputeError:
            # A writer was killed in the middle of it.
            if file.path in newest:
                raise
            held[file.path] = 1
    return {path: rows for path, rows in held.items() if rows}


def _statistics(path: str, content: bytes) -> Iterator[dict[str, Any]]:
    if path.endswith(".parquet"):
        adds = pl.read_parquet(BytesIO(content), columns=["add"]).to_series()
        texts = adds.struct.field("stats").drop_nulls().to_list()
    else:
        texts = [
            action["add"].get("stats")
            for line in content.splitlines()
            if line.startswith(b'{"add"')
            for action in [json.loads(line)]
        ]
    yield from (json.loads(text) for text in texts if text)


def _step(table: Table) -> None:
    """A commit that changes nothing, for the log to begin with: the one before may name the rows."""
    for _ in range(ATTEMPTS):
        version = table.version()
        try:
            files.commit(table, [], version, [(GUARD, version + 1)])
        except ConcurrentCommit:
            continue
        return
    raise ConcurrentCommit(f"{table.name}: others keep committing; try again")
