"""Events in the lake in; values and ranks as of a day, computed on Spark and committed to the lake, out.

Spark keeps no ledger: it computes each day from the events, by the same definition as Polars. The ledger's
table only says what was seen of them, so that late events make days stale here, too.
"""

import json
from collections.abc import Callable
from datetime import date, timedelta
from hashlib import sha256
from uuid import uuid4

import narwhals as nw
import polars as pl

from perennial.lake import files
from perennial.lake.changes import touched
from perennial.lake.spark.cluster import Cluster, SparkError
from perennial.lake.spark.reading import scan, scan_files
from perennial.lake.spark.writing import write
from perennial.signals.once import once
from perennial.stages.workspace import Workspace
from perennial.value import spark
from perennial.value.deciles import KEYS, deciles, ranked_metrics
from perennial.value.definition import ValueDefinition
from perennial.value.entries import partials_of
from perennial.value.history import History
from perennial.value.money import as_money, scales
from perennial.value.recording import MOVEMENT, month_before
from perennial.value.windows import FIRST

Also = Callable[[list[date], int], list[date]]
"""Further days whose events count otherwise when those of some days changed since a snapshot."""


def no_cluster() -> Cluster:
    """Where nobody said what Spark to compute on."""
    raise SparkError("`engine: spark` takes a connection perennial_spark of Airflow, or say `engine: polars`")


def refresh(workspace: Workspace, definition: ValueDefinition, also: Also) -> list[date]:
    """Note which days' events, or what they look up, changed since the last time; returns these days."""
    seen, source = workspace.lake.ledger(definition.name), workspace.table(definition.dataset)
    if not seen.exists():
        files.create(seen, pl.Schema({"person_id": pl.String(), "part": pl.String()}))
    tables = {f"spark/{name}": workspace.table(name) for name in _datasets(definition)}
    snapshots = {name: table.version() for name, table in tables.items()}
    rules = " ".join(rule.model_dump_json() for rule in workspace.dataset(definition.dataset).once)
    snapshots["spark rules"] = int(sha256(rules.encode()).hexdigest()[:15], 16)
    before = {name: seen.transaction(name) for name in snapshots}
    if before == snapshots:
        return []
    since, days = seen.version(), set[date]()
    start = before[f"spark/{definition.dataset}"]
    if start >= 0:
        changed = {name for name, version in snapshots.items() if before[name] != version}
        if changed - {f"spark/{definition.dataset}"}:
            # Which rows look up something else, or count otherwise, is not told apart.
            days = {_day(key) for key in source.partitions()}
        else:
            days = {_day(key) for key in touched(source, start, fallback=True)}
            days |= set(also(sorted(days), start) if source.partition else [])
        if definition.time_zone != "UTC":
            days = {day + timedelta(days=n) for day in days - {FIRST} for n in (-1, 0, 1)} | (days & {FIRST})
        notes = {"definition": definition.name, "ledger": since + 1, "day": sorted(days)}
        # Before it is said what was seen: whoever is killed in between leaves a note too many.
        late = workspace.lake.value_late
        late.append(pl.DataFrame(notes, schema=late.schema))
    files.commit(seen, [], since, [*snapshots.items()])
    return sorted(days)


def compute(workspace: Workspace, past: History, as_of: date, cluster: Cluster) -> int:
    """Rank all customers as of a day; returns how many rows there are. A day on Spark is always whole."""
    definition, lake = past.definition, workspace.lake
    ledger, since = lake.ledger(definition.name).version(), past.begin()
    found = partials_of(nw.from_native(workspace.purchases(definition.dataset)), definition)
    decimals, chunk = scales(definition, found), f"{as_of}.{uuid4().hex[:8]}"
    past.prepare(_schema(workspace, definition, as_of, decimals))
    times = {partial.name for partial in found if partial.temporal}
    told = [name for name in ranked_metrics(definition, found) if name not in times]
    with cluster.session() as session:

        def rows(name: str) -> object:
            found = once(scan(session, cluster, workspace.table(name)), workspace.dataset(name))
            return found if workspace.dataset(name).kind == "event" else found.drop("event_time")

        records = {name: rows(name) for name in _datasets(definition)[1:]}
        ranked = deciles(rows(definition.dataset), definition, as_of, records)
        dated = [f"date '{as_of}' as as_of", *spark.money(decimals, ranked.columns)]
        written = write(ranked.selectExpr(*dated), cluster, past.table, chunk)
        try:
            summary, moved = spark.BY_DECILE.to_frame(), MOVEMENT.to_frame()
            if written:
                after = scan_files(session, cluster, past.table, [file.path for file in written])
                summary = spark.by_decile(session, after, told, as_of)
                known = past.computed().filter(as_of=month_before(as_of))
                if known.height:
                    earlier = scan(session, cluster, past.table, partition=known["chunk"][0])
                    ranks = ranked_metrics(definition, found)
                    moved = spark.movement(session, earlier, after, ranks, month_before(as_of), as_of)
        except BaseException:
            files.discard(past.table, written)
            raise
    files.replace(lake.value_by_decile(definition.name), summary, [as_of.isoformat()])
    files.replace(lake.value_movement(definition.name), moved, [as_of.isoformat()])
    height: int = sum(json.loads(file.statistics)["numRecords"] for file in written)
    day = {"as_of": [as_of], "chunk": [chunk], "whole": [True], "rows": [height], "ledger": [ledger]}
    past.commit(written, pl.DataFrame(day, schema_overrides={"rows": pl.Int64, "ledger": pl.Int64}), since)
    return height


def _datasets(definition: ValueDefinition) -> list[str]:
    """The events first, then what their dimensions look up."""
    lookups = {each.lookup: None for each in definition.dimensions.values() if each.lookup}
    return [definition.dataset, *(name for name in lookups if name != definition.dataset)]


def _day(partition: str) -> date:
    return date.fromisoformat(partition) if partition else FIRST


def _schema(
    workspace: Workspace, definition: ValueDefinition, as_of: date, decimals: dict[str, int]
) -> pl.Schema:
    """The columns that Polars would give, which are those of the table."""

    def empty(name: str) -> pl.LazyFrame:
        return pl.LazyFrame(schema=workspace.purchases(name).collect_schema())

    records = {name: empty(name) for name in _datasets(definition)[1:]}
    ranked = deciles(empty(definition.dataset), definition, as_of, records)
    schema = as_money(ranked, decimals).collect_schema()
    rest = {name: kind for name, kind in schema.items() if name not in KEYS}
    keys = {name: schema[name] for name in KEYS}
    return pl.Schema({"chunk": pl.String(), "as_of": pl.Date(), **keys, **rest})
