"""How fast KPIs answer many readers at once, also while a refresh runs, and what a refresh of one day costs.

A lake with a year of people and audiences is refreshed into an embedded PostgreSQL: first the whole year
into an empty store, then single days that changed. Eight readers ask for all KPIs of the library, in any
order and without a pause, each with parameters of its own; then they do so while days are refreshed one after
the other. In the end the year is refreshed once more into an empty store: all tables must be equal.

Chromium draws a dashboard of twelve KPIs.

At full scale the largest fact, audiences by namespace, has five million rows.
"""

import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from common import Benchmark, measured, median
from psycopg import sql
from star_schema.page import chromium, drawn
from star_schema.readers import Milliseconds, asked
from star_schema.size import Size
from star_schema.year import change_day, made, refreshed

from perennial.local import databases
from perennial.local.ports import free_ports
from perennial.local.postgres import Server

SIZES = {"small": Size(people=300, audiences=40), "full": Size(people=20_000, audiences=2_000)}
SECONDS = {"small": 3.0, "full": 60.0}
READERS = 8
DAYS = 3
"""Single days that are refreshed to measure one."""


@contextmanager
def server() -> Iterator[Server]:
    """An embedded PostgreSQL with the product's roles."""
    folder = Path(tempfile.mkdtemp(prefix="perennial-bench-"))
    folder.chmod(0o755)
    found = Server(folder / "postgres", free_ports({"postgres": None})["postgres"], password="benchmark")
    try:
        found.start()
        databases.prepare_roles(found.conninfo(), databases.Passwords("owner", "reader"))
        yield found
    finally:
        found.stop()
        shutil.rmtree(folder, ignore_errors=True)


def store(running: Server, name: str) -> tuple[str, str]:
    """A fresh store: its owner's URL, and the reader's."""
    databases.prepare_store(running.conninfo(), name)
    owner = running.url(databases.OWNER, "owner", name)
    return owner, running.url(databases.READER, "reader", name)


def p95(milliseconds: list[float]) -> float:
    """The time that one answer in twenty takes longer than."""
    return sorted(milliseconds)[max(0, -(-len(milliseconds) * 95 // 100) - 1)]


def contents(url: str) -> dict[str, tuple[int, str]]:
    """Of every table the number of rows, and a digest of them all in order."""
    found = {}
    with psycopg.connect(url) as connection:
        names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'insights'").fetchall()
        for (name,) in sorted(names):
            # Of the log, the days of single refreshes are there in one of the stores alone.
            if name.startswith("adwh_") and "log" not in name:
                digest = sql.SQL("SELECT count(*), sum(hashtext(t::text)) FROM {} AS t")
                found[name] = connection.execute(digest.format(sql.Identifier("insights", name))).fetchone()
    return found


def run(benchmark: Benchmark) -> dict[str, Any]:
    """Build, change, ask."""
    size, seconds = SIZES[benchmark.scale], SECONDS[benchmark.scale]
    with tempfile.TemporaryDirectory(prefix="perennial-bench-") as root, server() as running:
        measured(made, root, size)
        owner, reader = store(running, "store")
        year = [measured(refreshed, owner, root, size, size.last).seconds]
        benchmark.say(f"a year: {year[0]:.1f} s")
        days = []
        for number in range(1, DAYS + 1):
            change_day(root, size, size.last, leave_out=number)
            days.append(measured(refreshed, owner, root, size, size.last).seconds)
            benchmark.say(f"a day: {days[-1]:.2f} s")
        with psycopg.connect(owner, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
        alone = measured(asked, reader, size, READERS, seconds).result
        during, refreshes = _while_refreshing(owner, reader, root, size, seconds)
        benchmark.say(f"{refreshes} refreshes while readers asked")
        page = measured(drawn, reader).result if chromium() else None
        again, _ = store(running, "again")
        year.append(measured(refreshed, again, root, size, size.last).seconds)
        one, other = contents(owner), contents(again)
    if page is None:
        benchmark.skip("dashboard_ms", "there is no Chromium")
    slow = {name: p95(found) for name, found in alone.items()}
    slow_during = {name: p95(found) for name, found in during.items()}
    slowest = sorted(slow, key=lambda name: -slow[name])
    mean = {name: sum(map(sum, found.values())) / sum(map(len, found.values())) for name, found in
            (("alone", alone), ("during", during))}  # fmt: skip
    return {
        "rows": max(rows for rows, _ in one.values()),
        "readers": READERS,
        "answers_per_s": sum(map(len, alone.values())) / (seconds * 0.85),
        "kpi_p95_ms": max(slow.values()),
        "kpi_p95_ms_during_refresh": max(slow_during.values()),
        "slowdown_during_refresh": mean["during"] / mean["alone"],
        "kpi_mean_ms": mean["alone"],
        "slowest": [{"kpi": name, "p95_ms": slow[name], "during": slow_during[name]} for name in slowest[:5]],
        "year_s": median(year),
        "day_s": median(days),
        "day_refresh_fraction_of_year": median(days) / median(year),
        "dashboard_ms": page,
        "equal": one == other,
    }


def _while_refreshing(
    owner: str, reader: str, root: str, size: Size, seconds: float
) -> tuple[Milliseconds, int]:
    """The same questions while days are refreshed one after the other; and how many were."""
    answers: list[Milliseconds] = []

    def ask() -> None:
        answers.append(measured(asked, reader, size, READERS, seconds).result)

    asking = threading.Thread(target=ask)
    asking.start()
    refreshes = 0
    while asking.is_alive():
        change_day(root, size, size.last, leave_out=DAYS + refreshes % 2)
        refreshed(owner, root, size, size.last)
        refreshes += 1
    asking.join()
    return answers[0], refreshes


if __name__ == "__main__":
    Benchmark(str(__doc__)).main(run)
