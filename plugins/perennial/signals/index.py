"""Event ids in, those that a table holds already out: an index beside the table, whatever its size.

Each id is hashed to 128 bits. The hashes lie in sorted runs on the local disk, each several times as long as
the next, that are mapped into memory and searched by bisection: a look-up costs the logarithm of the history,
and an addition, over time, as much. The index is derived: it follows the table's log, commit by commit, and
is built anew where it is missing or has fallen behind the log. It may be deleted at any time.
"""

import fcntl
import json
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import numpy as np
import polars as pl
import polars_hash as plh

from perennial.lake import history, storage
from perennial.lake.tables import Table

FORMAT = "xxh3_64 of seeds 0 and 1"
GROWTH = 3
"""A run is merged with the next one unless it is more than so many times as long."""
LONG, MANY = 1_000_000, 8
"""Runs of that length are costly to merge: they wait until there are so many runs."""
SLICE = 5_000_000
"""Rows that are read at a time while an index is built."""


def hashes(ids: pl.Expr) -> list[pl.Expr]:
    """The two halves of an id's hash, as columns `high` and `low`; stable over versions and machines."""
    expression = plh.col(ids.meta.output_name())
    return [
        expression.nchash.xxh3_64(seed=0).alias("high"),
        expression.nchash.xxh3_64(seed=1).alias("low"),
    ]


def hashed(rows: pl.DataFrame) -> pl.DataFrame:
    """The hashes of the column `event_id`, in the rows' order."""
    return rows.select(hashes(pl.col("event_id")))


def stacked(run: pl.DataFrame) -> np.ndarray:
    """Hashes, sorted by `high`, as two rows."""
    return np.stack([run["high"].to_numpy(), run["low"].to_numpy()])


def contains(runs: Iterable[np.ndarray], queries: pl.DataFrame) -> np.ndarray:
    """Which of the hashes, sorted by `high`, stand in one of the runs (two rows, sorted by the first)."""
    high, low = queries["high"].to_numpy(), queries["low"].to_numpy()
    found = np.zeros(len(high), dtype=bool)
    for run in runs:
        _search(run[0], run[1], high, low, found)
    return found


