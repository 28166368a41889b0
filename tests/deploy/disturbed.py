"""The deployment under disturbance: whatever dies or restarts, every run completes, and tables are the same.

It takes a quarter of an hour, so it is no part of the other tests: `make test-disturbed`. The round trip runs
twice, each time from nothing: once undisturbed, and once with workers, the scheduler, the API server, Redis
and PostgreSQL killed or restarted while a task that depends on them is at work.
"""

import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import polars as pl
import pytest
import requests
from compose_trip import DAYS_STAGES, STREAM, Trip, trip

from perennial.local.demo import HISTORY
from perennial.local.ports import LOOPBACK
from perennial.sandbox.sources import DAYS

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(5400),
    pytest.mark.skipif(shutil.which("redis-server") is None, reason="redis-server is not installed"),
]

TWO_DAYS = DAYS[-2:]
FIRST, SECOND = (str(day) for day in TWO_DAYS)
WITHIN = 2400.0
"""Seconds within which all runs must have ended."""
KILL, STOP = signal.SIGKILL, signal.SIGTERM


@dataclass(frozen=True)
class Disturbance:
    """What happens to which services while a task is at work."""

    dag_id: str
    task_id: str
    key: str | None
    services: tuple[str, ...]
    number: signal.Signals
    away: float = 0.0
    """Seconds until they come back."""

    @property
    def ends_the_task(self) -> bool:
        return "worker" in self.services


EARLY = (Disturbance(HISTORY, "ingest", None, ("worker",), KILL),)
WITH_MESSAGES = (Disturbance(STREAM, "land", None, ("redis",), STOP, away=5),)
IN_DAYS = (
    Disturbance("signals_batch", "ingest", FIRST, ("postgres",), STOP, away=5),
    Disturbance("customer_value", "rank", FIRST, ("scheduler",), KILL),
    Disturbance("lifetime_value", "fit_and_validate", FIRST, ("worker",), KILL),
    Disturbance("profiles", "build", FIRST, ("postgres",), KILL, away=20),
    Disturbance("insights", "refresh", FIRST, ("redis",), KILL, away=60),
    Disturbance("customer_value", "rank", SECOND, ("api-server",), KILL),
    Disturbance("profiles", "build", SECOND, ("dag-processor", "triggerer"), KILL),
    Disturbance("audiences", "evaluate", SECOND, ("scheduler", "worker"), KILL),
    Disturbance("insights", "refresh", SECOND, ("worker",), KILL),
)


OF_THIS_RUN = {
    "identity/events": ["at"],
    "identity/mapping": ["since"],
    "quarantine/transactions": ["file", "id"],
}
"""Columns of the lake that tell when something was done, or in which folder, not what came of it."""
TELLING_WHEN = {"adwh_dim_destination", "adwh_dim_br_segment_destinations"}
"""Tables of the store whose moments are those of a run."""
BOOKS = {"definition_log"}
"""What tells which runs of the insights have read what: those of every hour are among them."""


@dataclass(frozen=True)
class Outcome:
    """What a round trip has left."""

    lake: dict[str, pl.DataFrame]
    store: dict[str, list[tuple]]


def travelled(trip: Trip, disturbed: bool) -> Outcome:
    """The whole round trip; fails where a run does not succeed."""
    trip.begin()
    happen(trip, EARLY if disturbed else ())
    assert_success(trip, trip.ended([HISTORY], 1, WITHIN))
    trip.receive()
    happen(trip, WITH_MESSAGES if disturbed else ())
    assert_success(trip, trip.ended([STREAM], 1, WITHIN))
    # One after the other: a stage of the second day must not have passed while the first is disturbed.
    for day in trip.days:
        trip.backfill(day)
        happen(trip, tuple(each for each in IN_DAYS if each.key == str(day)) if disturbed else ())
        assert_success(trip, trip.day_ended(day, WITHIN))
    return Outcome(trip.lake(), trip.store())


