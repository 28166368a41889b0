"""Every row of every table of a lake, in a form that two lakes can be compared by."""

from pathlib import Path

import polars as pl

from perennial.lake.catalog import Lake
from perennial.lake.maintenance import tables
from perennial.lake.tables import Table
from perennial.signals.batches import Batches
from perennial.signals.expected import newest
from perennial.value.deciles import KEYS

CLOCKS = ["step", "at"]
"""Columns of a batch that tell how often it was tried and when, not what became of it."""
ATTEMPTS = ["chunk", "ledger", "step", "whole", "rows"]
"""Columns of a computed day that tell by which attempt it was computed, not what came of it."""
TRIES = ["at", "profiles", "seconds"]
"""Columns of an evaluation that tell when it was made, in what time, from which writing of the profiles."""

BOOKS = "days/"
"""Tables that tell by which run, and when, days were computed, not what came of it."""

LIVE = {"live/membership": "person_id", "live/profiles": "person_id", "live/evaluations": "audience"}
"""Tables to which every change of something is added, and what that is."""
STEPS = ["at", "step", "entered", "exited", "profiles", "snapshot"]
"""Columns of these that tell when it changed, and from what."""


def lake_rows(root: Path | str) -> dict[str, pl.DataFrame]:
    """By the table's name; of batches, what each is now; of value, what is read of each day."""
    lake = Lake(str(root))
    frames = {name: Table(lake.root, name).scan().collect() for name in tables(lake.root)}
    if lake.batches.name in frames:
        frames[lake.batches.name] = Batches(lake.batches).current().drop(CLOCKS).collect()
    if lake.expectations.name in frames:
        frames[lake.expectations.name] = newest(lake).drop("at").collect()
    if lake.value_days.name in frames:
        days = frames[lake.value_days.name].sort("step").unique(["definition", "as_of"], keep="last")
        for (name,), theirs in days.partition_by("definition", as_dict=True).items():
            frames[f"value/{name}"] = _read(frames[f"value/{name}"], theirs)
        frames[lake.value_days.name] = days.drop(ATTEMPTS)
    if lake.value_late.name in frames:
        frames[lake.value_late.name] = frames[lake.value_late.name].drop("ledger").unique()
    if lake.evaluations.name in frames:
        frames[lake.evaluations.name] = frames[lake.evaluations.name].drop(TRIES)
    for table, key in LIVE.items():
        if table in frames:
            frames[table] = _newest(frames[table], key)
    return {name: _sorted(frame) for name, frame in frames.items() if not name.startswith(BOOKS)}


def _newest(rows: pl.DataFrame, key: str) -> pl.DataFrame:
    """What holds now, by whatever steps it came about."""
    newest = rows.sort("step").unique(key, keep="last")
    if "audiences" in rows.columns:
        newest = newest.filter(pl.col("audiences").list.len() > 0)
    return newest.drop(STEPS, strict=False)


def _read(changes: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """How many rows are read of each day, and a sum of what is in them: as many rows would be too many."""
    found = []
    for day, chunk in days.select("as_of", "chunk").iter_rows():
        seen = changes.filter(pl.col("chunk") == chunk, pl.col("as_of") <= day).sort("as_of")
        rows = seen.unique(KEYS, keep="last").drop("chunk", "as_of")
        rows = rows.filter(pl.any_horizontal(pl.exclude(KEYS).is_not_null()))
        hashed = rows.select(sorted(rows.columns)).hash_rows().sum()
        found.append({"as_of": day, "rows": rows.height, "content": hashed})
    return pl.DataFrame(found)


def _sorted(frame: pl.DataFrame) -> pl.DataFrame:
    keys = [name for name, dtype in frame.schema.items() if not dtype.is_nested()]
    return frame.select(sorted(frame.columns)).sort(sorted(keys))