@dataclass
class EventIndex:
    """The ids of one table, kept in one folder."""

    folder: Path
    table: Table
    version: int = -1
    """The snapshot of the table up to which the ids are known."""
    _runs: dict[str, np.ndarray] = field(default_factory=dict)
    """By file name, the two rows `high` and `low`, sorted by the first; the longest run comes first."""

    def catch_up(self) -> int:
        """Take in what was committed to the table since; returns the snapshot that is known now."""
        with self._locked():
            self._load()
            newest = self.table.version()
            if newest > self.version:
                if not self._follow(newest):
                    self._rebuild(newest)
                self._save(newest)
        return self.version

    def add(self, sorted_hashes: Iterable[pl.DataFrame], version: int) -> None:
        """Take in ids that the caller has just committed as snapshot `version`, sorted by `high`.

        Where another commit has come in between, nothing is done: the next `catch_up` takes both in.
        """
        with self._locked():
            self._load()
            if self.version == version - 1:
                for run in sorted_hashes:
                    self._insert(run)
                self._save(version)

    def known(self, queries: pl.DataFrame) -> np.ndarray:
        """Which of the hashes, sorted by `high`, belong to the table as of `version`: a mask."""
        return contains(self._runs.values(), queries)

    def __len__(self) -> int:
        return sum(run.shape[1] for run in self._runs.values())

    def _follow(self, newest: int) -> bool:
        """Apply the commits since `version`; False where that is impossible, and nothing was changed."""
        commits = history.commits(self.table, self.version, newest)
        if self.version < 0 or len(commits) < newest - self.version:
            return False
        added = {file.path for each in commits for file in each.added if file.is_change}
        removed = {file.path for each in commits for file in each.removed if file.is_change}
        if storage.missing(self.table.uri, added ^ removed):
            return False
        # A file that came and went since was never here.
        gone, came = self._of_files(removed - added), self._of_files(added - removed)
        if gone.height:
            self._remove(gone.join(came, on=["high", "low"], how="anti"))
            came = came.filter(~pl.Series(self.known(came)))
        self._insert(came)
        return True

    def _of_files(self, paths: Iterable[str]) -> pl.DataFrame:
        files = [f"{self.table.uri}/{path}" for path in sorted(paths)]
        if not files:
            return pl.DataFrame(schema={"high": pl.UInt64, "low": pl.UInt64})
        rows = pl.scan_parquet(files, hive_partitioning=False, extra_columns="ignore").select("event_id")
        return hashed(rows.collect()).sort("high")

    def _rebuild(self, newest: int) -> None:
        self._runs = {}
        if newest < 0:
            return
        ids = self.table.scan(newest).select("event_id")
        for rows in ids.collect_batches(chunk_size=SLICE, maintain_order=False):
            self._insert(hashed(rows).sort("high"))

    def _insert(self, run: pl.DataFrame) -> None:
        if run.is_empty():
            return
        while self._runs:
            name, last = list(self._runs.items())[-1]
            if last.shape[1] > GROWTH * run.height or (run.height >= LONG and len(self._runs) < MANY):
                break
            run = _frame(last).merge_sorted(run, key="high")
            del self._runs[name]
        self._keep(run)

    def _remove(self, gone: pl.DataFrame) -> None:
        runs, self._runs = self._runs, {}
        for name, run in runs.items():
            kept = _frame(run).join(gone, on=["high", "low"], how="anti", maintain_order="left")
            if kept.height == run.shape[1]:
                self._runs[name] = run
            elif kept.height:
                self._keep(kept)

    def _keep(self, run: pl.DataFrame) -> None:
        name = f"{uuid4().hex}.npy"
        np.save(self.folder / name, stacked(run))
        self._runs[name] = _mapped(self.folder / name)

    def _load(self) -> None:
        """Take over what another process has done, if anything."""
        try:
            content = json.loads((self.folder / "index.json").read_text())
        except (FileNotFoundError, ValueError):
            content = {}
        if content.get("format") != FORMAT or content.get("table") != self._identity():
            self.version, self._runs = -1, {}
            return
        self.version = content["version"]
        self._runs = {
            name: self._runs[name] if name in self._runs else _mapped(self.folder / name)
            for name in content["runs"]
        }

    def _save(self, version: int) -> None:
        self.version = version
        content = {
            "format": FORMAT,
            "table": self._identity(),
            "version": version,
            "runs": list(self._runs),
        }
        partial = self.folder / "index.json.new"
        partial.write_text(json.dumps(content))
        partial.replace(self.folder / "index.json")
        for file in self.folder.glob("*.npy"):
            if file.name not in self._runs:
                file.unlink()

    def _identity(self) -> str | None:
        """A table that was dropped and made anew is another one."""
        return f"{self.table.uri}#{self.table.open().metadata().id}" if self.table.exists() else None

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            try:
                yield
            except FileNotFoundError:
                # Somebody has deleted a part of it: the next one starts from the table.
                shutil.rmtree(self.folder, ignore_errors=True)
                raise


def _mapped(path: Path) -> np.ndarray:
    run: np.ndarray = np.load(path, mmap_mode="r")
    return run


def _frame(run: np.ndarray) -> pl.DataFrame:
    return pl.DataFrame({"high": run[0], "low": run[1]})


def _search(
    run_high: np.ndarray, run_low: np.ndarray, high: np.ndarray, low: np.ndarray, found: np.ndarray
) -> None:
    """Mark in `found` which (high, low) the run holds; equal halves are looked through one by one."""
    open_ = np.flatnonzero(~found)
    place = np.searchsorted(run_high, high[open_])
    while len(open_):
        inside = place < len(run_high)
        open_, place = open_[inside], place[inside]
        same = run_high[place] == high[open_]
        open_, place = open_[same], place[same]
        hit = run_low[place] == low[open_]
        found[open_[hit]] = True
        open_, place = open_[~hit], place[~hit] + 1
