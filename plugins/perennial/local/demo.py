"""The demo: the whole round trip on the Complete Journey data, driven through Airflow's REST API.

Every step first looks at what Airflow has done already. So a finished demo changes nothing when it is started
again, and an interrupted or failed one goes on where it stopped.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path

import requests

from perennial.local import state
from perennial.local.airflow_api import FINISHED, AirflowApi, Run
from perennial.local.environment import airflow_url, collector_url, sandbox_url
from perennial.local.errors import LocalError
from perennial.local.progress import ProgressTable
from perennial.local.stack import Say, Stack, up
from perennial.sandbox import agency, app
from perennial.sandbox.sources import DAYS, deliver

HISTORY = "signals_history"
STAGES = (
    "signals_batch",
    "bots",
    "customer_value",
    "abandoned_browse",
    "lifetime_value",
    "profiles",
    "audiences",
    "insights",
    "activation_email",
    "activation_agency",
    "sandbox_campaigns",
)
"""What each day passes through; a backfill of the first sets off all the others."""
RESPONSES = "responses"
Form = Mapping[str, str | list[str]]
PAST: dict[str, Form] = {
    "recompute_days": {"from_day": "2017-10-01", "to_day": "{first}", "steps": ["values", "segments"]},
    "lifetime_value": {"since": "2017-07-02", "as_of": "{first}"},
}
"""What is computed of the time before the first day, so that dashboards have a past to show."""
INCOMING = ("signals_stream", "signals_uploads")
"""What takes in messages and uploaded batches."""
DAG_IDS = {HISTORY, *STAGES, *INCOMING, *PAST, RESPONSES}
POLL = 0.5
STALLED_AFTER = 600.0
"""Seconds without any change after which something must be wrong."""


@dataclass
class Demo:
    """One demonstration on a stack that is up."""

    stack: Stack
    say: Say
    times: dict[str, float] = field(default_factory=dict)
    days: Sequence[date] = DAYS
    """The days that pass through all stages, one after another; what was before is history."""
    past: Mapping[str, Form] = field(default_factory=lambda: PAST)
    """What is computed of the time before the first day, by Dag."""

    @cached_property
    def api(self) -> AirflowApi:
        """Airflow, as its admin."""
        return AirflowApi(airflow_url(self.stack.state), "admin", self.stack.secret.admin_password)

    @cached_property
    def keys(self) -> list[str]:
        """The partitions of the days."""
        return [str(day) for day in self.days]

    def run(self) -> bool:
        """Do what has not been done; returns whether there was anything to do."""
        self._await_dags()
        if self._done():
            return False
        with self._timed("Delivering the files of the source systems"):
            deliver(self.stack.state.landing, self.days)
        with self._timed("Loading the history"):
            self._once(HISTORY)
        with self._timed("Receiving the app's messages and the agency's survey"):
            self._receive()
        with self._timed("Ranking and predicting as of days before"):
            self._past()
        with self._timed(f"Running the days {self.keys[0]} to {self.keys[-1]}, each through all stages"):
            self._days()
        with self._timed("Waiting until the recipients have answered"):
            self._recipients()
        with self._timed("Bringing the responses back"):
            self._once(RESPONSES)
        return True

    def _done(self) -> bool:
        cells = self._cells()
        if len(cells) < len(self.keys) * len(STAGES) or any(run.state != "success" for run in cells.values()):
            return False
        sent = max(run.ended for run in cells.values() if run.ended)
        brought_back = [run for run in self.api.runs([RESPONSES]) if run.state == "success"]
        return any(run.started is not None and run.started > sent for run in brought_back)

    def _await_dags(self) -> None:
        def read() -> bool:
            if errors := self.api.import_errors():
                file, trace = next(iter(errors.items()))
                raise LocalError(f"Airflow cannot read {file}:\n{trace}")
            return self.api.dag_ids() >= DAG_IDS

        _until(read, lambda: f"Airflow has not found these Dags: {sorted(DAG_IDS - self.api.dag_ids())}")

    def _once(self, dag_id: str) -> None:
        """A successful manual run of this Dag: follow the one under way, or start one."""
        last = next(reversed(self.api.runs([dag_id])), None)
        if dag_id == HISTORY and last is not None and last.state == "success":
            return
        run = last if last is not None and last.state not in FINISHED else self.api.trigger(dag_id, {})
        self._await(run)

    def _past(self) -> None:
        """Compute the past, each part of it once; no part needs another one."""
        under_way = []
        for dag_id, form in self.past.items():
            conf = {
                key: said.format(first=self.keys[0]) if isinstance(said, str) else said
                for key, said in form.items()
            }
            by_hand = [run for run in self.api.runs([dag_id]) if run.run_id.startswith("manual__")]
            if not any(run.state == "success" for run in by_hand):
                going_on = next((run for run in by_hand if run.state not in FINISHED), None)
                under_way.append(going_on or self.api.trigger(dag_id, conf))
        for run in under_way:
            self._await(run)

    def _receive(self) -> None:
        """Send what the stand-ins have to send, and let Airflow take it in."""
        by_hand = [run for run in self.api.runs(INCOMING) if run.run_id.startswith("manual__")]
        if {run.dag_id for run in by_hand if run.state == "success"} >= {*INCOMING}:
            return
        url, token = collector_url(self.stack.state), self.stack.secret.collector_token
        app.send(url, token)
        agency.upload(url, token)
        for run in [self.api.trigger(dag_id, {}) for dag_id in INCOMING]:
            self._await(run)

    def _await(self, run: Run) -> None:
        def ended() -> bool:
            now = self.api.run(run.dag_id, run.run_id)
            self._check(now)
            return now.state == "success"

        _until(ended, lambda: f"The run {run.run_id} of {run.dag_id} does not end")

    def _days(self) -> None:
        cells = self._cells()
        for run in cells.values():
            if run.state == "failed":
                self.api.run_again(run)
        if any((key, STAGES[0]) not in cells for key in self.keys):
            self.api.backfill(STAGES[0], self.days[0], self.days[-1])
        table = ProgressTable(self.keys, STAGES)
        seen: dict[tuple[str, str], str] = {}
        changed = time.monotonic()
        while True:
            cells = self._cells()
            table.show(cells)
            for run in cells.values():
                self._check(run)
            states = {place: run.state for place, run in cells.items()}
            if len(states) == len(self.keys) * len(STAGES) and set(states.values()) == {"success"}:
                return
            if states != seen:
                seen, changed = states, time.monotonic()
            if time.monotonic() - changed > STALLED_AFTER:
                raise LocalError(
                    f"No run has begun or ended for {STALLED_AFTER:.0f} s; logs: {self.stack.state.logs}"
                )
            time.sleep(POLL)

    def _cells(self) -> dict[tuple[str, str], Run]:
        return {(run.key, run.dag_id): run for run in self.api.runs(STAGES) if run.key in self.keys}

    def _recipients(self) -> None:
        status = f"{sandbox_url(self.stack.state)}/sandbox/status"

        def pending() -> int:
            return int(requests.get(status, timeout=10).json()["pending"])

        _until(
            lambda: pending() == 0, lambda: f"The sandbox still has {pending()} events to send; see {status}"
        )

    def _check(self, run: Run) -> None:
        if run.state == "failed":
            raise LocalError(
                f"The run {run.run_id} of {run.dag_id} failed in {self.api.failure(run)}\n"
                f"Its page: {self.api.url}/dags/{run.dag_id}/runs/{run.run_id}\n"
                f"All logs: {self.stack.state.airflow_home / 'logs' / f'dag_id={run.dag_id}'}\n"
                f"`make demo` goes on where it stopped."
            )

    @contextmanager
    def _timed(self, what: str) -> Iterator[None]:
        self.say(what)
        begun = time.monotonic()
        yield
        self.times[what] = time.monotonic() - begun


def demo(folder: Path, say: Say) -> None:
    """Start the stack, run the round trip, say where to look; raises `LocalError` with what went wrong."""
    known = state.find(folder)
    include = state.wanted_include() or (known.include if known else state.INCLUDE)
    if include != state.INCLUDE:
        raise LocalError(
            f"The stack in {folder} has the documents of {include}, of which the demo knows nothing; "
            f"`PERENNIAL_STATE=.demo PERENNIAL_INCLUDE={state.INCLUDE} make demo` makes another one"
        )
    begun = time.monotonic()
    stack = up(folder, say)
    driver = Demo(stack, say, {"Starting": time.monotonic() - begun})
    if driver.run():
        say("\nThe round trip is done. It took:")
        for what, seconds in driver.times.items():
            say(f"  {seconds:6.1f} s  {what}")
        say(f"  {sum(driver.times.values()):6.1f} s  together")
    else:
        say("The demo has been run already; nothing was changed.")
    say(
        f"\nOpen      {airflow_url(stack.state)}\n"
        f"User      admin\nPassword  {stack.secret.admin_password}\n\n"
        "Look first at\n"
        "  Perennial   in the navigation bar: deciles, audiences, and the responses to what they were sent\n"
        "  Assets      each stage's output, with its rows, day by day, and what it was made from\n"
        "  Signals     within Perennial: each batch; correct what was set aside, and replay it\n"
        "  Dags        signals_batch: the backfill of the last week, from which all the rest followed\n"
        f"  {sandbox_url(stack.state)}   the stand-in for SendGrid: its contacts, lists and messages\n"
        "`make store-url` prints a PostgreSQL URL for a BI tool; `make down` stops everything."
    )


def _until(done: Callable[[], bool], complaint: Callable[[], str]) -> None:
    deadline = time.monotonic() + STALLED_AFTER
    while not done():
        if time.monotonic() > deadline:
            raise LocalError(complaint())
        time.sleep(POLL)
