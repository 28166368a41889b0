"""Deciles of customers over six lookbacks, overall and by tier, against other engines and a compiled loop.

Three metrics are summed per customer over 1, 3, 6, 9 and 12 months and over everything, and ranked by
NTILE(10), ties by customer id. All engines read the same Parquet files (by month and customer bucket, sorted
by customer) and write sums and ranks of everybody to Parquet; each runs in a process of its own with two
threads, in turn:

- DuckDB, as one would write it: wide, `ntile` over conditional sums;
- DuckDB, as well as it can be asked: sums by bucket, borders of ranks selected instead of sorted;
- DataFusion, wide;
- Spark, by rows instead of columns, which is twice as fast there: `PERENNIAL_SPARK_PYTHON` names a Python
  that has `pyspark` and finds Java;
- the floor: a loop in C that knows the question by heart, and selections of borders by NumPy.

Equal are, for all that ran, counts and hashes of (customer, sum, decile) in each dimension value, lookback
and metric; at small scale also every value. `huge` runs ours alone, for its memory. Figures `..._by_cpu` are
of processor time, which other work on the machine changes less.
"""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, get_args

from common import Benchmark, Measured, measured, median
from customer_value import answers, duck, floor, fusion, ours
from customer_value.events import SIZES, Ids, Size, made

SPARK = "PERENNIAL_SPARK_PYTHON"
SPARK_MEMORY = "10g"


@dataclass
class Engine:
    """One way to answer, and what it took."""

    name: str
    answer: Callable[[Path], Measured]
    """Takes a folder to write to."""
    folder: str = "."
    """Below it, where the answer is."""
    key: str | None = None
    """The figure that compares it with ours."""
    rounds: int = 1
    runs: list[Measured] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return median(run.seconds for run in self.runs)

    @property
    def cpu_seconds(self) -> float:
        return median(run.cpu_seconds for run in self.runs)

    @property
    def peak_gb(self) -> float:
        return max(run.peak_gb for run in self.runs)


def engines(benchmark: Benchmark, events: Path, size: Size, work: Path) -> Iterator[Engine]:
    """All that can run on this machine, ours first."""
    rounds = 1 if benchmark.scale == "huge" else 2
    yield Engine(
        "ours", lambda out: measured(ours.ours, events, out), f"value/{ours.DEFINITION.name}", rounds=rounds
    )
    if benchmark.scale == "huge":
        reason = "at this size ours runs alone"
        for key in ("ratio_to_floor", "speedup_vs_duckdb_best", "speedup_vs_duckdb_natural", "equal"):
            benchmark.skip(key, reason)
        benchmark.skip("speedup_vs_datafusion", reason)
        benchmark.skip("speedup_vs_pyspark", reason)
        return
    if size.ids == "int64":
        try:
            library = floor.compiled(work)
            yield Engine(
                "floor",
                lambda out: measured(floor.floor, events, out, size.customers, library),
                key="ratio_to_floor",
                rounds=rounds,
            )
        except FileNotFoundError as error:
            benchmark.skip("ratio_to_floor", str(error))
        yield Engine(
            "duckdb_best",
            lambda out: measured(duck.best, events, out, size.customers),
            key="speedup_vs_duckdb_best",
            rounds=rounds,
        )
    else:
        for key in ("ratio_to_floor", "speedup_vs_duckdb_best"):
            benchmark.skip(key, "it is written for ids that are numbers")
    yield Engine(
        "duckdb_natural", lambda out: measured(duck.natural, events, out), key="speedup_vs_duckdb_natural"
    )
    yield Engine("datafusion", lambda out: measured(fusion.natural, events, out), key="speedup_vs_datafusion")
    if SPARK not in os.environ:
        benchmark.skip("speedup_vs_pyspark", f"{SPARK} names no Python that has pyspark")
    elif benchmark.scale == "small":
        benchmark.skip("speedup_vs_pyspark", "Spark takes half a minute at any size: --scale full")
    else:
        yield Engine("pyspark", lambda out: _spark(events, out), key="speedup_vs_pyspark")


