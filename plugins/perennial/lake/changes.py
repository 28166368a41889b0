"""Two snapshots of a table in; the rows that came in between, or went, out: what incremental readers read.

A row has come if the later snapshot holds it more often than the earlier one. Rows that were only written
again, by a replacement of their neighbours or by compaction, have not.
"""

import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import polars as pl

from perennial.lake import history, storage
from perennial.lake.history import File, SnapshotExpired, SnapshotUnknown, expired, files_at
from perennial.lake.reading import read
from perennial.lake.tables import Table

HEAD: Final = -1
"""Before the first snapshot: nothing is there yet."""
TAIL: Final = sys.maxsize
"""The newest snapshot."""


@dataclass(frozen=True)
class Difference:
    """By which files a snapshot differs from an earlier one."""

    added: list[File]
    removed: list[File]


def as_of(table: Table, end: int = TAIL) -> pl.LazyFrame:
    """All rows as of a snapshot. Raises `SnapshotExpired` where it can no longer be read."""
    _, end = _bounds(table, HEAD, end)
    if end == HEAD:
        return table.scan()
    if storage.missing(table.uri, [file.path for file in files_at(table, end)]):
        raise expired(table, end)
    return table.scan(end)


def since(table: Table, start: int, *, fallback: bool = False) -> pl.LazyFrame:
    """The rows that came after snapshot `start`, up to the newest."""
    return between(table, start, TAIL, fallback=fallback)


def between(table: Table, start: int, end: int = TAIL, *, fallback: bool = False) -> pl.LazyFrame:
    """The rows that came in (start, end]: after snapshot `start`, up to `end` and with it.

    They have the columns that the table has now. A start that cannot be read itself is fine as long as the
    log still tells what came after it.

    Raises `SnapshotExpired` where either can no longer be read. With `fallback`, an expired start is replaced
    by the earliest snapshot that can, inclusive: all that it holds counts as having come.
    """
    start, end = _bounds(table, start, end)
    if start == HEAD:
        return as_of(table, end)
    try:
        difference = _difference(table, start, end)
    except (SnapshotExpired, SnapshotUnknown):
        if not fallback:
            raise
        return as_of(table, end)
    return _surplus(table, difference.added, difference.removed)


def removed(table: Table, start: int, end: int = TAIL) -> pl.LazyFrame:
    """The rows that `start` holds and `end` no longer does, with the columns that the table has now."""
    start, end = _bounds(table, start, end)
    if start == HEAD:
        return table.scan().clear()
    difference = _difference(table, start, end)
    return _surplus(table, difference.removed, difference.added)


def touched(table: Table, start: int, end: int = TAIL, *, fallback: bool = False) -> list[str]:
    """The partitions, as text and sorted, to which commits in (start, end] brought rows, or took some.

    Compaction touches none. Without a partition column the one partition is named "".
    """
    start, end = _bounds(table, start, end)
    try:
        difference = _difference(table, start, end)
    except (SnapshotExpired, SnapshotUnknown):
        if not fallback:
            raise
        difference = Difference(files_at(table, end), [])
    files = (*difference.added, *difference.removed)
    return sorted({file.partition or "" for file in files if file.rows != 0})


def counted(table: Table, start: int, end: int = TAIL) -> dict[str, tuple[int, int]]:
    """How many rows came and went in (start, end], by partition; compaction brings and takes none.

    Rows are read only where files were replaced. Raises `SnapshotExpired` where nobody can tell any more.
    """
    start, end = _bounds(table, start, end)
    difference = _difference(table, start, end)
    rewritten = {file.partition for file in difference.removed if file.rows != 0}
    rewritten |= {file.partition for file in difference.added if file.rows is None}
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for file in difference.added:
        if file.partition not in rewritten and file.rows:
            counts[file.partition or ""][0] += file.rows
    added, removed_ = (
        [file for file in files if file.partition in rewritten]
        for files in (difference.added, difference.removed)
    )
    for place, rows in enumerate((_surplus(table, added, removed_), _surplus(table, removed_, added))):
        key = pl.col(table.partition).cast(pl.String) if table.partition else pl.lit("")
        for partition, number in rows.group_by(key.alias("key")).len().collect().iter_rows():
            counts[partition or ""][place] += number
    return {partition: (came, went) for partition, (came, went) in counts.items() if came or went}


