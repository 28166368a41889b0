"""A table's log in; its commits with the files that each brought and took, and its readable snapshots, out.

A snapshot can be read as long as its log entries, or a summary of them, and all its files are there:
retention and erasure remove both, the oldest first.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from urllib.parse import unquote

import polars as pl
from deltalake.exceptions import DeltaError

from perennial.errors import TerminalError
from perennial.lake import storage
from perennial.lake.files import NULL
from perennial.lake.listing import listed
from perennial.lake.tables import Table

LOG = "_delta_log"
SNAPSHOTS = pl.Schema(
    {
        "snapshot_id": pl.Int64(),
        "parent_id": pl.Int64(),
        "is_current": pl.Boolean(),
        "at": pl.Datetime("us", "UTC"),
        "operation": pl.String(),
        "rows_added": pl.Int64(),
        "rows_removed": pl.Int64(),
    }
)
"""Rows are counted by files: what a commit wrote anew without changing it counts as removed and added."""
_ENTRY = re.compile(r"^(\d{20})\.json$")
_SUMMARY = re.compile(r"^(\d{20})\.checkpoint(\..+)?\.parquet$")


class SnapshotExpired(TerminalError):
    """A snapshot that was there once can no longer be read."""


class SnapshotUnknown(TerminalError):
    """There has never been such a snapshot of this table, as it is now."""


@dataclass(frozen=True)
class File:
    """A data file, as a commit brought or took it."""

    path: str
    """Below the table's root."""
    partition: str | None
    """The value of the partition's column, as text; None where it is null or there is no such column."""
    rows: int | None
    """None where the log does not say."""
    is_change: bool
    """Whether it brings or takes rows, or only stores the same rows in another way, as compaction does."""


@dataclass(frozen=True)
class Commit:
    """One snapshot's step from the one before it."""

    snapshot: int
    at: datetime | None
    operation: str | None
    added: tuple[File, ...]
    removed: tuple[File, ...]


def commits(table: Table, after: int, until: int) -> list[Commit]:
    """The commits in (after, until], the oldest first; those whose log entries are gone are left out."""
    wanted = {f"{LOG}/{number:020d}.json": number for number in range(after + 1, until + 1)}
    found = storage.contents(table.uri, wanted)
    return [_commit(wanted[path], text, table.partition) for path, text in sorted(found.items())]


def snapshots(table: Table) -> pl.DataFrame:
    """All snapshots that can still be read, the oldest first, in the shape of `SNAPSHOTS`."""
    if not table.exists():
        return pl.DataFrame(schema=SNAPSHOTS)
    every = storage.entries(table.uri)
    loadable = _loadable([entry.path for entry in every])
    known = {each.snapshot: each for each in commits(table, loadable[0] - 1, loadable[-1])}
    present = {entry.path for entry in every}
    lost = _lost(table, loadable, known.values(), present)
    sizes = _sizes(table, loadable[0], known.values())
    newest = table.version()
    rows = [
        {
            "snapshot_id": number,
            "parent_id": number - 1 if number else None,
            "is_current": number == newest,
            **_described(known.get(number), sizes),
        }
        for number in loadable
        if not any(first <= number < end for first, end in lost)
    ]
    return pl.DataFrame(rows, schema=SNAPSHOTS)


def files_at(table: Table, snapshot: int) -> list[File]:
    """The files of a snapshot, whether they are still there or not; none before the first (-1)."""
    if snapshot < 0:
        return []
    try:
        opened = table.open(snapshot)
    except DeltaError as error:
        raise expired(table, snapshot) from error
    files = listed(opened, table.partition).select("path", "key", "rows").iter_rows()
    return [File(path, key if table.partition else None, rows, is_change=True) for path, key, rows in files]


def partition_of(path: str, partition: str | None) -> str | None:
    """The partition of a file by its folders: log entries need not name it where a file is removed."""
    if partition is None:
        return None
    named = [folder for folder in path.split("/")[:-1] if folder.startswith(f"{partition}=")]
    value = named[-1].partition("=")[2] if named else NULL
    return None if value == NULL else unquote(value)


