"""The round trip on the services of the compose file, run by `compose_processes`: history, messages, days."""

import base64
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

import compose_file
import polars as pl
from compose_processes import EMBEDDED, Deployment, restarted, running
from esp_process import API_KEY, running_esp
from lake_rows import lake_rows
from patient_api import PatientApi
from store_rows import store_rows

from perennial.collector import tokens
from perennial.local import databases, proc
from perennial.local.airflow_api import FINISHED, Run
from perennial.local.credentials import key_pair
from perennial.local.demo import HISTORY, STAGES
from perennial.local.errors import LocalError
from perennial.local.ports import LOOPBACK
from perennial.local.postgres import Server
from perennial.sandbox import app
from perennial.sandbox.sources import deliver

DAYS_STAGES = [name for name in STAGES if name != "sandbox_campaigns"]
"""What each day passes through; nobody plays the marketer here."""
STREAM = "signals_stream"


def secret() -> str:
    """Another one at each call."""
    return os.urandom(32).hex()


def variables(**given: str) -> dict[str, str]:
    """What `.env` would say."""
    passwords = (
        "POSTGRES_PASSWORD",
        "STORE_PASSWORD",
        "STORE_READER_PASSWORD",
        "REDIS_PASSWORD",
        "ADMIN_PASSWORD",
    )
    made = {
        name: secret() for name in (*passwords, "AIRFLOW_JWT_SECRET", "AIRFLOW_SECRET_KEY", "TRACKING_KEY")
    }
    fernet = base64.urlsafe_b64encode(os.urandom(32)).decode()
    fixed = {"AIRFLOW_FERNET_KEY": fernet, "SENDGRID_API_KEY": API_KEY, "SENDGRID_WEBHOOK_KEY": key_pair()[1]}
    return {**made, **fixed, "WORKER_CONCURRENCY": "2", **given}


@dataclass(frozen=True)
class Trip:
    """A deployment that is up, and what is asked of it."""

    deployment: Deployment
    server: Server
    given: dict[str, str]
    days: tuple[date, ...]
    held: set[str]
    """Services that are not to be started again for now."""
    again: list[str]
    """Those that have been started again."""

    @property
    def data(self) -> Path:
        return self.deployment.folder / "data"

    @cached_property
    def api(self) -> PatientApi:
        url = f"http://{LOOPBACK}:{self.deployment.ports['8080']}"
        return PatientApi(url, "admin", self.given["ADMIN_PASSWORD"])

    def begin(self) -> None:
        """Deliver the files, and set off the load of the history."""
        wanted = {HISTORY, STREAM, *DAYS_STAGES}
        self.until(lambda: self.api.dag_ids() >= wanted, "Airflow knows the Dags", 600)
        deliver(self.data / "landing", self.days)
        self.api.trigger(HISTORY, {})

    def receive(self) -> None:
        """Have the collector receive the app's messages, and set off their landing."""
        token = tokens.make(self.data / "collector_tokens.yaml", "app")
        app.send(f"http://{LOOPBACK}:{self.deployment.ports['8026']}", token)
        self.api.trigger(STREAM, {})

    def backfill(self, day: date) -> None:
        """Set off a day; Airflow takes no second backfill of a Dag before it has closed the first."""

        def taken() -> bool:
            try:
                self.api.backfill(DAYS_STAGES[0], day, day)
            except LocalError as refused:
                if " 409 " not in str(refused):
                    raise
                return False
            return True

        self.until(taken, f"the backfill of {day} is taken", 300)

    def ended(self, dag_ids: list[str], count: int, within: float) -> list[Run]:
        """So many runs of these Dags, once all have ended."""
        found: list[Run] = []

        def over() -> bool:
            found[:] = self.api.runs(dag_ids)
            return len(found) >= count and all(run.state in FINISHED for run in found)

        self.until(over, f"{count} runs of {dag_ids} have ended", within)
        return found

    def day_ended(self, day: date, within: float) -> list[Run]:
        """All runs of a day, once it has passed all stages."""
        found: list[Run] = []

        def over() -> bool:
            found[:] = [run for run in self.api.runs(DAYS_STAGES) if run.key == str(day)]
            return len(found) >= len(DAYS_STAGES) and all(run.state in FINISHED for run in found)

        self.until(over, f"{day} has passed all stages", within)
        return found

    def running(self, dag_id: str, task_id: str, key: str | None) -> bool:
        """Whether the task is at work."""
        for run in self.api.runs([dag_id]):
            if run.key == key and run.state == "running":
                path = f"/dags/{dag_id}/dagRuns/{run.run_id}/taskInstances/{task_id}"
                return bool(self.api._call("GET", path)["state"] == "running")
        return False

    def tries(self, dag_id: str, task_id: str, key: str | None) -> int:
        """How often the task was begun."""
        run = next(run for run in self.api.runs([dag_id]) if run.key == key)
        path = f"/dags/{dag_id}/dagRuns/{run.run_id}/taskInstances/{task_id}"
        return int(self.api._call("GET", path)["try_number"])

    def disturb(self, services: tuple[str, ...], number: signal.Signals, away: float) -> None:
        """End services, and have them come back after so many seconds."""
        self.held.update(services)
        for name in services:
            if name != EMBEDDED:
                self.deployment.end(name, number)
            elif number == signal.SIGKILL:
                self._kill_postgres()
            else:
                self.server.stop()
        time.sleep(away)
        if EMBEDDED in services:
            self.server.start()
        self.held.difference_update(services)

    def lake(self) -> dict[str, pl.DataFrame]:
        return lake_rows(self.data / "lake")

    def store(self) -> dict[str, list[tuple]]:
        return store_rows(self.server.url(databases.OWNER, self.given["STORE_PASSWORD"], databases.STORE))

    def until(self, done: Callable[[], bool], what: str, within: float) -> None:
        """Wait until something holds; fails with what did not come, and how the days' runs are."""
        deadline = time.monotonic() + within
        while not done():
            if time.monotonic() > deadline:
                states = {
                    f"{r.dag_id} {r.key}": r.state for r in self.api.runs(DAYS_STAGES) if r.state != "success"
                }
                raise AssertionError(f"within {within:.0f} s it did not come to pass that {what}: {states}")
            time.sleep(0.3)

    def _kill_postgres(self) -> None:
        postmaster = int((self.server.data / "postmaster.pid").read_text().split("\n", 1)[0])
        for process in [each for each in proc.living() if postmaster in (each.pid, each.parent)]:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        while (left := proc.read(postmaster)) is not None and left.state != "Z":
            time.sleep(0.05)


@contextmanager
def trip(days: tuple[date, ...]) -> Iterator[Trip]:
    """All services of the file, up and healthy, with the product's Dags; those that end are started again."""
    folder = Path(tempfile.mkdtemp(prefix="perennial-compose-"))
    # A root user's PostgreSQL runs as another account, which must get in.
    folder.chmod(0o755)
    (folder / "data").mkdir()
    shutil.copytree(compose_file.ROOT / "dags", folder / "dags", ignore=shutil.ignore_patterns("__pycache__"))
    with running_esp(folder / "esp") as esp:
        given, held = variables(SENDGRID_URL=esp.url), set[str]()
        try:
            with (
                running(folder, given, 300) as (placed, server),
                restarted(placed, placed.lasting, held) as again,
            ):
                yield Trip(placed, server, given, days, held, again)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
