"""Events in; values and ranks of all customers, as of a day or of many, out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from uuid import uuid4

import polars as pl

from perennial.lake import files
from perennial.lake.changes import removed
from perennial.lake.files import DataFile
from perennial.lake.history import SnapshotExpired, SnapshotUnknown
from perennial.lake.spark.cluster import Cluster
from perennial.stages import value_spark
from perennial.stages.workspace import Workspace
from perennial.value.days import changes
from perennial.value.deciles import KEYS
from perennial.value.definition import OVERALL, ValueDefinition
from perennial.value.history import LONGEST, History, ValueMissing
from perennial.value.ledger import Ledger
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


def refresh_ledgers(workspace: Workspace) -> dict[str, int | None]:
    """Take what came, or came late, into the ledgers; returns how many days changed, None for all."""
    counts: dict[str, int | None] = {}
    for name, definition in workspace.value.items():
        dataset = definition.dataset
        lookups = {d.lookup: (workspace.table(d.lookup), partial(workspace.rows, d.lookup))
                   for d in definition.dimensions.values() if d.lookup}  # fmt: skip

        def events(days: Sequence[date] | None, dataset: str = dataset) -> pl.LazyFrame:
            rows = workspace.purchases(dataset)
            if days is None or workspace.table(dataset).partition is None:
                return rows
            return rows.filter(pl.col("event_date").is_in(list(days)))

        def also(days: list[date], since: int, dataset: str = dataset) -> list[date]:
            return _counted_with(workspace, dataset, days, since)

        if definition.engine == "spark":
            counts[name] = len(value_spark.refresh(workspace, definition, also))
            continue
        touched = ledger(workspace, name).refresh(
            workspace.table(dataset), events, lookups, workspace.lake.value_late, also
        )
        counts[name] = None if touched is None else len(touched)
    return counts


def plan(workspace: Workspace, first: date, last: date, *, only_stale: bool = False) -> list[Range]:
    """The days from the first to the last, in ranges that are computed together.

    With `only_stale`, those that late events touched, or that the documents no longer describe.
    """
    wanted = set(days_between(first, last))
    if only_stale:
        stale = [day for name in workspace.value for day in history(workspace, name).stale()]
        wanted &= set(stale)
    ranges: list[Range] = []
    for day in sorted(wanted):
        if ranges and ranges[-1].last == day - timedelta(days=1) and (day - ranges[-1].first).days < LONGEST:
            ranges[-1] = Range(ranges[-1].first, day)
        else:
            ranges.append(Range(day, day))
    return ranges


def history(workspace: Workspace, name: str) -> History:
    """The computed days of a value document."""
    lake = workspace.lake
    return History(lake.value(name), lake.value_days, lake.value_late, workspace.value[name])


def ledger(workspace: Workspace, name: str) -> Ledger:
    """The ledger of a value document."""
    definition = workspace.value[name]
    once = workspace.dataset(definition.dataset).once
    rules = " ".join(rule.model_dump_json() for rule in once)
    return Ledger(workspace.lake.ledger(name), definition, rules)


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
    found = entries.found(workspace.purchases(definition.dataset))
    continued = past.continues(days[0]) if len(days) == 1 else None
    chunk = continued or f"{days[0]}.{uuid4().hex[:8]}"
    recording = Recording(chunk, scales(definition, found), _before(past, days))
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


def _before(past: History, days: list[date]) -> dict[date, Standings]:
    """The overall ranks of the days that these are compared with, as far as they were computed."""
    found: dict[date, Standings] = {}
    for since in {month_before(day) for day in days if month_before(day) < days[0]}:
        try:
            rows = past.read(since).filter(pl.col("dimension") == OVERALL).collect()
        except ValueMissing:
            continue
        ranks = [name for name in rows.columns if name.endswith("_decile")]
        found[since] = {
            (str(lookback), name.removesuffix("_decile")): part.select("person_id", decile=name)
            for (lookback,), part in rows.partition_by("lookback", as_dict=True).items()
            for name in ranks
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


def _counted_with(workspace: Workspace, dataset: str, days: list[date], since: int) -> list[date]:
    """Further days whose events count, or not, by what came or went on these: see `once`."""
    document, table = workspace.dataset(dataset), workspace.table(dataset)
    found: set[date] = set()
    for rule in document.once:
        key = [rule.per, rule.key]
        keys = [table.scan().filter(pl.col("event_date").is_in(days)).select(key)]
        try:
            keys.append(removed(table, since).select(key))
        except (SnapshotExpired, SnapshotUnknown):
            return list(table.scan().select(pl.col("event_date").unique()).collect()["event_date"])
        hit = table.scan().join(pl.concat(keys).drop_nulls().unique(), on=key, how="semi")
        found |= set(hit.select(pl.col("event_date").unique()).collect()["event_date"])
    return sorted(found)