def happen(trip: Trip, disturbances: tuple[Disturbance, ...]) -> None:
    """Each in turn, as soon as its task is at work."""
    for each in disturbances:
        place = (each.dag_id, each.task_id, each.key)
        trip.until(partial(trip.running, *place), f"{place} is at work", WITHIN)
        print(f"{each.services} {each.number.name} in {place}", flush=True)
        trip.disturb(each.services, each.number, each.away)


def timeless(name: str, rows: list[tuple]) -> list[tuple]:
    """Rows of the store, without moments where these are those of a run."""
    if name not in TELLING_WHEN:
        return rows
    return sorted((tuple(v for v in row if not isinstance(v, datetime)) for row in rows), key=repr)


def difference(name: str, expected: pl.DataFrame, found: pl.DataFrame) -> str:
    """Of a table of the lake: empty where both hold the same, otherwise what they differ in."""
    one, two = (rows.drop(OF_THIS_RUN.get(name, [])) for rows in (expected, found))
    if one.schema != two.schema or one.height != two.height:
        return f"{one.height} and {two.height} rows, {one.columns} and {two.columns}"
    keys = [name for name, dtype in one.schema.items() if not dtype.is_nested()]
    one, two = (rows.sort(keys) for rows in (one, two))
    return ", ".join(name for name in one.columns if not one[name].equals(two[name]))


def assert_success(trip: Trip, runs: list) -> None:
    failed = [run for run in runs if run.state != "success"]
    assert not failed, "\n".join(f"{run.dag_id} {run.key}: {trip.api.failure(run)}" for run in failed)


@pytest.fixture(scope="module")
def undisturbed() -> Outcome:
    with trip(TWO_DAYS) as travelling:
        return travelled(travelling, disturbed=False)


@pytest.fixture(scope="module")
def survivor() -> Iterator[tuple[Trip, Outcome]]:
    """The deployment after all that, still up."""
    with trip(TWO_DAYS) as travelling:
        yield travelling, travelled(travelling, disturbed=True)


def test_tables_of_lake_and_store_equal_those_of_an_undisturbed_run(undisturbed, survivor):
    _, found = survivor
    assert found.lake.keys() == undisturbed.lake.keys()
    assert found.store.keys() == undisturbed.store.keys()
    differences = {name: difference(name, undisturbed.lake[name], rows) for name, rows in found.lake.items()}
    assert {name: told for name, told in differences.items() if told} == {}
    rows = {name: timeless(name, rows) for name, rows in found.store.items() if name not in BOOKS}
    expected = {name: timeless(name, rows) for name, rows in undisturbed.store.items() if name not in BOOKS}
    assert [name for name in rows if rows[name] != expected[name]] == []
    assert sum(len(rows) for rows in found.store.values()) > 1000


def test_tasks_whose_worker_was_killed_were_tried_again(survivor):
    travelling, _ = survivor
    for each in (*EARLY, *WITH_MESSAGES, *IN_DAYS):
        if each.ends_the_task:
            assert travelling.tries(each.dag_id, each.task_id, each.key) >= 2, each


def test_no_run_of_any_dag_failed(survivor):
    travelling, _ = survivor
    runs = travelling.api.runs(sorted(travelling.api.dag_ids()))
    assert_success(travelling, [run for run in runs if run.state == "failed"])
    assert {run.dag_id for run in runs} >= {HISTORY, STREAM, *DAYS_STAGES}


def test_what_was_ended_runs_and_is_healthy_again(survivor):
    travelling, _ = survivor
    for name in ("redis", "api-server", "scheduler", "dag-processor", "triggerer", "worker", "collector"):
        travelling.deployment.await_healthy(name, seconds=120)
    url = f"http://{LOOPBACK}:{travelling.deployment.ports['8080']}/perennial/api/dashboards"
    board = travelling.api._session.get(f"{url}/overview", timeout=60).json()
    for widget in board["widgets"]:
        answer = travelling.api._session.get(f"{url}/overview/widgets/{widget['id']}", timeout=60)
        assert answer.status_code == requests.codes.ok, answer.text
