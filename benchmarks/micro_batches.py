"""What thousands of small commits cost, one by one and to read, and what compaction makes of them.

Micro-batches of a stream land one after the other, each in one commit with its position, as the stream's
landing makes them. The peer writes the same rows as plain Parquet files, without a log: no snapshots, no
atomic commit, no position. Then maintenance compacts the table, and both are read again.
"""

import shutil
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles
from typing import Any

import numpy as np
import polars as pl
from common import Benchmark, median

from perennial.lake import files
from perennial.lake.history import snapshots
from perennial.lake.maintenance import Policy, maintain
from perennial.lake.tables import Table
from perennial.signals.batch_files import BatchFiles

DAYS = 10
"""The commits are spread over so many days, one after the other."""
ROWS = 200
"""In a micro-batch."""
READS = 5
SLICES = 10
"""Of the commits, for which latencies are told apart."""
STREAM = "stream/bench/events/0"
START = datetime(2026, 1, 1, tzinfo=UTC)


def micro_batch(number: int, commits: int) -> pl.DataFrame:
    """The rows of one micro-batch: an event id, a time, a person and an amount each."""
    ids = np.arange(number * ROWS, (number + 1) * ROWS, dtype=np.uint64)
    day = START.date() + timedelta(days=number * DAYS // commits)
    frame = pl.DataFrame({"event_id": pl.Series(ids).hash(7).cast(pl.String), "number": ids})
    return frame.select(
        event_time=pl.lit(datetime(day.year, day.month, day.day, tzinfo=UTC)).cast(pl.Datetime("us", "UTC")),
        event_date=pl.lit(day),
        event_id="event_id",
        person=(pl.col("number") % 5000).cast(pl.String),
        amount=(pl.col("number") % 997).cast(pl.Int64),
        batch=pl.lit(f"stream-{number:08d}"),
    )


def land(table: Table, rows: pl.DataFrame, number: int) -> float:
    """Seconds to land a micro-batch."""
    begun = time.perf_counter()
    batch = BatchFiles(table, str(rows["batch"][0]))
    batch.write(rows)
    batch.promote(table.version(), ((STREAM, number),))
    return time.perf_counter() - begun


def write_plain(folder: Path, rows: pl.DataFrame, number: int) -> float:
    """Seconds to write the same rows as a file."""
    begun = time.perf_counter()
    target = folder / f"event_date={rows['event_date'][0]}" / f"{number:08d}.parquet"
    target.parent.mkdir(parents=True, exist_ok=True)
    rows.drop("event_date").write_parquet(target, compression="zstd", compression_level=1)
    return time.perf_counter() - begun


def reading(rows: Any) -> tuple[float, tuple[Any, ...]]:
    """The median of seconds to read all rows, or those of a day, into sums; and the sums."""
    seconds, found = [], ()
    for _ in range(READS):
        begun = time.perf_counter()
        sums = (
            rows().group_by("event_date").agg(pl.len(), pl.col("amount").sum(), pl.col("person").n_unique())
        )
        found = tuple(sums.collect(engine="streaming").sort("event_date").rows())
        seconds.append(time.perf_counter() - begun)
    return median(seconds), found


def run(benchmark: Benchmark) -> dict[str, Any]:
    """Land, read, compact, and read again."""
    commits = 10_000 if benchmark.scale == "full" else 500
    folder = Path(tempfile.mkdtemp(prefix="perennial-bench-"))
    table, plain = Table(str(folder / "lake"), "events/bench", partition="event_date"), folder / "plain"
    ours: list[float] = []
    peer: list[float] = []
    try:
        files.create(table, micro_batch(0, commits).schema)
        for number in range(commits):
            rows = micro_batch(number, commits)
            peer.append(write_plain(plain, rows, number))
            ours.append(land(table, rows, number))
            if (number + 1) % (commits // SLICES) == 0:
                p50, p95 = _percentiles(ours[-commits // SLICES :])
                benchmark.say(f"{number + 1:>6,} commits: p50 {p50:.1f} ms, p95 {p95:.1f} ms")
        result = _measured(table, plain, ours, peer, commits)
    finally:
        shutil.rmtree(folder)
    benchmark.say(
        f"files {result['files_before']:,} -> {result['files_after']:,} in {result['compaction_s']:.1f} s; "
        f"reading {result['read_before_s']:.3f} s -> {result['read_after_s']:.3f} s; "
        f"plain files {result['read_plain_s']:.3f} s"
    )
    return result


def _measured(
    table: Table, plain: Path, ours: list[float], peer: list[float], commits: int
) -> dict[str, Any]:
    before, sums_before = reading(table.scan)
    unlogged, sums_plain = reading(
        lambda: pl.scan_parquet(f"{plain}/**/*.parquet", hive_schema={"event_date": pl.Date})
    )
    begun = time.perf_counter()
    report = maintain(table, Policy())
    compaction = time.perf_counter() - begun
    after, sums_after = reading(table.scan)
    begun = time.perf_counter()
    readable = snapshots(table).height
    slices = [ours[n : n + commits // SLICES] for n in range(0, commits, commits // SLICES)]
    p50, p95 = _percentiles(ours)
    first, last = median(slices[0]), median(slices[-1])
    return {
        "commits": commits,
        "rows": commits * ROWS,
        "commit_p50_ms": p50,
        "commit_p95_ms": p95,
        "by_earlier_commits": [
            dict(zip(("p50_ms", "p95_ms"), _percentiles(each), strict=True)) for each in slices
        ],
        "growth": last / first,
        "ratio_to_plain_files": median(ours) / median(peer),
        "files_before": report.files_before,
        "files_after": report.files_after,
        "compaction_s": compaction,
        "read_before_s": before,
        "read_after_s": after,
        "read_plain_s": unlogged,
        "snapshots_readable": readable,
        "snapshots_listed_s": time.perf_counter() - begun,
        "equal": sums_before == sums_after == sums_plain,
    }


def _percentiles(seconds: list[float]) -> tuple[float, float]:
    """The median and the 95th percentile, in milliseconds."""
    cuts = quantiles(seconds, n=20)
    return cuts[9] * 1000, cuts[18] * 1000


if __name__ == "__main__":
    Benchmark(__doc__).main(run)
