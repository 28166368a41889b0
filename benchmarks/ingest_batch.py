"""Batch ingestion against a bare scan and sink of the same file.

The file has eight columns: ids, times, money, texts, with 1 % of rows that break a rule and 1 % that repeat
earlier ones. The peer is `pl.scan_csv(file).sink_parquet(...)`: it reads, infers types and writes, and checks
nothing. Ours reads, types and validates each row, sets bad ones aside with their reasons, leaves out what the
table knows already (there is a history of as many rows), writes by day, and commits. Both run in processes of
their own, in turn.
"""

import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from common import Benchmark, Measured, measured, median

from perennial.lake.catalog import Lake
from perennial.signals.dataset import Dataset
from perennial.signals.ingest import BatchReport, ingest
from perennial.signals.intake import Intake

ORDERS = Dataset.model_validate(
    {
        "name": "orders",
        "title": "Orders",
        "kind": "event",
        "source": {"daily": "{day}.csv"},
        "key": ["order_id"],
        "columns": {
            "order_id": {"type": "string", "required": True},
            "event_time": {"type": "timestamp", "required": True},
            "customer": {"type": "string", "required": True, "pattern": "^c[0-9]+$"},
            "amount": {"type": "decimal", "required": True, "min": 0, "max": 100_000},
            "pieces": {"type": "integer", "min": 1},
            "channel": {"type": "string", "enum": ["shop", "web"]},
            "gift": {"type": "boolean"},
            "product": {"type": "string"},
        },
    }
)
HISTORY, DAY = date(2017, 1, 1), date(2017, 12, 25)
DAYS = 30
PIECE = 1_000_000


def deliver(folder: Path, day: date, first: int, rows: int, *, dirty: bool) -> None:
    """Write a day's file; ids are numbered from `first` on, in random order."""
    dice = np.random.default_rng(first)
    with (folder / f"{day}.csv").open("wb") as file:
        for begin in range(0, rows, PIECE):
            piece = _piece(dice, first + begin, min(PIECE, rows - begin), dirty=dirty)
            piece.write_csv(file, include_header=begin == 0)


def _piece(dice: np.random.Generator, first: int, rows: int, *, dirty: bool) -> pl.DataFrame:
    ids = dice.permutation(rows) + first
    if dirty:
        ids[::100] = ids[1::100][: len(ids[::100])]
    cents = pl.Series(dice.integers(1, 1_000_000, rows))
    frame = pl.DataFrame(
        {
            "order_id": ids + 10**9,
            "event_time": dice.integers(0, DAYS * 86_400, rows) + 1_512_086_400,
            "customer": dice.integers(0, 500_000, rows),
            "cents": cents,
            "pieces": dice.integers(1, 9, rows),
            "channel": dice.integers(0, 2, rows),
            "gift": dice.integers(0, 2, rows).astype(bool),
            "product": dice.integers(0, 50_000, rows),
        }
    )
    bad = pl.int_range(pl.len()) % 100 == 50 if dirty else pl.lit(False)
    return frame.select(
        pl.col("order_id").cast(pl.String),
        event_time=(pl.col("event_time") * 1_000_000)
        .cast(pl.Datetime("us"))
        .dt.strftime("%Y-%m-%d %H:%M:%S"),
        customer="c" + pl.col("customer").cast(pl.String),
        amount=(pl.col("cents").cast(pl.Decimal(12, 2)) / 100).cast(pl.Decimal(12, 2)),
        pieces=pl.when(bad).then(pl.lit(0, pl.Int64)).otherwise("pieces"),
        channel=pl.when(pl.col("channel") == 0).then(pl.lit("shop")).otherwise(pl.lit("web")),
        gift="gift",
        product="p" + pl.col("product").cast(pl.String),
    )


def bare(folder: Path) -> None:
    """The peer."""
    pl.scan_csv(folder / f"{DAY}.csv").sink_parquet(folder / "bare.parquet")


def ours(folder: Path, day: date) -> BatchReport:
    """The batch of a day."""
    intake = Intake(Lake(str(folder / "lake")), folder / "index", datetime(2018, 1, 1, tzinfo=UTC))
    return ingest(intake, ORDERS, str(folder), day)


def run(benchmark: Benchmark) -> dict[str, Any]:
    """Measure, in turn."""
    rows, repeats = (20_000_000, 3) if benchmark.scale == "full" else (2_000_000, 3)
    folder = Path(tempfile.mkdtemp(prefix="perennial-bench-"))
    try:
        deliver(folder, HISTORY, 0, rows, dirty=False)
        deliver(folder, DAY, rows, rows, dirty=True)
        measured(ours, folder, HISTORY)
        (folder / "lake").rename(folder / "history")
        (folder / "index").rename(folder / "history-index")
        return _figures(list(_turns(benchmark, folder, repeats)), rows, folder)
    finally:
        shutil.rmtree(folder)


def _turns(benchmark: Benchmark, folder: Path, repeats: int) -> Iterator[tuple[Measured, Measured]]:
    for _ in range(repeats):
        for name in ("lake", "index"):
            shutil.rmtree(folder / name, ignore_errors=True)
        shutil.copytree(folder / "history", folder / "lake")
        # The index knows its table by where it lies: it is built once, before the clock runs.
        measured(_index, folder)
        peer = measured(bare, folder)
        own = measured(ours, folder, DAY)
        benchmark.say(f"bare {peer.seconds:.2f} s, ours {own.seconds:.2f} s")
        yield peer, own


def _index(folder: Path) -> None:
    Intake(Lake(str(folder / "lake")), folder / "index", datetime(2018, 1, 1, tzinfo=UTC)).landing(
        ORDERS, "x"
    )


def _figures(turns: list[tuple[Measured, Measured]], rows: int, folder: Path) -> dict[str, Any]:
    table = Lake(str(folder / "lake")).events("orders").scan()
    day = table.filter(batch=f"orders-{DAY}").select(pl.len(), pl.col("amount").sum()).collect().row(0)
    # The same question to the source, by other means: which rows are good, and each once.
    source = pl.scan_csv(folder / f"{DAY}.csv", schema_overrides={"amount": pl.Decimal(18, 2)})
    good = source.filter(pl.col("pieces") > 0).unique("order_id", keep="first", maintain_order=True)
    expected = good.select(pl.len(), pl.col("amount").sum()).collect().row(0)
    seconds = median(own.seconds for _, own in turns)
    return {
        "rows": rows,
        "rows_per_s": rows / seconds,
        "seconds": seconds,
        "bare_seconds": median(peer.seconds for peer, _ in turns),
        "ratio_to_bare": median(own.seconds / peer.seconds for peer, own in turns),
        "peak_gb": max(own.peak_gb for _, own in turns),
        "bare_peak_gb": max(peer.peak_gb for peer, _ in turns),
        "set_aside": turns[0][1].result.failed,
        "repeated": turns[0][1].result.duplicate,
        "equal": day == expected,
    }


if __name__ == "__main__":
    Benchmark(__doc__).main(run)
