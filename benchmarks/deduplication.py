"""What it costs to know whether an event came before, as the history grows.

Histories of growing length are made (random ids, as UUIDs are), and onto each the same batch lands: half of
its events are new, half are spread over the whole history. The peer is what one would write without an index:
an anti-join of the batch with the event ids of the table, by Polars' streaming engine, on the same table.
"""

import shutil
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from common import Benchmark, median

from perennial.lake import files
from perennial.lake.tables import Table
from perennial.signals.batch_files import BatchFiles
from perennial.signals.dataset import Dataset
from perennial.signals.events import EventLanding
from perennial.signals.index import EventIndex

CLICKS = Dataset.model_validate(
    {
        "name": "clicks",
        "title": "Clicks",
        "kind": "event",
        "source": {"daily": "x"},
        "key": ["click"],
        "columns": {
            "event_time": {"type": "timestamp", "required": True},
            "click": {"type": "string", "required": True},
        },
    }
)
START = datetime(2017, 1, 1, tzinfo=UTC)
PIECE = 2_000_000
REPEATS = 3


def clicks(first: int, count: int) -> pl.DataFrame:
    """Events numbered from `first` on; their ids look random, and are the same whenever they are made."""
    numbers = pl.Series(np.arange(first, first + count, dtype=np.uint64))
    frame = pl.DataFrame({"number": numbers, "click": numbers.hash(7).cast(pl.String)})
    seconds = (pl.col("number") % (365 * 86_400)).cast(pl.Int64)
    time = (pl.lit(START) + pl.duration(seconds=seconds)).cast(pl.Datetime("us", "UTC"))
    return frame.select(event_time=time, click="click")


def grow(table: Table, index: EventIndex, have: int, want: int) -> None:
    """Let the history reach `want` events; a day's partition each, so that the files are few."""
    for first in range(have, want, PIECE):
        batch = f"history-{first}"
        rows = clicks(first, min(PIECE, want - first))
        day = START.date() + timedelta(days=first // PIECE)
        landing = EventLanding(CLICKS, batch, BatchFiles(table, batch), index)
        landing.take(rows.with_columns(event_time=pl.lit(datetime(day.year, day.month, day.day, tzinfo=UTC))))
        landing.promote()


def ours(table: Table, index: EventIndex, batch: pl.DataFrame, name: str) -> tuple[float, int]:
    """Seconds until the batch is in the table, and the events that were new."""
    begun = time.monotonic()
    landing = EventLanding(CLICKS, name, BatchFiles(table, name), index)
    landing.take(batch)
    landing.promote()
    return time.monotonic() - begun, landing.accepted


def peer(table: Table, batch: pl.DataFrame) -> tuple[float, int]:
    """Seconds for the same by a scan of all ids; the rows are written, and not committed."""
    begun = time.monotonic()
    known = table.scan().select("click")
    fresh = batch.lazy().join(known, on="click", how="anti").collect(engine="streaming")
    rows = fresh.with_columns(batch=pl.lit("peer"), event_id="click", event_date=pl.lit(date(2018, 1, 1)))
    files.discard(table, files.write(table, rows))
    return time.monotonic() - begun, fresh.height


def run(benchmark: Benchmark) -> dict[str, Any]:
    """Measure at each length of history."""
    full = benchmark.scale == "full"
    lengths = [1_000_000, 10_000_000, 100_000_000] if full else [100_000, 1_000_000, 5_000_000]
    size = 100_000 if full else 20_000
    folder = Path(tempfile.mkdtemp(prefix="perennial-bench-"))
    table = Table(str(folder / "lake"), "events/clicks", partition="event_date")
    index = EventIndex(folder / "index", table)
    rows, have, fresh_from, equal = [], 0, 10**12, True
    try:
        for length in lengths:
            grow(table, index, have, length)
            have = length
            times: dict[str, list[float]] = {"ours": [], "peer": []}
            for _ in range(REPEATS):
                known = (
                    clicks(0, length)[:: max(1, length // (size // 2))]
                    if length < 10**7
                    else _sample(length, size)
                )
                batch = pl.concat([clicks(fresh_from, size // 2), known.head(size // 2)])
                fresh_from += size
                seconds, found = peer(table, batch)
                times["peer"].append(seconds)
                seconds, accepted = ours(table, index, batch, f"batch-{fresh_from}")
                times["ours"].append(seconds)
                equal &= found == accepted == size // 2
            rows.append({"history": length, "ours_s": median(times["ours"]), "scan_s": median(times["peer"])})
            benchmark.say(
                f"{length:>11,} events: {rows[-1]['ours_s']:.3f} s, by a scan {rows[-1]['scan_s']:.3f} s"
            )
    finally:
        shutil.rmtree(folder)
    return {
        "batch_rows": size,
        "by_history": rows,
        "growth_of_cost": rows[-1]["ours_s"] / rows[0]["ours_s"],
        "growth_of_history": lengths[-1] / lengths[0],
        "speedup_vs_scan": rows[-1]["scan_s"] / rows[-1]["ours_s"],
        "equal": equal,
    }


def _sample(length: int, size: int) -> pl.DataFrame:
    """Events from all over a long history."""
    step = length // 50
    return pl.concat([clicks(first, size // 100) for first in range(0, length, step)])


if __name__ == "__main__":
    Benchmark(__doc__).main(run)
