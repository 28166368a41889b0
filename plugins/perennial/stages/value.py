"""Events in; values and ranks of all customers, as of a day or of many, out."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import uuid4

import polars as pl

from perennial.lake import files
from perennial.lake.files import DataFile
from perennial.lake.spark.cluster import Cluster
from perennial.stages import value_spark
from perennial.stages.value_ledgers import ledger, refresh_ledgers
from perennial.stages.whose import customers
from perennial.stages.workspace import Workspace
from perennial.value.days import changes
from perennial.value.deciles import KEYS, ranked_metrics
from perennial.value.definition import OVERALL, ValueDefinition
from perennial.value.history import LONGEST, History, ValueMissing
from perennial.value.money import scales
from perennial.value.recording import MOVEMENT, Recording, Standings, month_before
from perennial.value.standing import SUMMARY
from perennial.value.windows import days_between

Spark = Callable[[], Cluster]
BY_DECILE = {"as_of": pl.Date(), "dimension": pl.String(), "lookback": pl.String(), **SUMMARY}


@dataclass(frozen=True)
class Range:
    """Days that are computed together."""

    first: date
    last: date


def compute_value(workspace: Workspace, as_of: date, spark: Spark = value_spark.no_cluster) -> dict[str, int]:
    """Rank all customers by every value document; returns how many rows changed since the day before.

    A day that was computed from the same entries, by the same document, is left as it is. `spark` gives where
    documents with `engine: spark` are computed.
    """
    refresh_ledgers(workspace)
    stale = [name for name in workspace.value if not history(workspace, name).is_current(as_of)]
    return dict.fromkeys(workspace.value, 0) | {name: _run(workspace, name, [as_of], spark) for name in stale}


def compute_days(workspace: Workspace, days: Range, spark: Spark = value_spark.no_cluster) -> dict[str, int]:
    """Rank all customers as of consecutive days; returns how many rows changed in all."""
    every = days_between(days.first, days.last)
    return {name: _run(workspace, name, every, spark) for name in workspace.value}


def plan(workspace: Workspace, first: date, last: date, *, only_stale: bool = False) -> list[Range]:
    """The days from the first to the last, in ranges that are computed together.

    With `only_stale`, those that late events touched, or that the documents no longer describe.
    """
    wanted = set(days_between(first, last))
    return in_ranges(wanted & stale_days(workspace) if only_stale else wanted)


def stale_days(workspace: Workspace) -> set[date]:
    """The computed days of all value documents that would be others now."""
    return {day for name in workspace.value for day in history(workspace, name).stale()}


def in_ranges(days: Collection[date]) -> list[Range]:
    """Days, in order, as ranges of consecutive ones that are computed together."""
    ranges: list[Range] = []
    for day in sorted(days):
        if ranges and ranges[-1].last == day - timedelta(days=1) and (day - ranges[-1].first).days < LONGEST:
            ranges[-1] = Range(ranges[-1].first, day)
        else:
            ranges.append(Range(day, day))
    return ranges


def history(workspace: Workspace, name: str) -> History:
    """The computed days of a value document."""
    lake = workspace.lake
    return History(lake.value(name), lake.value_days, lake.value_late, workspace.value[name])


def _run(workspace: Workspace, name: str, days: list[date], spark: Spark) -> int:
    definition = workspace.value[name]
    if definition.engine == "polars":
        return _compute(workspace, definition, days)
    cluster, past = spark(), history(workspace, name)
    return sum(value_spark.compute(workspace, past, day, cluster) for day in days)


def _compute(workspace: Workspace, definition: ValueDefinition, days: list[date]) -> int:
    name = definition.name
    entries, past = ledger(workspace, name), history(workspace, name)
    if not entries.is_made():
        raise ValueMissing(f"value {name} has no ledger, or one of another document: refresh it first")
    version, since = entries.table.version(), past.begin()
    found = entries.found(customers(workspace, definition.dataset, definition.identity))
    continued = past.continues(days[0]) if len(days) == 1 else None
    chunk = continued or f"{days[0]}.{uuid4().hex[:8]}"
    before = _before(past, ranked_metrics(definition, found), days)
    recording = Recording(chunk, scales(definition, found), before)
    written: list[DataFile] = []
    whole: list[pl.DataFrame] = []
    for each in changes(entries, definition, found, days):
        recording.take(each)
        rows = recording.rows(each)
        if continued is None:
            written += past.write(rows)
        else:
            whole += rows
    if continued is None:
        written += past.write(recording.rest())
    else:
        whole += recording.rest()
        changed = _changed(whole, past.read(days[0] - timedelta(days=1)), chunk, days[0])
        recording.counts[days[0]] = changed.height
        written += past.write([changed])
    _summarise(workspace, name, recording, days)
    computed = [
        {"as_of": day, "chunk": chunk, "whole": continued is None and day == days[0],
         "rows": recording.counts.get(day, 0), "ledger": version}
        for day in days
    ]  # fmt: skip
    past.commit(
        written,
        pl.DataFrame(computed, schema_overrides={"ledger": pl.Int64, "rows": pl.Int64}),
        since,
        added=continued is not None,
    )
    return sum(recording.counts.values())


def _changed(whole: list[pl.DataFrame], before: pl.LazyFrame, chunk: str, day: date) -> pl.DataFrame:
    """The rows of a day that were others the day before, and nulls for those that are no more."""
    now = pl.concat(whole)
    values = [name for name in now.columns if name not in ("chunk", "as_of")]
    old = before.select(values).collect()
    fresh = now.join(old, on=values, how="anti", nulls_equal=True)
    gone = old.join(now, on=KEYS, how="anti").select(KEYS)
    gone = gone.with_columns(chunk=pl.lit(chunk), as_of=pl.lit(day))
    return pl.concat([fresh, gone], how="diagonal").select(now.columns)


def _before(past: History, metrics: list[str], days: list[date]) -> dict[date, Standings]:
    """The overall ranks of those days that these are compared with, if this document computed them."""
    definition = past.definition
    known = set(past.computed().filter(fingerprint=definition.fingerprint)["as_of"])
    found: dict[date, Standings] = {}
    for since in {month_before(day) for day in days if month_before(day) < days[0]} & known:
        rows = past.read(since).filter(pl.col("dimension") == OVERALL).collect()
        # Also those lookbacks in which nobody had a rank: who has one now came from none.
        found[since] = {
            (lookback, metric): rows.filter(lookback=lookback).select("person_id", decile=f"{metric}_decile")
            for lookback in definition.windows()
            for metric in metrics
        }
    return found


def _summarise(workspace: Workspace, name: str, recording: Recording, days: list[date]) -> None:
    keys = [day.isoformat() for day in days]
    summaries = pl.concat(
        [pl.DataFrame(schema=BY_DECILE), *(s.select(*BY_DECILE) for s in recording.summaries)]
    )
    files.replace(workspace.lake.value_by_decile(name), summaries, keys)
    movements = pl.concat([pl.DataFrame(schema=MOVEMENT), *recording.movements])
    files.replace(workspace.lake.value_movement(name), movements, keys)
