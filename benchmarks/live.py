"""What it costs when something is new of some people: their profiles, and what audiences they are in.

Profiles have an id, when the customer was seen, thirty ranks and sums, and what contacts of one in five say;
events of ninety days lie in the lake by day. A micro-batch brings one event of each of a number of people, or
those of a minute of a stream of which people more seldom or more often are the source. Then their profiles
are refreshed, and a hundred audiences (of attributes, and of events in windows of 30, 60 and 90 days) are
brought up to the moment, as the stream's Dag does it: all of it read from the lake, and committed to it.

The floor of a refresh is to write the same rows to a table of the same kind; beside it stands the time to
write all profiles. A stream can be followed as long as the events of a minute cost less than a minute of
processor time. Equal is: the members are those that are found for everybody at once.
"""

import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml
from common import Benchmark, measured, median

from perennial.audiences.evaluation import in_order, matched
from perennial.audiences.standing import moved, standing
from perennial.lake.tables import Table
from perennial.settings import Settings
from perennial.stages.audiences import events_of
from perennial.stages.live_profiles import live_profiles, refresh_profiles
from perennial.stages.profiles import newest
from perennial.stages.streaming import qualify
from perennial.stages.workspace import Workspace

SIZES = {"small": (100_000, 2_000_000, 2_000, 60_000), "full": (5_000_000, 100_000_000, 100_000, 600_000)}
"""People, their events in ninety days, people of a micro-batch, and events of a minute."""
BATCHES = 3
DAYS = 90
NOW = datetime(2024, 1, 1, tzinfo=UTC)
KINDS = ["buy", "cart", "search", "view"]
AGES = ["19-24", "25-34", "35-44", "45-54", "55-64", "65+"]
DOCUMENTS = {
    "namespaces/customer": "{title: Customer, type: cross_device, unique: true, priority: 100}",
    "profiles/customer": "{title: Customers, person: customer, events: [shop], attributes: [contacts]}",
    "datasets/shop": """{title: Shop, kind: event, source: {stream: true}, key: [event_time],
        identities: [{column: customer_id, namespace: customer}],
        columns: {event_time: {type: timestamp, required: true}, customer_id: {type: string, required: true},
                  kind: {type: string}, amount: {type: decimal}}}""",
    "datasets/contacts": """{title: Contacts, kind: record, source: {stream: true}, key: [customer_id],
        identities: [{column: customer_id, namespace: customer}],
        columns: {customer_id: {type: string, required: true}, age: {type: string}}}""",
}


def hundred() -> dict[str, Any]:
    """Audiences of attributes and events, no two alike."""
    found = {}
    for number in range(100):
        kind, window = KINDS[number % 4], ("30 days", "60 days", "90 days")[number % 3]
        event = {"event": "shop", "where": {"field": "kind", "operator": "equals", "value": kind},
                 "operator": "at_least", "value": 1 + number % 5, "within_last": window}  # fmt: skip
        attribute = {"attribute": f"rank_{number % 15}", "operator": "at_most", "value": 1 + number % 4}
        rule = {"any" if number % 10 == 0 else "all": [attribute, event]}
        found[f"a{number}"] = {"title": f"Audience {number}", "evaluation": "stream", "rule": rule}
    return found


def workspace(folder: Path) -> Workspace:
    """The deployment."""
    return Workspace(Settings(folder / "include", str(folder / "lake"), str(folder), folder / "spool"))


