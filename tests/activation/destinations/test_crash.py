"""Killed after any step and run again, an activation ends where an undisturbed one does."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from activation.destinations.scenario import BEST, LAPSING, People, activate, delivered
from activation.destinations.sendgrid.harness import SendGridHarness, start

from perennial.activation.ledger import migrate

TESTS = Path(__file__).resolve().parents[2]
BEFORE: People = {
    "ann@example.com": {"in": ["best"], "decile": 1},
    "bob@example.com": {"in": ["best", "lapsing"], "decile": 2},
}
AFTER: People = {
    "ann@example.com": {"in": ["best"], "decile": 3},
    "bob@example.com": {"in": ["best"], "decile": 2},
    "cat@example.com": {"in": ["lapsing"], "decile": 5},
    "refused-later-dan@example.com": {"in": ["lapsing"]},
    "no address": {"in": ["lapsing"]},
}


@pytest.fixture
def killed() -> Iterator[subprocess.Popen[str]]:
    """The process that takes orders for runs that are killed."""
    script = TESTS / "activation" / "destinations" / "killed.py"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(TESTS.parent / "plugins"), str(TESTS)))}
    with subprocess.Popen(
        [sys.executable, str(script)],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process


def _attempt(
    killed: subprocess.Popen[str], store_url: str, harness: SendGridHarness, last: int
) -> tuple[dict[str, int], object]:
    """From the same start: a run that is killed (0: not), a rerun, and everything that is left."""
    with psycopg.connect(store_url) as connection:
        connection.execute("DROP SCHEMA IF EXISTS activation CASCADE")
    migrate(store_url)
    harness.clear()
    activate(store_url, harness.destination(), BEFORE)
    order: dict[str, Any] = {
        "store_url": store_url,
        "esp_url": harness.esp.url,
        "api_key": harness.esp.api_key,
    }
    assert killed.stdin is not None
    assert killed.stdout is not None
    killed.stdin.write(json.dumps({**order, "last": last, "people": AFTER, "day": 21}) + "\n")
    killed.stdin.flush()
    done = json.loads(killed.stdout.readline())
    if last:
        activate(store_url, harness.destination(), AFTER, 21)
    keys = [*BEFORE, *AFTER]
    left = delivered(store_url).rows(), harness.members(BEST, keys), harness.members(LAPSING, keys)
    return done, left


@pytest.mark.long
def test_killed_at_every_step(killed: subprocess.Popen[str], store_url: str, tmp_path: Path) -> None:
    with start(tmp_path) as harness:
        done, expected = _attempt(killed, store_url, harness, 0)
        assert done["exit"] == 0
        # Waiting for jobs takes a step more or less: it is over when a run ends before it is killed.
        for last in count(1):
            died, found = _attempt(killed, store_url, harness, last)
            assert found == expected, f"killed after step {last} of about {done['steps']}"
            if died["exit"] == 0:
                break
            assert died["exit"] == -signal.SIGKILL, f"step {last}"
        assert last > 12
