"""Days that were computed, and events that came for them later, in; which days would come out otherwise, out.

What came, or went, is noted by the day on which it happened, with the snapshot of its table. Of each day it
is noted which snapshots it was computed from. An event is late for every day that was computed without it
and sees it: those after its own.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from perennial.audiences.evaluation import all_blocks, published
from perennial.audiences.happenings import datasets_of
from perennial.lake.changes import HEAD, counted
from perennial.lake.days import ARRIVALS, SEEN
from perennial.lake.history import SnapshotExpired, SnapshotUnknown
from perennial.lake.tables import Table
from perennial.stages.workspace import Workspace

DAILY = "daily"
"""The run of the Dags that follow a day's signals, as opposed to a recomputation of the past."""
GUARD = "days/arrivals"
DUE = pl.Schema({"as_of": pl.Date(), "rows": pl.Int64(), "datasets": pl.List(pl.String())})


def begin(
    workspace: Workspace, run: str, days: Collection[date], seen: Mapping[str, int], now: datetime
) -> None:
    """Note that a run computes these days from such snapshots of the events, by dataset, or later ones."""
    snapshots = [{"dataset": name, "snapshot": at} for name, at in seen.items()]
    rows = [(run, day, False, now, snapshots) for day in days]
    workspace.lake.days_seen.append(pl.DataFrame(rows, schema=SEEN, orient="row"))


def complete(workspace: Workspace, run: str, days: Collection[date], now: datetime) -> None:
    """Note that the days are as they must be by the events that were there when the run began them."""
    begun = workspace.lake.days_seen.scan().filter(
        pl.col("as_of").is_in([*days]), ~pl.col("complete"), run=run
    )
    newest = begun.sort("at").unique("as_of", keep="last").collect()
    if newest.height:
        done = newest.with_columns(complete=True, at=pl.lit(now)).select(*SEEN).cast(SEEN)
        workspace.lake.days_seen.append(done)


@dataclass(frozen=True)
class Late:
    """What came, or went, too late."""

    days: pl.DataFrame
    """The days that would come out otherwise, as `DUE`, in order."""
    rows: int
    """How many events it is about: each once, however many days see it."""


def late(workspace: Workspace, *, noted: bool = False) -> Late:
    """The events that came or went after days were computed that see them.

    With `noted`, what came since the last run is left out: the log of commits need not be read. Only events
    count that some document computes a day from. Of days that were computed before this was noted, nothing
    is known.
    """
    done = workspace.lake.days_seen.scan().filter("complete").sort("at").unique("as_of", keep="last")
    names = pl.LazyFrame({"dataset": sorted(_used(workspace))}, schema={"dataset": pl.String})
    known = done.select("as_of", each="snapshots").explode("each").unnest("each")
    grid = done.select("as_of").join(names, how="cross").join(known, on=["as_of", "dataset"], how="left")
    # Of a table that was not there yet, nothing was seen.
    saw = grid.with_columns(pl.col("snapshot").fill_null(HEAD))
    arrivals = workspace.lake.arrivals.scan() if noted else _arrivals(workspace).lazy()
    came = arrivals.rename({"snapshot": "came_with"})
    after = (pl.col("came_with") > pl.col("snapshot")) & (pl.col("day") < pl.col("as_of"))
    hit = saw.join(came, on="dataset").filter(after).with_columns(rows=pl.col("came") + pl.col("went"))
    # What is gone on purpose leaves marks without rows.
    rows = hit.filter(pl.col("rows") > 0)
    by_day = rows.group_by("as_of").agg(pl.col("rows").sum(), datasets=pl.col("dataset").unique().sort())
    each_once = rows.select("dataset", "came_with", "day", "rows").unique().select(pl.col("rows").sum())
    days, total = pl.collect_all([by_day.sort("as_of").select(*DUE).cast(DUE), each_once])
    return Late(days, int(total.item()))


