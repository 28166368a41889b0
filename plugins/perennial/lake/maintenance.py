"""A table in; the same rows in fewer files, without what nobody can read any more, and a report, out.

Readers and writers go on meanwhile: files are only replaced by others with the same rows, and what a snapshot
within the retention needs is kept. Whatever is left halfway, the next run finishes.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

import polars as pl

from perennial.errors import TerminalError
from perennial.lake import files, storage
from perennial.lake.files import DataFile
from perennial.lake.history import LOG, snapshots
from perennial.lake.listing import listed
from perennial.lake.reading import read
from perennial.lake.tables import ConcurrentCommit, Table

MEBIBYTE = 1024 * 1024
TARGET_BYTES = 128 * MEBIBYTE
"""What a file should hold, about."""
SMALL = 0.5
"""A file below this share of the target is small."""
MANY = 4
"""From so many small files on, a partition is compacted: fewer are not worth writing it anew."""
RETENTION = timedelta(days=7)
"""How long snapshots can be read at the least; every table's configuration promises it."""
IN_FLIGHT = timedelta(days=1)
"""A file younger than this that no snapshot knows may belong to a writer who has yet to commit."""
ATTEMPTS = 10
COMPRESSION: dict[str, Any] = {"compression": "zstd", "compression_level": 3}
"""Of what stays: smaller than what is written first."""


class RetentionTooShort(TerminalError):
    """Snapshots would go that every table's configuration promises to keep."""


@dataclass(frozen=True)
class Policy:
    """How a table is looked after."""

    target_bytes: int = TARGET_BYTES
    many: int = MANY
    retention: timedelta = RETENTION
    force: bool = False
    """Allow a retention below the one that is promised."""

    def __post_init__(self) -> None:
        if self.retention < RETENTION and not self.force:
            raise RetentionTooShort(
                f"a retention of {self.retention} is below the {RETENTION} that tables promise to their "
                "readers; ask for more, or force it"
            )


@dataclass(frozen=True)
class Report:
    """What was done to a table; a dry run says what would be."""

    table: str
    partitions_compacted: int
    files_before: int
    files_after: int
    """Of the newest snapshot. A dry run cannot tell, and repeats the number before."""
    files_removed: int
    """Of older snapshots, and of writers who never committed."""
    bytes_freed: int
    log_entries_removed: int
    snapshots_kept: int

    def as_dict(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


def tables(root: str) -> list[str]:
    """The names of all tables that were ever written under a lake's root, sorted."""
    names = [f"{area}/{name}" for area in storage.folders(root) for name in storage.folders(root, area)]
    return [name for name in names if LOG in storage.folders(root, name)]


def found(root: str, name: str) -> Table:
    """A table as it lies there, whether the catalog knows it or not."""
    columns = Table(root, name).open().metadata().partition_columns
    return Table(root, name, partition=columns[0] if columns else None)


def maintain(table: Table, policy: Policy, *, dry_run: bool = False) -> Report:
    """Compact, sum up the log, and remove what has expired."""
    files_before, entries_before = _count(table), _log_entries(table)
    partitions = crowded(table, policy)
    if not dry_run:
        for partition in partitions:
            compact(table, partition, policy)
    removed, freed = vacuum(table, policy, dry_run=dry_run)
    if not dry_run:
        # Once the log is summed up, entries beyond the retention that the table's configuration sets can go.
        table.open().create_checkpoint()
        table.open().cleanup_metadata()
    return Report(
        table=table.name,
        partitions_compacted=len(partitions),
        files_before=files_before,
        files_after=_count(table),
        files_removed=removed,
        bytes_freed=freed,
        log_entries_removed=max(0, entries_before - _log_entries(table)),
        snapshots_kept=snapshots(table).height,
    )


def crowded(table: Table, policy: Policy) -> list[str | None]:
    """The partitions with many small files; a table without partitions is one, named ""."""
    small = listed(table.open(), table.partition).filter(pl.col("size") < SMALL * policy.target_bytes)
    counted = small.group_by("key").len().filter(pl.col("len") >= policy.many)
    return counted.sort("key")["key"].to_list()


def compact(table: Table, partition: str | None, policy: Policy) -> None:
    """Put a partition's small files together. Raises `ConcurrentCommit` if others keep rewriting them."""
    for _ in range(ATTEMPTS):
        try:
            _compact(table, partition, policy.target_bytes)
        except ConcurrentCommit:
            continue
        return
    raise ConcurrentCommit(
        f"{table.name}: {table.partition or 'the table'} {partition or ''} was rewritten by others "
        f"{ATTEMPTS} times while it was compacted"
    )


def _compact(table: Table, partition: str | None, target: int) -> None:
    # The Delta library's own compaction does not mind another one of the same files, and doubles their rows.
    opened = table.open()
    version, key = opened.version(), partition if table.partition else ""
    found = listed(opened, table.partition).filter(pl.col("key").eq_missing(key), pl.col("size") < target)
    schema, replaced, written = table.scan(version).collect_schema(), list[str](), list[DataFile]()
    try:
        for paths in _together(found, target):
            rows = read(table, schema, partition or None, paths).collect()
            written += files.write(table, rows, COMPRESSION)
            replaced += paths
        if replaced:
            files.commit(table, written, version, [], replaced, is_change=False)
    except BaseException:
        files.discard(table, written)
        raise


def _together(found: pl.DataFrame, target: int) -> Iterator[list[str]]:
    """Paths of files that fit into one, two at least, in the order in which they came."""
    paths, size = list[str](), 0
    for path, more in found.select("path", "size").iter_rows():
        if paths and size + more > target:
            if len(paths) > 1:
                yield paths
            paths, size = [], 0
        paths, size = [*paths, path], size + more
    if len(paths) > 1:
        yield paths


def vacuum(table: Table, policy: Policy, *, dry_run: bool = False) -> tuple[int, int]:
    """Remove files that no snapshot within the retention needs; returns how many, and their bytes."""
    hours = int(policy.retention.total_seconds() // 3600)
    sizes = {entry.path: entry.size for entry in storage.entries(table.uri)}
    # Only a retention that outlasts every writer may touch files that the log does not know.
    full = policy.retention >= IN_FLIGHT
    options = {"retention_hours": hours, "enforce_retention_duration": not policy.force, "full": full}
    unneeded = table.open().vacuum(dry_run=True, **options)
    if unneeded and not dry_run:
        # It adds to the log: only where there is something to remove.
        table.open().vacuum(dry_run=False, **options)
    return len(unneeded), sum(sizes.get(path, 0) for path in unneeded)


def _log_entries(table: Table) -> int:
    return len(storage.entries(table.uri, LOG))


def _count(table: Table) -> int:
    return len(table.open().file_uris())
