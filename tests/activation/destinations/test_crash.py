"""Killed after any step and run again, an activation ends where an undisturbed one does."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
from activation.destinations.harness import SendGridHarness
from activation.destinations.scenario import BEST, LAPSING, People, activate, delivered

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


def _run_and_kill(store_url: str, harness: SendGridHarness, last: int) -> subprocess.CompletedProcess[str]:
    arguments = [store_url, harness.esp.url, harness.esp.api_key, str(last), json.dumps(AFTER), "21"]
    script = TESTS / "activation" / "destinations" / "killed.py"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(TESTS.parent / "plugins"), str(TESTS)))}
    return subprocess.run(
        [sys.executable, str(script), *arguments], env=environment, capture_output=True, text=True, timeout=60
    )


def _everything(store_url: str, harness: SendGridHarness) -> object:
    keys = [*BEFORE, *AFTER]
    return delivered(store_url).rows(), harness.members(BEST, keys), harness.members(LAPSING, keys)


def test_killed_at_every_step(store_url: str, tmp_path: Path) -> None:
    with SendGridHarness.start(tmp_path) as harness:
        done, expected = _attempt(store_url, harness, 0)
        assert done.returncode == 0, done.stderr
        steps = int(done.stdout)
        assert steps > 12
        for last in range(1, steps + 1):
            done, found = _attempt(store_url, harness, last)
            assert done.returncode == -signal.SIGKILL, (last, done.stderr)
            assert found == expected, f"killed after step {last} of {steps}"


def _attempt(
    store_url: str, harness: SendGridHarness, last: int
) -> tuple[subprocess.CompletedProcess[str], object]:
    """From the same start: a run that is killed (0: not), a rerun, and everything that is left."""
    with psycopg.connect(store_url) as connection:
        connection.execute("DROP SCHEMA IF EXISTS activation CASCADE")
    migrate(store_url)
    harness.clear()
    activate(store_url, harness.destination(), BEFORE)
    done = _run_and_kill(store_url, harness, last)
    if last:
        activate(store_url, harness.destination(), AFTER, 21)
    return done, _everything(store_url, harness)