def earliest(table: Table) -> int:
    """The oldest snapshot that can still be read; -1 before the first commit."""
    readable = snapshots(table)["snapshot_id"]
    return -1 if readable.is_empty() else int(readable[0])


def expired(table: Table, snapshot: int) -> SnapshotExpired:
    """The error that says what is wrong with a snapshot, and what to do."""
    first = snapshots(table).head(1).to_dicts()
    since = f"{first[0]['snapshot_id']}, of {first[0]['at']}" if first else "none"
    return SnapshotExpired(
        f"{table.name}: snapshot {snapshot} can no longer be read: its log entry or its files are gone. The "
        f"earliest that can be read is {since}. Begin there (`fallback`), or with the whole table (`HEAD`)"
    )


def _loadable(paths: Iterable[str]) -> list[int]:
    """Snapshots that the log still describes."""
    entries, summaries = set(), set()
    for path in paths:
        folder, _, name = path.rpartition("/")
        if folder == LOG:
            if entry := _ENTRY.match(name):
                entries.add(int(entry[1]))
            elif summary := _SUMMARY.match(name):
                summaries.add(int(summary[1]))
    found: set[int] = set()
    for number in sorted(entries | summaries):
        if number in summaries or number == 0 or number - 1 in found:
            found.add(number)
    return sorted(found)


def _lost(
    table: Table, loadable: list[int], known: Iterable[Commit], present: set[str]
) -> list[tuple[int, int]]:
    """Stretches of snapshots [from, to) that need a file which is no longer there."""
    brought: dict[str, int] = {}
    stretches = set()
    for commit in known:
        for file in commit.removed:
            if file.path not in present:
                stretches.add((brought.get(file.path, -1), commit.snapshot))
        brought |= {file.path: commit.snapshot for file in commit.added}
    # Where entries of the log are missing, it does not say what was taken: the last snapshot before does.
    for last, following in pairwise(loadable):
        if following > last + 1:
            gone = [file.path for file in files_at(table, last) if file.path not in present]
            stretches |= {(brought.get(path, -1), last + 1) for path in gone}
    return sorted(stretches)


def _sizes(table: Table, first: int, known: Iterable[Commit]) -> dict[str, int | None]:
    """How many rows each file holds, as far as the log says."""
    sizes = {file.path: file.rows for file in files_at(table, first)}
    for commit in known:
        sizes |= {file.path: file.rows for file in commit.added}
    return sizes


def _described(commit: Commit | None, sizes: dict[str, int | None]) -> dict[str, Any]:
    if commit is None:
        return {}
    added = [file.rows for file in commit.added if file.is_change]
    removed = [sizes.get(file.path) for file in commit.removed if file.is_change]
    return {
        "at": commit.at,
        "operation": commit.operation,
        "rows_added": _sum(added),
        "rows_removed": _sum(removed),
    }


def _sum(counts: list[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def _commit(snapshot: int, text: bytes, partition: str | None) -> Commit:
    about: dict[str, Any] = {}
    added, removed = [], []
    for line in text.splitlines():
        action = json.loads(line)
        about = action.get("commitInfo", about)
        if "add" in action:
            added.append(_file(action["add"], partition))
        elif "remove" in action:
            removed.append(_file(action["remove"], partition))
    at = about.get("timestamp")
    return Commit(
        snapshot,
        None if at is None else datetime.fromtimestamp(at / 1000, UTC),
        about.get("operation"),
        tuple(added),
        tuple(removed),
    )


def _file(action: dict[str, Any], partition: str | None) -> File:
    statistics = json.loads(action.get("stats") or "{}")
    path, values = unquote(action["path"]), action.get("partitionValues")
    key = partition_of(path, partition) if values is None else values.get(partition) if partition else None
    return File(path, key, statistics.get("numRecords"), bool(action["dataChange"]))
