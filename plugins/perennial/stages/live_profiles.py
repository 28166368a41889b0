"""What came since the last time in; the profiles of whom it concerns, refreshed, out.

Daily profiles stay as they are. Beside them lies a row of each person who changed since: only these rows are
written, and with the next daily profiles they go.
"""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime

import polars as pl

from perennial.identity.people import PERSON, names
from perennial.lake.changes import between
from perennial.lake.history import SnapshotExpired, SnapshotUnknown
from perennial.profiles.refresh import BASE, STEP, overlaid, refreshed
from perennial.stages.profiles import Daily, attributes, newest
from perennial.stages.whose import naming, people_of, rows_of, who
from perennial.stages.workspace import Workspace

NOW = "now"
"""A transaction of the table of live profiles: until when they are known."""


def refresh_profiles(workspace: Workspace, now: datetime) -> int:
    """Refresh the profiles of whoever is in rows that came since the last time; returns how many.

    By the default merge policy; without daily profiles there is nothing to refresh.
    """
    daily, live = newest(workspace), workspace.lake.live_profiles
    if daily is None:
        return 0
    tables = {name: workspace.table(name) for name in _followed(workspace)}
    marks = [(tables[name].name, tables[name].version()) for name in tables]
    marks.append((workspace.lake.profiles.name, daily.snapshot))
    came = {name: _came(workspace, name, daily, now) for name in tables}
    nobody = pl.LazyFrame(schema={PERSON: pl.String})
    every = pl.concat([nobody, *(rows.select(PERSON) for rows in came.values())])
    people = every.drop_nulls().unique().collect(engine="streaming")[PERSON]
    if people.is_empty() and all(live.transaction(name) == end for name, end in marks):
        return 0
    version = live.version()
    rows = _refreshed(workspace, people, came, daily, now)
    rows = rows.with_columns(pl.lit(version + 1, pl.Int64).alias(STEP))
    live.append(rows, [*marks, (NOW, int(now.timestamp() * 1_000_000))], since=version)
    for day in live.partitions():
        if day < daily.day.isoformat():
            live.replace(rows.clear(), day)
    return rows.height


def live_profiles(workspace: Workspace, daily: Daily, people: pl.Series | None = None) -> pl.LazyFrame:
    """Everybody's profile, or that of some people, with what became known since it was built."""
    some = pl.lit(True) if people is None else pl.col(PERSON).is_in(people.implode())
    built, live = daily.scan(workspace).filter(some), workspace.lake.live_profiles
    if not live.exists():
        return built
    return overlaid(built, live.scan().filter(some, as_of=daily.day, **{BASE: daily.snapshot}))


def _followed(workspace: Workspace) -> Iterator[str]:
    """The datasets that make up a profile, as far as they have rows."""
    for name in (*workspace.policy.events, *workspace.policy.attributes):
        if workspace.table(name).exists():
            yield name


def _came(workspace: Workspace, name: str, daily: Daily, now: datetime) -> pl.LazyFrame:
    """The rows of a dataset that came, or happened, since the last time, with whose each is.

    On top of daily profiles that are new, since these. What came before anything was ever refreshed, or
    longer ago than the lake can tell, is in the daily profiles.
    """
    table, live = workspace.table(name), workspace.lake.live_profiles
    rows, version = [table.scan().clear()], live.transaction(table.name)
    with suppress(SnapshotExpired, SnapshotUnknown):
        rows.append(between(table, version if version >= 0 else table.version()))
    if workspace.dataset(name).kind == "event":
        same = live.transaction(workspace.lake.profiles.name) == daily.snapshot
        before = datetime.fromtimestamp(live.transaction(NOW) / 1_000_000, UTC) if same else daily.midnight
        rows.append(table.scan().filter(pl.col("event_time").is_between(before, now, closed="left")))
    return people_of(workspace, name, rows=workspace.without_bots(name, pl.concat(rows)))


def _refreshed(
    workspace: Workspace, people: pl.Series, came: dict[str, pl.LazyFrame], daily: Daily, now: datetime
) -> pl.DataFrame:
    policy, events, records = workspace.policy, [], []
    for name, rows in came.items():
        theirs = rows_of(workspace, name, people, workspace.rows(name))
        if workspace.dataset(name).kind == "event":
            # Those that came may be late: of days before the daily profiles.
            events += [rows, theirs.filter(pl.col("event_time") >= daily.midnight)]
        if name in policy.attributes:
            records.append(attributes(workspace, name, theirs))
    before = live_profiles(workspace, daily, people).drop("identities", strict=False)
    found = refreshed(before, events, records, now, policy.merge)
    known = names(pl.LazyFrame({PERSON: people}), who(workspace, policy), naming(workspace))
    rows = found.join(known, on=PERSON, how="left").with_columns(
        as_of=pl.lit(daily.day), **{BASE: pl.lit(daily.snapshot, pl.Int64)}
    )
    return rows.sort(PERSON).collect(engine="streaming")