def made(folder: Path, people: int, events: int) -> None:
    """Write the documents, and a lake with profiles, contacts and events."""
    documents = DOCUMENTS | {f"audiences/{name}": yaml.safe_dump(each) for name, each in hundred().items()}
    for name, text in documents.items():
        file = folder / f"include/{name}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    rng, lake = np.random.default_rng(3), workspace(folder).lake
    ids = ("c" + pl.Series(np.arange(people)).cast(pl.String)).alias("customer_id")
    ages = pl.Series(AGES).gather(rng.integers(0, len(AGES), people))
    lake.records("contacts").append(pl.DataFrame({"customer_id": ids, "age": ages})[::5])
    ranks = {f"rank_{n}": pl.Series(rng.integers(1, 11, people), dtype=pl.Int16) for n in range(15)}
    sums = {f"sum_{n}": pl.Series(rng.integers(1, 90_000, people)) for n in range(15)}
    seen = pl.Series([NOW - timedelta(days=40)]).new_from_index(0, people).cast(pl.Datetime("us", "UTC"))
    profiles = pl.DataFrame(
        {"person_id": ids, "first_seen": seen, "last_seen": seen, "age": ages, **ranks, **sums}
    )
    profiles = profiles.with_columns(pl.col("^sum_.*$").cast(pl.Decimal(18, 2)), as_of=pl.lit(NOW.date()))
    lake.profiles.replace(profiles.sort("person_id"), NOW.date())
    for day in range(DAYS):
        lake.events("shop").append(happened(rng, people, events // DAYS, NOW - timedelta(days=DAYS - day)))


def happened(rng: np.random.Generator, people: int, count: int, day: datetime) -> pl.DataFrame:
    """Events of a day, of some people more than of others."""
    return dated(rng, visitors(rng, people, count), day, 86_400)


def visitors(rng: np.random.Generator, people: int, count: int) -> pl.Series:
    """Whose each of so many events is."""
    return pl.Series((people * rng.random(count) ** 1.5).astype(np.int64))


def dated(rng: np.random.Generator, who: pl.Series, begin: datetime, seconds: int) -> pl.DataFrame:
    """An event of each of these customers within so many seconds."""
    count = len(who)
    micros = int(begin.timestamp() * 1_000_000) + rng.integers(0, seconds * 1_000_000, count)
    frame = pl.DataFrame(
        {
            "event_time": pl.Series(micros).cast(pl.Datetime("us")).dt.replace_time_zone("UTC"),
            "customer_id": "c" + who.cast(pl.String),
            "kind": pl.Series(KINDS).gather(rng.integers(0, len(KINDS), count)),
            "amount": pl.Series(rng.integers(100, 9_000, count)).cast(pl.Decimal(18, 2)),
        }
    )
    return frame.with_columns(event_date=pl.col("event_time").dt.date())


def begun(folder: Path) -> int:
    """The first evaluation: of everybody."""
    return qualify(workspace(folder), NOW).height


def micro_batch(folder: Path, people: int, size: int, number: int) -> dict[str, float]:
    """One micro-batch: seconds of each step, and of the floor; processor time of all of it."""
    rng, shop = np.random.default_rng(number), workspace(folder).lake.events("shop")
    who = pl.Series(rng.choice(people, size, replace=False))
    shop.append(dated(rng, who, NOW + timedelta(hours=number), 3600))
    now = NOW + timedelta(hours=number + 1)
    cpu, steps = time.process_time(), [time.perf_counter()]
    refreshed = refresh_profiles(workspace(folder), now)
    steps.append(time.perf_counter())
    qualify(workspace(folder), now)
    steps.append(time.perf_counter())
    cpu = time.process_time() - cpu
    live = workspace(folder).lake.live_profiles
    rows = live.scan().filter(step=live.version()).collect()
    if rows.height != refreshed:
        raise AssertionError(f"{rows.height} rows, {refreshed} people")
    wrote = time.perf_counter()
    Table(str(folder / "floor"), "live", partition="as_of", evolves=True).append(rows)
    return {"refresh": steps[1] - steps[0], "qualify": steps[2] - steps[1], "cpu": cpu,
            "floor": time.perf_counter() - wrote}  # fmt: skip


def minute(folder: Path, people: int, count: int, number: int) -> dict[str, float]:
    """So many events within a minute: of how many people they are, and the processor time of all steps."""
    rng, begin = np.random.default_rng(number), NOW + timedelta(hours=BATCHES + 1, minutes=number)
    who = visitors(rng, people, count)
    workspace(folder).lake.events("shop").append(dated(rng, who, begin, 60))
    cpu = time.process_time()
    qualify(workspace(folder), begin + timedelta(minutes=1))
    return {"people": who.n_unique(), "cpu": time.process_time() - cpu}


def whole(folder: Path) -> float:
    """Seconds to write all profiles."""
    found = newest(workspace(folder))
    if found is None:
        raise AssertionError("no profiles")
    rows = found.scan(workspace(folder)).collect()
    started = time.perf_counter()
    Table(str(folder / "floor"), "whole", partition="as_of", evolves=True).append(rows)
    return time.perf_counter() - started


def equal(folder: Path) -> bool:
    """Whether members are those that are found for everybody at once."""
    deployment = workspace(folder)
    daily = newest(deployment)
    if daily is None:
        raise AssertionError("no profiles")
    order = in_order(deployment.audiences, {})
    end = NOW + timedelta(hours=BATCHES + 1, minutes=BATCHES + 1)
    profiles = live_profiles(deployment, daily)
    every = matched(profiles, events_of(deployment), order, {}, end).collect(engine="streaming")
    return moved(standing(deployment.lake.live_membership), every, [each.name for each in order]).is_empty()


def run(benchmark: Benchmark) -> dict[str, Any]:
    """Make a lake, and bring micro-batches to it."""
    people, events, size, of_minute = SIZES[benchmark.scale]
    with tempfile.TemporaryDirectory(prefix="perennial-bench-") as name:
        folder = Path(name)
        measured(made, folder, people, events)
        first = measured(begun, folder)
        benchmark.say(f"everybody: {first}")
        found = []
        for number in range(1, BATCHES + 1):
            found.append(measured(micro_batch, folder, people, size, number))
            benchmark.say(f"micro-batch: {found[-1]}")
        minutes = []
        for number in range(1, BATCHES + 1):
            minutes.append(measured(minute, folder, people, of_minute, number))
            benchmark.say(f"a minute: {minutes[-1]}")
        all_profiles = measured(whole, folder)
        same = measured(equal, folder)
    steps = {key: median(each.result[key] for each in found) for key in found[0].result}
    return {
        "people": people,
        "events": events,
        "changed": size,
        "everybody_s": first.seconds,
        "refresh_s": steps["refresh"],
        "write_changed_s": steps["floor"],
        "refresh_over_write": steps["refresh"] / steps["floor"],
        "write_all_s": all_profiles.result,
        "qualify_s": steps["qualify"],
        "micro_batch_cpu_s": steps["cpu"],
        "minute_events": of_minute,
        "minute_people": median(each.result["people"] for each in minutes),
        "minute_cpu_s": median(each.result["cpu"] for each in minutes),
        "stream_events_per_s": of_minute / median(each.result["cpu"] for each in minutes),
        "peak_gb": max(each.peak_gb for each in (first, *found, *minutes)),
        "equal": same.result,
    }


if __name__ == "__main__":
    Benchmark(str(__doc__)).main(run)
