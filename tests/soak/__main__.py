"""`make soak`: the demo's stack for an hour with continuous streaming; nothing may grow without bound.

A stack of its own takes in the demo's history, and one day passes all stages. Then a source system sends
messages without a pause, the stream's Dag lands them in micro-batches, the Dags of every ten minutes and of
every hour run, somebody opens page after page. All the while the processes are looked at. In the end every
acknowledged message must be in the lake once, all services up, no run failed, and no slope above what is
allowed (`growth.py`).
"""

import argparse
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from functools import cached_property
from pathlib import Path

import polars as pl
from patient_api import PatientApi

from perennial.local.airflow_api import FINISHED
from perennial.local.demo import HISTORY, Demo
from perennial.local.environment import airflow_url, collector_url
from perennial.local.errors import LocalError
from perennial.local.stack import Stack, down, up
from perennial.sandbox.app import DATASET
from perennial.sandbox.sources import DAYS, deliver

from .growth import Growth
from .load import MARK, Reader, Sender, beside
from .samples import Samples
from .table import written

STREAM = "signals_stream"


class PatientDemo(Demo):
    """It does not give up where other work keeps the machine from answering."""

    @cached_property
    def api(self) -> PatientApi:
        return PatientApi(airflow_url(self.stack.state), "admin", self.stack.secret.admin_password)


def main() -> int:
    """1 where something grew, got lost, failed or ended."""
    parser = argparse.ArgumentParser(prog="python -m soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--every", type=float, default=15.0, help="seconds between two looks")
    parser.add_argument("--rate", type=float, default=100.0, help="messages a second")
    parser.add_argument(
        "--results", type=Path, default=Path("soak"), help="a folder for the table and samples"
    )
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    given.results.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="perennial-soak-"))
    # A root user's PostgreSQL runs as another account, which must get in.
    folder.chmod(0o755)
    try:
        return _soak(folder, given)
    finally:
        down(folder, _say)
        shutil.rmtree(folder, ignore_errors=True)


def _soak(folder: Path, given: argparse.Namespace) -> int:
    stack = _up(folder)
    demo = PatientDemo(stack, _say, days=DAYS[-1:])
    demo._await_dags()
    deliver(stack.state.landing, demo.days)
    demo._once(HISTORY)
    demo._days()
    sender = Sender(collector_url(stack.state), stack.secret.collector_token, given.rate)
    reader = Reader(airflow_url(stack.state), demo.api._session)
    samples = Samples.of(stack, given.results / "samples.csv")
    _say(f"Streaming for {given.minutes:g} minutes")
    end_load = beside(sender.run, reader.run)
    end = time.monotonic() + given.minutes * 60
    try:
        while (left := end - time.monotonic()) > 0:
            samples.take()
            time.sleep(min(given.every, max(0.0, left)))
    except KeyboardInterrupt:
        _say("Stopped before its time; what was seen until then counts")
    end_load()
    found = samples.growths()
    trouble = [*_grown(found), *_ended(stack), *_landed(demo, sender), *_failed(demo)]
    text = written(found, samples, sender, reader, _runs(demo), trouble)
    (given.results / "table.md").write_text(text)
    print(text)
    return 1 if trouble else 0


def _up(folder: Path) -> Stack:
    """The stack, however slow the machine is: what has been started is waited for again."""
    for _ in range(4):
        try:
            return up(folder, _say)
        except LocalError as error:
            _say(str(error).partition("\n")[0])
    return up(folder, _say)


def _grown(found: dict[str, list[Growth]]) -> list[str]:
    return [
        f"{name} has more {growth.kind} every hour"
        for name, growths in found.items()
        for growth in growths
        if growth.unbounded
    ]


def _ended(stack: Stack) -> list[str]:
    return [f"{name} is {health}" for name, health in stack.health().items() if health != "up"]


def _landed(demo: Demo, sender: Sender) -> list[str]:
    """What was acknowledged is in the lake, each once."""
    run = demo.api.trigger(STREAM, {})
    deadline = time.monotonic() + 600
    while run.state not in FINISHED and time.monotonic() < deadline:
        time.sleep(1)
        run = demo.api.run(STREAM, run.run_id)
    table = pl.scan_delta(str(demo.stack.state.folder / "lake" / "events" / DATASET))
    ids = table.select("message_id").filter(pl.col("message_id").str.starts_with(f"{MARK}-")).collect()
    lost, doubled = (
        sender.acknowledged - ids["message_id"].n_unique(),
        ids.height - ids["message_id"].n_unique(),
    )
    return [f"{lost} messages lost, {doubled} doubled"] if lost or doubled else []


def _runs(demo: Demo) -> Counter[tuple[str, str]]:
    return Counter((run.dag_id, run.state) for run in demo.api.runs(sorted(demo.api.dag_ids())))


def _failed(demo: Demo) -> list[str]:
    return [
        f"{count} runs of {dag} failed" for (dag, state), count in _runs(demo).items() if state == "failed"
    ]


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