def _bounds(table: Table, start: int, end: int) -> tuple[int, int]:
    newest = table.version()
    start, end = (newest if bound == TAIL else bound for bound in (start, end))
    if end > newest or end < HEAD:
        raise SnapshotUnknown(f"{table.name} has no snapshot {end}; the newest is {newest}")
    return start, end


def _difference(table: Table, start: int, end: int) -> Difference:
    """The files that brought and took rows in (start, end], all of them still there."""
    if not HEAD <= start <= end:
        raise SnapshotUnknown(
            f"{table.name}: nothing lies between the snapshots {start} and {end}; the newest is "
            f"{table.version()}. Was the table made anew since {start} was read?"
        )
    for found in (_by_snapshots,) if start == HEAD else (_by_log, _by_snapshots):
        difference = found(table, start, end)
        if difference is not None:
            files = [file.path for file in (*difference.added, *difference.removed)]
            if not storage.missing(table.uri, files):
                return difference
    raise expired(table, start if _is_gone(table, start) else end)


def _by_log(table: Table, start: int, end: int) -> Difference | None:
    """From the log: what the commits in between brought; None where entries are gone."""
    commits = history.commits(table, start, end)
    if len(commits) < end - start:
        return None
    added = {file.path: file for each in commits for file in each.added if file.is_change}
    gone = {file.path: file for each in commits for file in each.removed if file.is_change}
    # A file that came and went in between was never seen by either snapshot.
    return Difference(
        [file for path, file in added.items() if path not in gone],
        [file for path, file in gone.items() if path not in added],
    )


def _by_snapshots(table: Table, start: int, end: int) -> Difference | None:
    """From the files of both snapshots: larger than need be where files were compacted in between."""
    try:
        before, after = files_at(table, start), files_at(table, end)
    except SnapshotExpired:
        return None
    old, new = {file.path for file in before}, {file.path for file in after}
    return Difference(
        [file for file in after if file.path not in old], [file for file in before if file.path not in new]
    )


def _is_gone(table: Table, snapshot: int) -> bool:
    try:
        return bool(storage.missing(table.uri, [file.path for file in files_at(table, snapshot)]))
    except SnapshotExpired:
        return True


def _surplus(table: Table, files: Iterable[File], against: Iterable[File]) -> pl.LazyFrame:
    """The rows of `files` that those of `against` do not match, partition by partition."""
    schema = table.scan().collect_schema()
    mine, theirs = _by_partition(files), _by_partition(against)
    frames = [pl.LazyFrame(schema=schema)]
    for partition, paths in sorted(mine.items(), key=lambda item: item[0] or ""):
        rows = read(table, schema, partition, paths)
        if partition in theirs:
            rows = _without(rows, read(table, schema, partition, theirs[partition]), schema)
        frames.append(rows)
    return pl.concat(frames)


def _by_partition(files: Iterable[File]) -> dict[str | None, list[str]]:
    groups: dict[str | None, list[str]] = defaultdict(list)
    for file in files:
        groups[file.partition].append(file.path)
    return groups


def _without(rows: pl.LazyFrame, others: pl.LazyFrame, schema: pl.Schema) -> pl.LazyFrame:
    """Rows as often as they occur more often than among the others."""
    counted = pl.concat([rows.with_columns(__times=1), others.with_columns(__times=-1)])
    surplus = counted.group_by(schema.names()).agg(pl.col("__times").sum()).filter(pl.col("__times") > 0)
    repeated = surplus.with_columns(pl.int_ranges(0, pl.col("__times")).alias("__times"))
    return repeated.explode("__times").select(schema.names())