def note_arrivals(workspace: Workspace) -> Mapping[str, int]:
    """Note what came and went since the last time; returns the snapshot of each table of events."""
    noted = workspace.lake.arrivals
    version = noted.version()
    snapshots = {name: table.version() for name, table in _tables(workspace).items()}
    fresh = _fresh(workspace, noted, snapshots)
    if fresh.height:
        noted.append(fresh, transactions=[(GUARD, version + 1)], since=version)
    return snapshots


def forget(workspace: Workspace, dataset: str, before: date) -> None:
    """Note that the events of a dataset before a day are gone on purpose: that makes no day otherwise."""
    noted, table = workspace.lake.arrivals, workspace.table(dataset)
    version, snapshot = noted.version(), table.version()
    fresh = _fresh(workspace, noted, {dataset: snapshot})
    # Of before the first snapshot, they count in sums, and came after nothing that was seen.
    gone = pl.when(pl.col("day") < before).then(pl.lit(HEAD, pl.Int64)).otherwise("snapshot")
    mark = pl.DataFrame([(dataset, snapshot, before, 0, 0)], schema=ARRIVALS, orient="row")
    rows = pl.concat([fresh.with_columns(snapshot=gone), mark])
    noted.append(rows, transactions=[(GUARD, version + 1)], since=version)


def _arrivals(workspace: Workspace) -> pl.DataFrame:
    """What was noted, and what has come since."""
    noted = workspace.lake.arrivals
    snapshots = {name: table.version() for name, table in _tables(workspace).items()}
    return pl.concat([noted.scan().collect(), _fresh(workspace, noted, snapshots)])


def _fresh(workspace: Workspace, noted: Table, snapshots: Mapping[str, int]) -> pl.DataFrame:
    known, rows = noted.scan().collect(), []
    for name, snapshot in snapshots.items():
        mine = known.filter(dataset=name)
        since = int(mine["snapshot"].max()) if mine.height else HEAD  # type: ignore[arg-type]
        if since != snapshot:
            changed = _changed(workspace.table(name), since, snapshot, mine)
            rows += [
                (name, snapshot, date.fromisoformat(day), *both) for day, both in sorted(changed.items())
            ]
    return pl.DataFrame(rows, schema=ARRIVALS, orient="row")


def _changed(table: Table, since: int, snapshot: int, noted: pl.DataFrame) -> Mapping[str, tuple[int, int]]:
    """How many rows came and went, by day."""
    try:
        return {day: both for day, both in counted(table, since, snapshot).items() if day}
    except (SnapshotExpired, SnapshotUnknown):
        # Nobody can tell any more; but how many there should be is known.
        now = table.counts()
        sums = noted.group_by("day").agg((pl.col("came") - pl.col("went")).sum())
        before = {day.isoformat(): rows for day, rows in sums.iter_rows()}
        more = {day: now.get(day, 0) - before.get(day, 0) for day in {*now, *before} if day}
        return {day: (max(n, 0), max(-n, 0)) for day, n in more.items() if n}


def _tables(workspace: Workspace) -> dict[str, Table]:
    events = [name for name, each in workspace.datasets.items() if each.kind == "event"]
    return {name: table for name in events if (table := workspace.table(name)).exists()}


def _used(workspace: Workspace) -> set[str]:
    """The datasets whose events make a day what it is."""
    found = {each.dataset for each in workspace.value.values()}
    found |= {each.dataset for each in workspace.rfm.values()}
    found |= {each.dataset for each in workspace.lifetime.values()}
    found |= {each.dataset for each in workspace.computed.values()}
    found |= {
        name for each in workspace.browsing.values() for name in (each.looks.dataset, each.purchases.dataset)
    }
    found |= {name for policy in workspace.profiles.values() for name in policy.events}
    blocks = [
        rule
        for audience in published(workspace.audiences).values()
        for _, rule in all_blocks(audience, workspace.consents)
    ]
    return (found | datasets_of(blocks)) & {*workspace.datasets}
