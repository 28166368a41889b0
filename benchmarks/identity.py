"""What it costs to find out who is who: all identities at once, and a day's new ones among them.

Customers have an e-mail address (with its SHA-256, as providers report it) and devices; one device in fifty
is shared by two customers, who stay two people since customer numbers are unique. The rows lie in the lake;
our time is that of the whole stage, from reading them to the committed tables: values checked and written in
one way, links, people, and what happened to them. A day brings a hundredth as many rows.

The floor numbers the same pairs of identities with Polars and finds the components with SciPy: no rules, no
values to check, nothing written. Equal is: customers are people of their own, devices that are not shared are
their customer's, and rows that came in two portions leave the people of all rows at once.
"""

import tempfile
import time
from datetime import UTC, datetime, timedelta
from math import log
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from common import Benchmark, measured
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from perennial.identity.resolve import current
from perennial.settings import Settings
from perennial.stages.stitching import stitch
from perennial.stages.workspace import Workspace

IDENTITIES = {"small": 200_000, "full": 10_000_000}
NOW = datetime(2024, 5, 1, tzinfo=UTC)
DAY = 100
"""One row in so many comes with the day."""
DOCUMENTS = {
    "namespaces/customer": "{title: Customer, type: cross_device, unique: true, priority: 100}",
    "namespaces/email": "{title: E-mail, type: email, priority: 50}",
    "namespaces/email_sha256": "{title: E-mail, type: email, sha256_of: email, priority: 50}",
    "namespaces/device": "{title: Device, type: device, priority: 10}",
    "profiles/customer": "{title: Customers, person: customer, events: [visits]}",
    "datasets/visits": """{title: Visits, kind: event, source: {stream: true}, key: [id],
        identities: [{column: customer, namespace: customer}, {column: device, namespace: device}],
        columns: {event_time: {type: timestamp, required: true}, id: {type: string, required: true},
                  customer: {type: string}, device: {type: string}}}""",
    "datasets/contacts": """{title: Contacts, kind: record, source: {stream: true}, key: [customer],
        identities: [{column: customer, namespace: customer}, {column: email, namespace: email}],
        columns: {customer: {type: string, required: true}, email: {type: string}}}""",
}


