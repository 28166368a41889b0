"""How many events in, Parquet files of them out: the same ones on every machine, made with little memory.

Customers are drawn by a power law whose head is cut: of five million, the busiest has a few thousand events
of a hundred million, the quietest four. Files lie by month and customer bucket, as the ledger's do, rows
sorted by customer and time.
"""

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl

FIRST = datetime(2024, 1, 1, tzinfo=UTC)
MONTHS = 24
TIERS = ["basic", "gold", "plus", "silver"]
METRICS = ["spend", "pieces", "points"]
SKEW = 0.8
"""Events of a customer fall with this power of their place among all."""
HEAD = 5_000
"""One customer in so many stands before the busiest that there is."""
PRIME = 2_654_435_761
Ids = Literal["int64", "string"]


@dataclass(frozen=True)
class Size:
    """A set of events, and how it lies."""

    events: int
    customers: int
    buckets: int
    ids: Ids = "int64"

    @property
    def name(self) -> str:
        """Of its folder."""
        return f"{self.events}-{self.customers}-{self.buckets}-{self.ids}"


SIZES = {
    "small": Size(2_000_000, 100_000, 2),
    "full": Size(100_000_000, 5_000_000, 25),
    "huge": Size(400_000_000, 5_000_000, 100),
}


def made(size: Size, cache: Path) -> Path:
    """The folder of the files `<month>/<bucket>.parquet`, which are written if they are not there."""
    folder = cache / size.name
    if not folder.exists():
        unfinished = cache / f".{size.name}"
        shutil.rmtree(unfinished, ignore_errors=True)
        for month in range(MONTHS):
            _month(size, month, unfinished)
        unfinished.rename(folder)
    return folder


def _month(size: Size, month: int, folder: Path) -> None:
    year, number = divmod(month, 12)
    begin = FIRST.replace(year=FIRST.year + year, month=number + 1)
    end = (begin + timedelta(days=31)).replace(day=1)
    rows = size.events * (month + 1) // MONTHS - size.events * month // MONTHS
    rng = np.random.default_rng([size.events, month])
    customers = _customers(rng, size.customers, rows)
    seconds = rng.integers(0, int((end - begin).total_seconds()), rows)
    order = np.lexsort((seconds, customers, customers % size.buckets))
    customers, seconds = customers[order], seconds[order]
    spend = np.exp(rng.normal(7.6, 0.9, rows)).astype(np.int64) + 1
    spend[rng.random(rows) < 0.03] *= -1
    frame = pl.DataFrame(
        {
            "customer": customers,
            "event_time": seconds * 1_000_000 + int(begin.timestamp()) * 1_000_000,
            "tier": pl.Series(rng.choice(4, rows, p=[0.5, 0.1, 0.15, 0.25]).astype(np.uint32)),
            "spend": spend,
            "pieces": rng.geometric(0.4, rows),
            "points": rng.integers(0, 100, rows) ** 2 // 20,
        }
    )
    named = frame.with_columns(
        pl.col("event_time").cast(pl.Datetime("us", "UTC")),
        pl.lit(pl.Series(TIERS)).gather("tier").alias("tier"),
    )
    bounds = np.searchsorted(customers % size.buckets, np.arange(size.buckets + 1))
    target = folder / f"{begin:%Y-%m}"
    target.mkdir(parents=True)
    for bucket in range(size.buckets):
        part = named[int(bounds[bucket]) : int(bounds[bucket + 1])]
        if size.ids == "string":
            part = part.with_columns(customer="p" + pl.col("customer").cast(pl.String).str.zfill(15))
        part.write_parquet(target / f"{bucket:03}.parquet", compression="lz4")


def _customers(rng: np.random.Generator, customers: int, rows: int) -> np.ndarray:
    """Whose events: the busy ones are spread over all ids."""
    least = (1 / HEAD) ** (1 - SKEW)
    drawn = (least + (1 - least) * rng.random(rows)) ** (1 / (1 - SKEW))
    place = ((drawn - 1 / HEAD) / (1 - 1 / HEAD) * customers).astype(np.int64)
    return np.minimum(place, customers - 1) * PRIME % customers
