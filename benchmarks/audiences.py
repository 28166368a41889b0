"""What it costs to ask who would be in an audience, and to evaluate a hundred.

People have an id, ranks and an age group; events of a year are in files by month, each with a person, a
time, a kind and an amount. DuckDB answers the same rules, written by hand as one would, from the same files;
each question is asked of both in turn, in processes of their own with two threads. Sizes must be equal.

A hundred audiences are made of three attributes and of twelve questions about events (four kinds over three
windows), with other thresholds each; one of them is the question about events of ninety days. What it costs
to evaluate a hundred as events come is measured by `live.py`.
"""

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl
from common import Benchmark, Measured, measured, median

from perennial.audiences.definition import Audience
from perennial.audiences.evaluation import evaluate, matched

SIZES = {"small": (100_000, 2_000_000), "full": (5_000_000, 100_000_000)}
NOW = datetime(2024, 1, 1, tzinfo=UTC)
KINDS = ["buy", "cart", "search", "view"]
AGES = ["19-24", "25-34", "35-44", "45-54", "55-64", "65+"]
ATTRIBUTES = {"all": [{"attribute": "spend_decile", "operator": "at_most", "value": 3},
                      {"attribute": "age", "operator": "one_of", "value": ["25-34", "35-44"]}]}  # fmt: skip
BUYS = {"field": "kind", "operator": "equals", "value": "buy"}
IN_TIME = {"event": "shop", "where": BUYS, "within_last": "90 days"}
SPENT = {"aggregate": "sum", "of": "amount", "operator": "more_than", "value": 60}
EVENTS = {"all": [{**IN_TIME, "operator": "at_least", "value": 2}, {**IN_TIME, **SPENT}]}
ATTRIBUTES_SQL = "SELECT count(*) FROM {people} WHERE spend_decile <= 3 AND age IN ('25-34', '35-44')"
EVENTS_SQL = """
    SELECT count(*) FROM {people} WHERE person_id IN (
        SELECT person_id FROM {events}
        WHERE kind = 'buy' AND event_time >= TIMESTAMPTZ '2024-01-01 00:00:00+00' - INTERVAL 90 DAY
        GROUP BY person_id HAVING count(*) >= 2 AND sum(amount) > 60
    )
"""