def rows(identities: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Visits and contacts with about so many identities: 32 % customers, 22 % addresses, 24 % devices."""
    customers, emails, devices = (identities * share // 100 for share in (32, 22, 24))
    rng = np.random.default_rng(7)
    owner = rng.integers(0, customers, devices)
    shared = np.flatnonzero(rng.random(devices) < 0.02)
    visitor = np.concatenate([owner, rng.integers(0, customers, len(shared))])
    device = np.concatenate([np.arange(devices), shared])
    order = rng.permutation(len(device))
    second = pl.Series(order).cast(pl.Int64) % 86_400
    visits = pl.DataFrame(
        {
            "id": pl.Series(np.arange(len(device))).cast(pl.String),
            "customer": "c" + pl.Series(visitor[order]).cast(pl.String),
            "device": "d" + pl.Series(device[order]).cast(pl.String),
            "event_date": pl.repeat(NOW.date(), len(device), eager=True),
        }
    ).with_columns(event_time=pl.lit(NOW, pl.Datetime("us", "UTC")) + pl.duration(seconds=second))
    numbers = pl.Series(np.arange(emails)).cast(pl.String)
    contacts = pl.DataFrame({"customer": "c" + numbers, "email": " Someone." + numbers + "@Example.com"})
    return visits, contacts


def workspace(folder: Path) -> Workspace:
    """A lake under the folder."""
    for name, text in DOCUMENTS.items():
        file = folder / f"include/{name}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return Workspace(Settings(folder / "include", str(folder / "lake"), str(folder), folder / "spool"))


def fill(folder: Path, identities: int, part: str) -> int:
    """Put rows into the lake: `all`, those `before` the day, or those of the `day`; returns how many."""
    lake, written = workspace(folder).lake, 0
    for table, frame in zip((lake.events("visits"), lake.records("contacts")), rows(identities), strict=True):
        of_day = pl.Series(np.arange(frame.height) % DAY == 0)
        some = frame if part == "all" else frame.filter(of_day if part == "day" else ~of_day)
        table.append(some)
        written += some.height
    return written


def ours(folder: Path, days: int) -> int:
    """Run the stage; returns how many identities it was about."""
    return stitch(workspace(folder), NOW + timedelta(days=days)).get("identities", 0)


def floor(folder: Path) -> int:
    """Components of the same pairs, as numbers; returns how many there are."""
    lake = workspace(folder).lake
    pairs = [
        lake.events("visits").scan().select(a="customer", b="device"),
        lake.records("contacts").scan().select(a="customer", b="email"),
    ]
    ends = pl.concat(pairs).unique().collect(engine="streaming")
    names = pl.concat([ends["a"], ends["b"]]).unique()
    numbers = pl.DataFrame({"name": names}).with_row_index("n")
    left, right = (
        ends.select(name=side).join(numbers, on="name", how="left", maintain_order="left")["n"].to_numpy()
        for side in ("a", "b")
    )
    graph = coo_array((np.ones(len(left), dtype=bool), (left, right)), shape=(len(names), len(names)))
    return int(connected_components(graph, directed=False)[0])


def equal(grown: Path, whole: Path) -> bool:
    """Whether both lakes have the same people, and they are the right ones."""
    people = [
        current(workspace(folder).lake.identities.scan()).drop("since").sort("namespace", "value").collect()
        for folder in (grown, whole)
    ]
    customers = people[0].filter(namespace="customer")
    each_their_own = bool((customers["person_id"] == customers["value"]).all())
    visits = workspace(whole).lake.events("visits").scan().collect()
    alone = visits.filter(pl.col("customer").n_unique().over("device") == 1)
    devices = people[0].filter(namespace="device").join(alone, left_on="value", right_on="device")
    owned = bool((devices["person_id"] == devices["customer"]).all()) and devices.height > 0
    return people[0].equals(people[1]) and each_their_own and owned


def run(benchmark: Benchmark) -> dict[str, Any]:
    """A tenth of the identities and all of them, each with a day after."""
    full = IDENTITIES[benchmark.scale]
    figures: dict[str, Any] = {}
    times: dict[int, float] = {}
    days: dict[int, float] = {}
    for size in (full // 10, full):
        with tempfile.TemporaryDirectory(prefix="perennial-bench-") as name:
            grown, whole = Path(name, "grown"), Path(name, "whole")
            measured(fill, grown, size, "before")
            measured(fill, whole, size, "all")
            floor_time = measured(floor, whole)
            once = measured(ours, whole, 0)
            before = measured(ours, grown, 0)
            measured(fill, grown, size, "day")
            day = measured(ours, grown, 1)
            times[size], days[size] = once.seconds, day.seconds
            benchmark.say(f"{size:,}: all {once}, before {before}, day {day}, floor {floor_time}")
            begun = time.perf_counter()
            figures = {
                "identities": once.result,
                "seconds": once.seconds,
                "identities_per_s": once.result / once.seconds,
                "ratio_to_floor": once.seconds / floor_time.seconds,
                "day_identities": day.result,
                "day_seconds": day.seconds,
                "day_fraction_of_all": day.seconds / once.seconds,
                "peak_gb": max(once.peak_gb, day.peak_gb),
                "equal": bool(figures.get("equal", True) and measured(equal, grown, whole).result),
            }
            benchmark.say(f"compared in {time.perf_counter() - begun:.0f} s")
    return figures | {
        "cost_exponent": log(times[full] / times[full // 10]) / log(10),
        "day_cost_exponent": log(days[full] / days[full // 10]) / log(10),
    }


if __name__ == "__main__":
    Benchmark(str(__doc__)).main(run)