def _spark(events: Path, out: Path) -> Measured:
    script = Path(__file__).parent / "customer_value" / "spark.py"
    asked = {
        "events": str(events),
        "out": str(out),
        "query": duck.long("events", "TIMESTAMP"),
        "memory": SPARK_MEMORY,
    }
    done = subprocess.run([os.environ[SPARK], script, json.dumps(asked)], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return Measured(None, **json.loads(done.stdout.splitlines()[-1]))


def run(benchmark: Benchmark) -> dict[str, Any]:
    """Measure in turn, and compare."""
    size = SIZES[benchmark.scale]
    if (ids := benchmark.options["ids"]) is not None:
        if ids not in get_args(Ids):
            raise SystemExit(f"--ids {ids}: expected one of {', '.join(get_args(Ids))}")
        size = replace(size, ids=ids)  # type: ignore[arg-type]
    cache = Path(benchmark.options["data"] or Path(tempfile.gettempdir()) / "perennial-bench-events")
    events = made(size, cache)
    with tempfile.TemporaryDirectory(prefix="perennial-bench-") as folder:
        work = Path(folder)
        every = list(engines(benchmark, events, size, work))
        if only := benchmark.options["only"]:
            for engine in [each for each in every if each.name not in only.split(",")]:
                every.remove(engine)
                benchmark.skip(str(engine.key), "left out by --only")
        same = _turns(benchmark, every, work)
    return _figures(size, every, same)


def _turns(benchmark: Benchmark, every: list[Engine], work: Path) -> bool:
    """Round by round; returns whether all answers were equal to the first one."""
    first: tuple[answers.Checksum, str | None] | None = None
    same = True
    for number in range(max(engine.rounds for engine in every)):
        for engine in every:
            if number >= engine.rounds:
                continue
            out = work / engine.name
            out.mkdir()
            engine.runs.append(engine.answer(out))
            benchmark.say(f"{engine.name}: {engine.runs[-1]}")
            if number == 0:
                answer = out / engine.folder
                # In a process of its own: the memory of this one is to stay small.
                found = measured(answers.said, answer, benchmark.scale == "small").result
                if first is None:
                    first = found
                elif found != first:
                    benchmark.say(f"{engine.name}: another answer than {every[0].name}")
                    same = False
            shutil.rmtree(out)
    return same and len(every) > 1


def _figures(size: Size, every: list[Engine], same: bool) -> dict[str, Any]:
    own = every[0]
    figures: dict[str, Any] = {
        "events": size.events,
        "customers": size.customers,
        "ids": size.ids,
        "seconds": own.seconds,
        "cpu_seconds": own.cpu_seconds,
        "peak_gb": own.peak_gb,
        "rows_written": own.runs[0].result,
    }
    for engine in every[1:]:
        ratio = own.seconds / engine.seconds
        # Other work on the machine lengthens processor time less than time.
        cpu_ratio = own.cpu_seconds / engine.cpu_seconds
        inverse = str(engine.key).startswith("speedup")
        figures[str(engine.key)] = 1 / ratio if inverse else ratio
        figures[f"{engine.key}_by_cpu"] = 1 / cpu_ratio if inverse else cpu_ratio
    peers = [
        {"engine": e.name, "seconds": e.seconds, "cpu_seconds": e.cpu_seconds, "peak_gb": e.peak_gb}
        for e in every[1:]
    ]
    return {**figures, "peers": peers, "equal": same}


if __name__ == "__main__":
    Benchmark(
        str(__doc__),
        scales=("small", "full", "huge"),
        choices={
            "data": "folder in which the events are kept for the next run",
            "ids": "customer ids: int64 (the default) or string",
            "only": "engines to run, by name, separated by commas; ours is the first",
        },
    ).main(run)
