"""What a day of the round trip costs, stage by stage: ingestion to insights, each in a process of its own.

A shop's customers have twenty purchases a year. The first day finds an empty lake and a year of history; the
second is an ordinary day. There are a hundred audiences, the star schema lies in an embedded PostgreSQL.

The floor is DuckDB ranking everybody by spend over the same six windows, from the Parquet files as they came,
with nothing written: what a hand-written query would cost that answers the first question alone. As an answer
of another engine, how many of its ranks are ours is told beside.
"""

import tempfile
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
from common import Benchmark, Measured, measured
from insights import server, store
from whole_trip.shop import DAYS, WINDOWS, written

from perennial.identity.people import PERSON
from perennial.settings import Settings
from perennial.stages.audiences import evaluate_audiences
from perennial.stages.insights import refresh_insights
from perennial.stages.lifetime import fit_lifetime, score_lifetime
from perennial.stages.profiles import build_profiles
from perennial.stages.rfm import compute_rfm
from perennial.stages.signals import ingest_batch
from perennial.stages.stitching import stitch
from perennial.stages.value import compute_value, history
from perennial.stages.workspace import Workspace

CUSTOMERS = {"small": 10_000, "tenth": 100_000, "full": 1_000_000}
RULES = 100


def workspace(root: str) -> Workspace:
    """The shop's documents and lake."""
    here = Path(root)
    return Workspace(Settings(here / "include", f"{root}/lake", f"{root}/landing", here / "spool"))


def loaded(root: str) -> None:
    """The records, and a year of orders."""
    for name in ("customers", "orders"):
        ingest_batch(workspace(root), name, None, datetime.now(UTC))


def ingested(root: str, day: date) -> None:
    """The day's file."""
    ingest_batch(workspace(root), "orders", day, datetime.now(UTC))


def shown(root: str, as_of: date, url: str) -> None:
    """The star schema."""
    refresh_insights(workspace(root), url, "daily", as_of)


def of_day(stage: Callable[[Workspace, date], Any], root: str, as_of: date) -> None:
    """A stage that needs nothing else."""
    stage(workspace(root), as_of)


def stitched(here: Workspace, as_of: date) -> None:
    """Who is who."""
    stitch(here, datetime(as_of.year, as_of.month, as_of.day, tzinfo=UTC))


def predicted(here: Workspace, as_of: date) -> None:
    """Models where they are due, and everybody's scores."""
    fit_lifetime(here, as_of)
    score_lifetime(here, as_of)


STAGES: dict[str, Callable[[Workspace, date], Any]] = {
    "identities": stitched,
    "value": compute_value,
    "rfm": compute_rfm,
    "lifetime": predicted,
    "profiles": build_profiles,
    "audiences": evaluate_audiences,
}


def passed(root: str, day: date, url: str, say: Callable[[str], None]) -> dict[str, Measured]:
    """A day through all stages."""
    as_of, found = day + timedelta(days=1), {}

    def do(name: str, function: Callable[..., Any], *arguments: Any) -> None:
        each = found[name] = measured(function, *arguments)
        say(f"{day} {name}: {each.seconds:.1f} s, {each.cpu_seconds:.1f} core-seconds, {each.peak_gb:.2f} GB")

    do("ingestion", ingested, root, day)
    for name, stage in STAGES.items():
        do(name, of_day, stage, root, as_of)
    do("insights", shown, root, as_of, url)
    return found


def ranked(root: str, as_of: date) -> pl.DataFrame:
    """Everybody's decile of spend over each window, by DuckDB from the files."""
    since = {
        name: f"TIMESTAMP '{as_of}' - INTERVAL {months} MONTH" for name, months in WINDOWS.items() if months
    }
    windows = " UNION ALL ".join(
        f"""SELECT '{name}' AS lookback, customer,
                ntile(10) OVER (ORDER BY sum(amount) DESC, customer) AS decile
            FROM orders WHERE "at" >= {since.get(name, "TIMESTAMP '-infinity'")} GROUP BY customer"""
        for name in WINDOWS
    )
    with duckdb.connect() as connection:
        connection.execute("SET threads TO 2; SET enable_progress_bar = false")
        files = f"read_parquet('{root}/landing/orders/*.parquet')"
        connection.execute(f"CREATE VIEW orders AS SELECT * FROM {files} WHERE \"at\" < TIMESTAMP '{as_of}'")
        return connection.sql(windows).pl()


def ranks(root: str, as_of: date) -> pl.DataFrame:
    """The same, as we have it."""
    rows = history(workspace(root), "customer_value").read(as_of)
    found = rows.filter(dimension="overall").select("lookback", "spend_decile", customer=PERSON)
    return found.drop_nulls().collect()


def run(benchmark: Benchmark) -> dict[str, Any]:
    """The history, the two days, and the floor."""
    customers = CUSTOMERS[benchmark.scale]
    with tempfile.TemporaryDirectory(prefix="perennial-bench-") as root, server() as running:
        measured(written, Path(root), customers, RULES)
        url, _ = store(running, "store")
        load = measured(loaded, root)
        benchmark.say(f"history: {load.seconds:.1f} s, {load.peak_gb:.2f} GB")
        first, second = (passed(root, day, url, benchmark.say) for day in DAYS)
        as_of = DAYS[-1] + timedelta(days=1)
        floor = measured(ranked, root, as_of)
        ours, here = ranks(root, as_of), workspace(root)
        members = here.lake.membership.scan().filter(pl.col("status") != "exited", as_of=as_of)
        memberships = members.select(pl.len()).collect().item()
        attributes = len(here.lake.profiles.scan().collect_schema())
        lake = sum(file.stat().st_size for file in Path(root, "lake").rglob("*") if file.is_file())
    same = floor.result.join(ours, on=["lookback", "customer"], how="inner")
    total = sum(each.seconds for each in second.values())
    return {
        "customers": customers,
        "memberships": memberships,
        "attributes": attributes,
        "history_s": load.seconds,
        "history_peak_gb": load.peak_gb,
        "stages": [
            {
                "stage": name,
                "first_s": first[name].seconds,
                "first_core_s": first[name].cpu_seconds,
                "first_gb": first[name].peak_gb,
                "day_s": each.seconds,
                "day_core_s": each.cpu_seconds,
                "day_gb": each.peak_gb,
            }
            for name, each in second.items()
        ],
        "first_day_s": sum(each.seconds for each in first.values()),
        "day_s": total,
        "floor_s": floor.seconds,
        "value_ratio_to_floor": second["value"].seconds / floor.seconds,
        "day_ratio_to_floor": total / floor.seconds,
        "lake_gb": lake / 1e9,
        "ranks": ours.height,
        "equal": same.height == ours.height == floor.result.height
        and (same["decile"] == same["spend_decile"]).all(),
    }


if __name__ == "__main__":
    Benchmark(__doc__ or "", scales=("small", "tenth", "full")).main(run)
