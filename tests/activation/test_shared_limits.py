"""Two processes with one account keep its limits together; a long wait is left to the caller."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from activation.calling import WINDOWS

from perennial.activation.destinations.base import Window
from perennial.activation.destinations.failures import UnavailableError
from perennial.activation.ledger import migrate
from perennial.activation.shared_limits import Allowances

TESTS = Path(__file__).resolve().parents[1]
CALLS = 80
"""Of each process."""


def _process(url: str) -> subprocess.Popen[str]:
    path = os.pathsep.join((str(TESTS.parent / "plugins"), str(TESTS)))
    return subprocess.Popen(
        [sys.executable, str(TESTS / "activation" / "calling.py"), url, str(CALLS)],
        env={**os.environ, "PYTHONPATH": path},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_two_processes_obey_the_limits_together(store_url: str) -> None:
    migrate(store_url)
    processes = [_process(store_url) for _ in range(2)]
    for each in processes:
        assert each.stdout is not None
        assert each.stdout.readline() == "ready\n"
    for each in processes:
        assert each.stdin is not None
        each.stdin.write("\n")
        each.stdin.flush()
    made = [sorted(map(float, each.communicate(timeout=30)[0].split())) for each in processes]
    assert [len(each) for each in made] == [CALLS, CALLS]
    both = sorted(made[0] + made[1])
    for window in WINDOWS:
        for first in both:
            # What a busy machine delays after it was allowed comes a little late.
            assert sum(first <= at < first + window.seconds - 0.1 for at in both) <= window.calls
    assert made[0][0] < made[1][-1]
    assert made[1][0] < made[0][-1], "they ran at the same time"
    assert both[-1] - both[0] < 2 * (2 * CALLS / 55), "and did not wait much longer than they had to"


def test_what_another_connection_does_does_not_count(store_url: str) -> None:
    migrate(store_url)
    window = [Window(calls=1, seconds=600)]
    Allowances(store_url, "one").limiter("x", window).acquire()
    Allowances(store_url, "one").limiter("y", window).acquire()
    begun = time.monotonic()
    Allowances(store_url, "two").limiter("x", window).acquire()
    assert time.monotonic() - begun < 5


def test_a_long_wait_is_left_to_the_caller(store_url: str) -> None:
    migrate(store_url)
    window = [Window(calls=2, seconds=3600)]
    for _ in range(2):
        Allowances(store_url, "slow").limiter("x", window).acquire()
    with pytest.raises(
        UnavailableError, match=r"slow, x: the provider's limit is used up for 3[67]"
    ) as error:
        Allowances(store_url, "slow").limiter("x", window).acquire()
    assert 3590 < (error.value.retry_after or 0) < 3720


def test_what_was_not_made_is_given_back(store_url: str) -> None:
    migrate(store_url)
    limiter = Allowances(store_url, "many").limiter("x", [Window(calls=1000, seconds=60)])
    for _ in range(2):
        limiter.acquire()
        limiter._ends = 0.0
    with psycopg.connect(store_url) as connection:
        query = "SELECT slots FROM activation.calls WHERE destination = 'many'"
        ((slots,),) = connection.execute(query).fetchall()
    assert sum(slots["60"].values()) == 21, "the one that was made, and the block of 20 of which one is made"


def test_a_store_that_is_down_is_transient() -> None:
    limiter = Allowances("postgresql://nobody@127.0.0.1:1/none", "esp").limiter(
        "x", [Window(calls=1, seconds=1)]
    )
    with pytest.raises(UnavailableError, match="the store, for the limits of esp"):
        limiter.acquire()
