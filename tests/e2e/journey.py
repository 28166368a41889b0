"""What the end-to-end tests ask of a stack: runs, tables, and processes."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl
import psutil
import psycopg
from lake_rows import lake_rows
from psycopg import sql

from perennial.local import databases
from perennial.local.airflow_api import FINISHED, AirflowApi, Run
from perennial.local.demo import Demo
from perennial.local.environment import airflow_url, store_url
from perennial.local.stack import Stack
from perennial.settings import REPOSITORY, Settings
from perennial.stages.workspace import Workspace

WITHIN = 240.0
"""Seconds within which anything that a test waits for must have come."""
# They say when something was written, and so differ between runs that write the same.
CLOCKS = {"checkpoint_log"}


@dataclass(frozen=True)
class Journey:
    """A stack on which the demo has run."""

    stack: Stack
    demo: Demo

    @cached_property
    def api(self) -> AirflowApi:
        return self.demo.api

    @property
    def url(self) -> str:
        return airflow_url(self.stack.state)

    @property
    def lake(self) -> Path:
        return self.stack.state.folder / "lake"

    @property
    def store(self) -> str:
        return store_url(self.stack.state, databases.OWNER, self.stack.secret.owner_password)

    @property
    def workspace(self) -> Workspace:
        """The product's documents over the stack's lake."""
        folder = self.stack.state.folder
        return Workspace(Settings(REPOSITORY / "include", str(self.lake), str(folder), folder / "spool"))

    def lake_rows(self) -> dict[str, pl.DataFrame]:
        """Every row of every table of the lake; of value, what is read of each day."""
        return lake_rows(self.lake)

    def store_rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of the star schema."""
        with psycopg.connect(self.store) as connection:
            names = connection.execute(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = 'insights'"
            ).fetchall()
            return {
                name: sorted(
                    connection.execute(
                        sql.SQL("TABLE {}").format(sql.Identifier("insights", name))
                    ).fetchall(),
                    key=repr,
                )
                for (name,) in names
                if name not in CLOCKS
            }

    def query(self, text: str) -> list[tuple[Any, ...]]:
        """Rows of the store."""
        with psycopg.connect(self.store) as connection:
            return connection.execute(text.encode()).fetchall()

    def finished(self, run: Run) -> Run:
        """The run, once it has ended."""
        found = run

        def ended() -> bool:
            nonlocal found
            found = self.api.run(run.dag_id, run.run_id)
            return found.state in FINISHED

        eventually(ended, f"{run.dag_id} {run.run_id} ends")
        return found

    def runs_of(self, dag_ids: list[str], key: str) -> list[Run]:
        """All runs of these Dags for a partition, the oldest first."""
        return [run for run in self.api.runs(dag_ids) if run.key == key]


def eventually(done: Callable[[], bool], what: str, within: float = WITHIN, pause: float = 0.2) -> None:
    """Wait until something holds; fails with what it was that did not come."""
    deadline = time.monotonic() + within
    while not done():
        if time.monotonic() > deadline:
            raise AssertionError(f"within {within:.0f} s it did not come to pass that {what}")
        time.sleep(pause)


def task_process(api: AirflowApi, run: Run, task_id: str) -> psutil.Process | None:
    """The process in which this task of a run is being executed, if it is."""
    instance = api._call("GET", f"/dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances/{task_id}")
    title = f"airflow worker -- {instance['id']}"
    return next((p for p in psutil.process_iter(["cmdline"]) if _title(p) == title), None)


def _title(process: psutil.Process) -> str:
    return " ".join(process.info["cmdline"] or []).strip()
