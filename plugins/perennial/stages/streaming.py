"""What came since the last time, and time that passed, in; who entered and left which audience, out.

Only people are looked at of whom something is new, by the functions that evaluate everybody by day, over all
events of theirs. So both agree, whatever the definition and however long its windows. The lake is the memory:
how far it was read is committed together with what changed.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta

import polars as pl

from perennial.audiences.definition import Audience
from perennial.audiences.evaluation import in_order, matched
from perennial.audiences.soundness import WRONG, failures
from perennial.audiences.standing import moved, standing
from perennial.audiences.stream import streamed
from perennial.errors import TerminalError
from perennial.lake.audiences import LIVE_EVALUATIONS, STANDINGS
from perennial.lake.tables import ConcurrentCommit
from perennial.stages.due import NOW, Watch
from perennial.stages.live_profiles import refresh_profiles
from perennial.stages.profiles import newest
from perennial.stages.workspace import Workspace

ATTEMPTS = 5


def qualify(workspace: Workspace, now: datetime) -> pl.DataFrame:
    """Bring the members of all streamed audiences up to a moment.

    Returns (audience, size, entered, exited) of each. Profiles are refreshed first. Of two runs at once, the
    slower one looks again. Raises `TerminalError` at the end, if an audience asks to be evaluated as events
    come and cannot.
    """
    able, refused = streamed(workspace.audiences, workspace.consents)
    now = min(now, end_of_data(workspace) or now)
    for attempt in range(ATTEMPTS):
        try:
            refresh_profiles(workspace, now)
            evaluated = _qualified(workspace, able, now, refused)
            break
        except ConcurrentCommit:
            if attempt == ATTEMPTS - 1:
                raise
    if refused:
        raise TerminalError("cannot be evaluated as events come: " + "; ".join(dict.fromkeys(refused)))
    return evaluated.select("audience", "size", "entered", "exited").sort("audience")


def end_of_data(workspace: Workspace) -> datetime | None:
    """When all feeds of events end, if their documents say so of each: there is no time after that."""
    events = [each.source for each in workspace.datasets.values() if each.kind == "event"]
    last = [source.last_day for source in events if source.stream or source.daily]
    days = [day for day in last if day is not None]
    if not days or len(days) < len(last):
        return None
    return datetime.combine(max(days) + timedelta(days=1), time(), UTC)


def until(workspace: Workspace) -> datetime | None:
    """The moment that audiences were last brought up to; None before the first time."""
    micros = workspace.lake.live_membership.transaction(NOW)
    return None if micros < 0 else datetime.fromtimestamp(micros / 1_000_000, UTC)


def sizes(workspace: Workspace) -> pl.DataFrame:
    """How large each audience is, and since when, as events come: as `LIVE_EVALUATIONS`."""
    lake = workspace.lake
    # Those of a run that was killed before its commit have never held.
    rows = lake.live_evaluations.scan().filter(pl.col("step") <= lake.live_membership.version())
    return rows.sort("step").unique("audience", keep="last").collect()


def _qualified(
    workspace: Workspace, audiences: Mapping[str, Audience], now: datetime, refused: list[str]
) -> pl.DataFrame:
    """Find and commit what changed. Audiences whose rules do not fit join the `refused`."""
    daily, log = newest(workspace), workspace.lake.live_membership
    if daily is None or not audiences:
        return pl.DataFrame(schema=LIVE_EVALUATIONS)
    watch = Watch(workspace, audiences, daily, now)
    version, marks = log.version(), watch.marks
    if all(log.transaction(name) == mark for name, mark in marks):
        # As where the data has ended, and the clock with it.
        return sizes(workspace).with_columns(entered=pl.lit(0), exited=pl.lit(0))
    people = watch.due(log)
    profiles, events = watch.profiles(people), watch.events(people)
    consents = workspace.consents
    try:
        order = in_order(audiences, consents)
        found = matched(profiles, events, order, consents, now).collect(engine="streaming")
    except WRONG:
        wrong = failures(profiles, events, audiences, consents, now)
        if not wrong:
            raise
        refused.extend(wrong.values())
        sound = {name: each for name, each in audiences.items() if name not in wrong}
        return _qualified(workspace, sound, now, refused)
    step = {"at": pl.lit(now, STANDINGS["at"]), "step": pl.lit(version + 1, pl.Int64)}
    rows = moved(standing(log, people), found, [each.name for each in order]).with_columns(**step)
    evaluated = _evaluated(workspace, audiences, rows, found if people is None else None)
    evaluated = evaluated.with_columns(profiles=pl.lit(daily.snapshot, pl.Int64), **step)
    said = evaluated.select(LIVE_EVALUATIONS.names())
    if people is not None:
        said = said.filter((pl.col("entered") > 0) | (pl.col("exited") > 0))
    # A run that was killed before the commit may have left its own.
    workspace.lake.live_evaluations.replace_where(said, "step", version + 1)
    log.append(rows.select(STANDINGS.names()).sort("person_id"), marks, since=version)
    return evaluated


def _evaluated(
    workspace: Workspace, audiences: Mapping[str, Audience], rows: pl.DataFrame, found: pl.DataFrame | None
) -> pl.DataFrame:
    """(audience, definition_hash, size, entered, exited); `found`: everybody, if everybody was looked at."""
    hashes = {name: each.definition_hash for name, each in audiences.items()}
    every = pl.DataFrame({"audience": [*hashes], "definition_hash": [*hashes.values()]})
    for how in ("entered", "exited"):
        counted = rows.select(audience=pl.col(how).explode()).drop_nulls().group_by("audience")
        every = every.join(counted.agg(pl.len().cast(pl.Int64).alias(how)), on="audience", how="left")
    every = every.with_columns(pl.col("entered", "exited").fill_null(0))
    if found is not None:
        return every.with_columns(size=pl.Series([found[name].sum() for name in hashes], dtype=pl.Int64))
    before = sizes(workspace).select("audience", before="size")
    size = pl.col("before").fill_null(0) + pl.col("entered") - pl.col("exited")
    return every.join(before, on="audience", how="left").with_columns(size=size)
