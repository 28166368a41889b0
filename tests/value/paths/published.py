"""Tables that Adobe prints for its functions, as text in, as frames out."""

import re
from datetime import UTC, datetime
from typing import Any

import polars as pl

from perennial.value.paths.path import Path

PATH = Path("id", "timestamp", ties=("row",))
"""Published tables hold equal times: the lines stand in their order."""


def table(text: str) -> pl.DataFrame:
    """A printed table of one visitor: `timestamp`, other columns as text (null where blank), `id`, `row`."""
    lines = [line for line in text.strip().splitlines() if not set(line) <= set("-+| ")]
    header, *rows = ([cell.strip() or None for cell in line.split("|")] for line in lines)
    frame = pl.DataFrame(rows, schema=[str(name) for name in header], orient="row", infer_schema_length=None)
    return frame.with_columns(
        timestamp=pl.col("timestamp").str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_zone="UTC"),
        id=pl.lit("the only visitor"),
    ).with_row_index("row")


def session(text: str) -> dict[str, Any]:
    """(58,1,false,2) as the struct that it stands for."""
    seconds, number, is_new, depth = text.strip("()").split(",")
    return {
        "timestamp_diff": int(seconds),
        "num": int(number),
        "is_new": is_new == "true",
        "depth": int(depth),
    }


def touch(text: str) -> dict[str, Any]:
    """(Paid First,em:946426,2018-12-18 07:06:12.0,1.0) as the struct that it stands for."""
    name, value, timestamp, fraction = text.strip("()").split(",")
    moment = datetime.fromisoformat(re.sub(r"\.0$", "", timestamp)).replace(tzinfo=UTC)
    return {"name": name, "value": value, "timestamp": moment, "fraction": float(fraction)}
