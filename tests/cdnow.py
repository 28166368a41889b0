"""CDNOW, as the wheel of `lifetimes` has it: the data of the papers."""

from importlib.util import find_spec
from pathlib import Path

import polars as pl
import pytest


def folder() -> Path:
    """Where the data files are; skips the test where the package is not installed."""
    found = find_spec("lifetimes")
    if found is None or not found.submodule_search_locations:
        pytest.skip("the package lifetimes, whose wheel holds CDNOW, is not installed")
    return Path(found.submodule_search_locations[0]) / "datasets"


def events() -> pl.DataFrame:
    """Every transaction of 2,357 customers in 18 months from 1997 on: person_id, event_time, amount."""
    lines = (folder() / "CDNOW_sample.txt").read_text().splitlines()
    rows = [line.split() for line in lines if line.strip()]
    columns = {"person_id": 1, "event_time": 2, "amount": 4}
    frame = pl.DataFrame({name: [row[place] for row in rows] for name, place in columns.items()})
    return frame.with_columns(
        pl.col("event_time").str.to_datetime("%Y%m%d", time_unit="us", time_zone="UTC"),
        pl.col("amount").cast(pl.Decimal(18, 2)),
    )
