"""An engine's Parquet files in; what they say, as something that can be compared, out."""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from .events import METRICS
from .question import STARTS

Checksum = dict[tuple[str, str, str, str], tuple[int, int]]
"""By (dimension, value, lookback, metric): how many customers, and a hash of all (customer, sum, decile)."""
ROWS = 500_000
KEYS = ["dimension", "dimension_value"]


def checksum(frames: Iterable[pl.DataFrame]) -> Checksum:
    """Of rows by lookback, in whatever order they are. Hashes are added up modulo 2^64."""
    found: dict[tuple[str, str, str, str], list[int]] = {}
    for frame in map(_same, frames):
        for (dimension, value, lookback), rows in frame.partition_by(
            *KEYS, "lookback", as_dict=True, include_key=False
        ).items():
            for metric in METRICS:
                known = rows.filter(pl.any_horizontal(pl.col(metric, f"{metric}_decile").is_not_null()))
                total = found.setdefault((dimension, value, lookback, metric), [0, 0])
                total[0] += known.height
                total[1] = (total[1] + _hashed(known, metric)) % (1 << 64)
    return {key: (count, hashed) for key, (count, hashed) in found.items() if count}


def said(folder: Path, fully: bool) -> tuple[Checksum, str | None]:
    """The checksum, and of small answers a digest of every value in one order."""
    return checksum(_frames(folder)), _digest(folder) if fully else None


def _digest(folder: Path) -> str:
    frame = pl.concat([_same(frame) for frame in _frames(folder)])
    known = frame.filter(pl.any_horizontal(pl.col(METRICS).is_not_null()))
    ordered = known.sort("customer", *KEYS, "lookback").rechunk()
    return sha256(ordered.write_csv().encode()).hexdigest()


def _frames(folder: Path) -> Iterator[pl.DataFrame]:
    """Rows by lookback: (customer, dimension, dimension_value, lookback, metrics and their deciles)."""
    for file in sorted(folder.rglob("*.parquet")):
        for batch in pq.ParquetFile(file).iter_batches(ROWS):
            frame = pl.DataFrame(batch)
            if "lookback" in frame.columns:
                yield frame
                continue
            for lookback in STARTS:
                named = [
                    pl.col(f"{m}_{lookback}{end}").alias(f"{m}{end}")
                    for m in METRICS
                    for end in ("", "_decile")
                ]
                yield frame.select("customer", *KEYS, *named, lookback=pl.lit(lookback))


def _same(frame: pl.DataFrame) -> pl.DataFrame:
    frame = frame.rename({"person_id": "customer"}, strict=False)
    deciles = [f"{metric}_decile" for metric in METRICS]
    types = dict.fromkeys(METRICS, pl.Int64) | dict.fromkeys(deciles, pl.Int16)
    if frame.schema["customer"] == pl.String:
        frame = frame.with_columns(pl.col("customer").str.slice(1).cast(pl.Int64))
    return frame.cast(types).select("customer", *KEYS, "lookback", *METRICS, *deciles)


def _hashed(rows: pl.DataFrame, metric: str) -> int:
    with np.errstate(over="ignore"):
        mixed = rows["customer"].to_numpy().astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        for name in (metric, f"{metric}_decile"):
            mixed ^= mixed >> np.uint64(31)
            mixed += rows[name].fill_null(0).cast(pl.Int64).to_numpy().view(np.uint64)
            mixed *= np.uint64(0xBF58476D1CE4E5B9)
        mixed ^= mixed >> np.uint64(29)
        return int((mixed * np.uint64(0x94D049BB133111EB)).sum(dtype=np.uint64))
