"""Every row of every table of a lake, in a form that two lakes can be compared by."""

from pathlib import Path

import polars as pl

from perennial.lake.catalog import Lake
from perennial.signals.batches import Batches

CLOCKS = ["step", "at"]
"""Columns of a batch that tell how often it was tried and when, not what became of it."""


def lake_rows(root: Path) -> dict[str, pl.DataFrame]:
    """By the table's name; of batches, what each is now."""
    names = [log.parent.relative_to(root) for log in root.glob("*/*/_delta_log")]
    frames = {str(name): pl.read_delta(str(root / name)) for name in names}
    batches = Lake(str(root)).batches
    if batches.name in frames:
        frames[batches.name] = Batches(batches).current().drop(CLOCKS).collect()
    return {name: _sorted(frame) for name, frame in frames.items()}


def _sorted(frame: pl.DataFrame) -> pl.DataFrame:
    keys = [name for name, dtype in frame.schema.items() if not dtype.is_nested()]
    return frame.select(sorted(frame.columns)).sort(sorted(keys))
