"""Deciles as of consecutive days in ranges, against as many single runs.

The events and the question are those of `benchmarks/deciles.py`. Days are computed as the Dag for past days
does: in ranges of at most 31, of each of which the first day is whole and the later ones are what changed,
and written as its tables are. Single runs are measured in turn with the ranges. Days in the middle and at the
end of some ranges, the last one among them, are read back and compared with the run from scratch.
"""

import shutil
import tempfile
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from common import Benchmark, Measured, measured, median
from customer_value import ours
from customer_value.events import SIZES, made
from customer_value.question import AS_OF

from perennial.value.history import LONGEST
from perennial.value.windows import days_between

DAYS = {"small": 31, "full": 365}
EVERY = 4
"""Of so many ranges one is compared with runs from scratch; and the last."""


def ranges(days: int) -> list[list[date]]:
    """The last days before `AS_OF`, and it, as they are computed together."""
    every = days_between(AS_OF - timedelta(days=days - 1), AS_OF)
    return [every[begin : begin + LONGEST] for begin in range(0, days, LONGEST)]


def run(benchmark: Benchmark) -> dict[str, Any]:
    """Compute ranges and single days in turn."""
    size = SIZES[benchmark.scale]
    if benchmark.scale == "small":
        size = replace(size, events=size.events // 2, customers=size.customers // 2)
    cache = Path(benchmark.options["data"] or Path(tempfile.gettempdir()) / "perennial-bench-events")
    events, days = made(size, cache), int(benchmark.options["days"] or DAYS[benchmark.scale])
    together: list[Measured] = []
    single: list[Measured] = []
    same = True
    with tempfile.TemporaryDirectory(prefix="perennial-bench-") as folder:
        range_, alone = Path(folder, "range"), Path(folder, "single")
        parts = ranges(days)
        for number, part in enumerate(parts):
            together.append(measured(ours.ours, events, range_, part))
            benchmark.say(f"{part[0]} to {part[-1]}: {together[-1]}")
            compared = {part[len(part) // 2], part[-1]}
            if number % EVERY and number < len(parts) - 1:
                compared = set()
            for day in sorted(compared):
                single.append(measured(ours.ours, events, alone, [day]))
                benchmark.say(f"{day} alone: {single[-1]}")
                same &= measured(_equal, range_, alone, day).result
                shutil.rmtree(alone)
            shutil.rmtree(range_)
    return {
        "events": size.events,
        "customers": size.customers,
        **_figures(days, together, single),
        "equal": same,
    }


def _figures(days: int, together: list[Measured], single: list[Measured]) -> dict[str, Any]:
    seconds, one = sum(each.seconds for each in together), median(each.seconds for each in single)
    cpu, one_cpu = sum(each.cpu_seconds for each in together), median(each.cpu_seconds for each in single)
    return {
        "days": days,
        "seconds": seconds,
        "cpu_seconds": cpu,
        "seconds_of_a_single_run": one,
        "fraction_of_single_runs": seconds / (days * one),
        "fraction_of_single_runs_by_cpu": cpu / (days * one_cpu),
        "rows_of_a_single_run": median(each.result for each in single),
        "rows_a_day": sum(each.result for each in together) / days,
        "peak_gb": max(each.peak_gb for each in together),
        "days_compared": len(single),
    }


def _equal(computed: Path, scratch: Path, day: date) -> bool:
    """Whether a day reads the same from both tables."""
    return ours.checksum(computed, day) == ours.checksum(scratch, day)


if __name__ == "__main__":
    Benchmark(
        str(__doc__),
        choices={
            "data": "folder in which the events are kept for the next run",
            "days": "how many days: 31 at small scale, 365 at full",
        },
    ).main(run)