def made(folder: Path, people: int, events: int, days: int = 365) -> None:
    """Write people, and events in twelve files."""
    rng = np.random.default_rng(3)
    numbers = pl.Series(np.arange(people))
    pl.DataFrame(
        {
            "person_id": "c" + numbers.cast(pl.String),
            "spend_decile": pl.Series(rng.integers(1, 11, people), dtype=pl.Int16),
            "visits_decile": pl.Series(rng.integers(1, 11, people), dtype=pl.Int16),
            "age": pl.Series(AGES).gather(rng.integers(0, len(AGES), people)),
        }
    ).write_parquet(folder / "people.parquet")
    (folder / "events").mkdir()
    for month in range(12):
        count = events // 12
        ago = rng.integers(month * days * 86_400 // 12, (month + 1) * days * 86_400 // 12, count) + 1
        frame = pl.DataFrame(
            {
                "person_id": "c"
                + pl.Series((people * rng.random(count) ** 1.5).astype(np.int64)).cast(pl.String),
                "event_time": pl.Series(int(NOW.timestamp() * 1_000_000) - ago * 1_000_000).cast(
                    pl.Datetime("us", "UTC")
                ),
                "kind": pl.Series(KINDS).gather(rng.integers(0, len(KINDS), count)),
                "amount": pl.Series(rng.integers(100, 9_000, count)).cast(pl.Decimal(18, 2)) / 100,
            }
        )
        frame.with_columns(pl.col("amount").cast(pl.Decimal(18, 2))).write_parquet(
            folder / f"events/{month:02}.parquet"
        )


def audience(name: str, rule: dict[str, Any]) -> Audience:
    """A published audience."""
    return Audience.model_validate({"name": name, "title": name, "rule": rule})


def hundred() -> dict[str, Audience]:
    """Audiences of attributes and events, no two alike; the first is `EVENTS`."""
    found = {"a0": audience("a0", EVENTS)}
    for number in range(1, 100):
        window, kind = ("30 days", "60 days", "90 days")[number % 3], KINDS[number % 4]
        event = {"event": "shop", "where": {"field": "kind", "operator": "equals", "value": kind},
                 "operator": "at_least", "value": 1 + number % 5, "within_last": window}  # fmt: skip
        attribute = {"attribute": ("spend_decile", "visits_decile")[number % 2], "operator": "at_most",
                     "value": 1 + number % 9}  # fmt: skip
        found[f"a{number}"] = audience(f"a{number}", {("all", "any")[number // 7 % 2]: [attribute, event]})
    return found


def files(folder: Path) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """People and events."""
    return pl.scan_parquet(folder / "people.parquet"), pl.scan_parquet(folder / "events/*.parquet")


def size(folder: Path, rule: dict[str, Any]) -> int:
    """How many meet a rule."""
    people, events = files(folder)
    found = matched(people, lambda _: events, [audience("it", rule)], {}, NOW)
    return int(found.select(pl.col("it").sum()).collect(engine="streaming").item())


def size_in_duckdb(folder: Path, sql: str) -> int:
    """How many meet the same rule."""
    people, events = f"'{folder}/people.parquet'", f"'{folder}/events/*.parquet'"
    connection = duckdb.connect(config={"threads": 2})
    connection.execute("SET TimeZone = 'UTC'")
    ((found,),) = connection.sql(sql.format(people=people, events=events)).fetchall()
    return int(found)


def members(folder: Path, names: list[str]) -> int:
    """Evaluate some of the hundred; returns the members of the first."""
    people, events = files(folder)
    every = hundred()
    found = evaluate(people, lambda _: events, {name: every[name] for name in names}, {}, NOW)
    # They come by audience; to look through millions of rows for some is not what is measured.
    names = found["audience"].set_sorted()
    return int(names.search_sorted("a0", side="right")) - int(names.search_sorted("a0", side="left"))


def run(benchmark: Benchmark) -> dict[str, Any]:
    """Ask all questions in turn."""
    rounds = 3 if benchmark.scale == "small" else 2
    with tempfile.TemporaryDirectory(prefix="perennial-bench-") as name:
        folder = Path(name)
        measured(made, folder, *SIZES[benchmark.scale])
        asked: dict[str, list[Measured]] = {}

        def ask(key: str, function: Any, *arguments: Any) -> None:
            asked.setdefault(key, []).append(measured(function, folder, *arguments))
            benchmark.say(f"{key}: {asked[key][-1]}")

        for _ in range(rounds):
            ask("attribute", size, ATTRIBUTES)
            ask("attribute in DuckDB", size_in_duckdb, ATTRIBUTES_SQL)
            ask("event", size, EVENTS)
            ask("event in DuckDB", size_in_duckdb, EVENTS_SQL)
            ask("one", members, ["a0"])
            ask("hundred", members, [f"a{number}" for number in range(100)])
    seconds = {key: median(each.seconds for each in found) for key, found in asked.items()}
    results = {key: {each.result for each in found} for key, found in asked.items()}
    return {
        "people": SIZES[benchmark.scale][0],
        "events": SIZES[benchmark.scale][1],
        "estimate_attribute_s": seconds["attribute"],
        "estimate_event_s": seconds["event"],
        "ratio_to_duckdb": seconds["event"] / seconds["event in DuckDB"],
        "ratio_to_duckdb_attribute": seconds["attribute"] / seconds["attribute in DuckDB"],
        "evaluate_1_s": seconds["one"],
        "evaluate_100_s": seconds["hundred"],
        "cost_of_100_over_1": seconds["hundred"] / seconds["one"],
        "peak_gb": max(each.peak_gb for each in asked["hundred"]),
        "equal": results["attribute"] == results["attribute in DuckDB"]
        and results["event"] == results["event in DuckDB"] == results["one"] == results["hundred"],
    }


if __name__ == "__main__":
    Benchmark(str(__doc__)).main(run)
