"""One stack of the tests' own, on which the demo has run: real Airflow, real PostgreSQL, real HTTP."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from perennial.local.demo import PAST, Demo
from perennial.local.stack import Stack, down, up
from perennial.sandbox.sources import DAYS

from .journey import Journey


@pytest.fixture(scope="package")
def folder() -> Iterator[Path]:
    """The state of the stack; it is stopped after these tests, since it would slow down those that follow."""
    made = Path(tempfile.mkdtemp(prefix="perennial-e2e-"))
    # A root user's PostgreSQL runs as another account, which must get in.
    made.chmod(0o755)
    try:
        yield made
    finally:
        down(made, print)
        shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="package")
def stack(folder: Path) -> Stack:
    return up(folder, print)


@pytest.fixture(scope="package")
def journey(stack: Stack) -> Journey:
    """The demo, run once: history, three days through all stages, and the responses."""
    # Dashboards want a past, and a month of it shows as much as a quarter.
    ranking = {**PAST["recompute_days"], "from_day": "2017-12-01"}
    demo = Demo(stack, print, days=DAYS[-3:], past={**PAST, "recompute_days": ranking})
    assert demo.run(), "there was nothing before"
    return Journey(stack, demo)
