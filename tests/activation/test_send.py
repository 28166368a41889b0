"""Carrying out a plan: what goes wrong with jobs, and rows that a provider refuses without naming them."""

from collections.abc import Mapping, Sequence
from itertools import count
from threading import Barrier, Event

import psycopg
import pytest
from activation.destinations.scenario import BEST, People, day, execute
from activation.memory import MemoryDestination

from perennial.activation.destinations.base import (
    BatchRefusedError,
    JobFailedError,
    JobUnknownError,
    Row,
    Submitted,
)
from perennial.activation.destinations.failures import UnavailableError
from perennial.activation.ledger import migrate, open_ledger
from perennial.activation.refusals import REFUSALS, Removal
from perennial.activation.run import Report
from perennial.activation.send import Sender
from perennial.errors import TerminalError, TransientError

PEOPLE: People = {f"p{n}@example.com": {"in": ["best"], "decile": n} for n in range(1, 9)}


class Forgetful(MemoryDestination):
    """Forgets jobs, or fails them, as long as it is told to."""

    error: type[TerminalError] | None = None

    def finished(self, job: str) -> bool:
        if self.error is JobUnknownError:
            raise JobUnknownError(f"no job {job}")
        return True

    def conclude(self, job: str, keys: Sequence[str]) -> Mapping[str, str]:
        if self.error is JobFailedError:
            raise JobFailedError(f"job {job} failed")
        return {}


class Particular(MemoryDestination):
    """Refuses a whole batch because of some rows, and does not say which."""

    disliked: frozenset[str] = frozenset()

    def submit_upserts(self, rows: Sequence[Row], lists: Sequence[str]) -> Submitted:
        if any(row.key in self.disliked for row in rows):
            raise BatchRefusedError("something is wrong in here")
        return super().submit_upserts(rows, lists)


class Narrow(MemoryDestination):
    """Counts how many of its jobs are under way."""

    limits = MemoryDestination.limits.model_copy(update={"rows": 1, "open_jobs": 2})

    def __init__(self) -> None:
        super().__init__()
        self.under_way: set[str] = set()
        self.most = 0

    def submit_upserts(self, rows: Sequence[Row], lists: Sequence[str]) -> Submitted:
        submitted = super().submit_upserts(rows, lists)
        if submitted.job is not None:
            self.under_way.add(submitted.job)
        self.most = max(self.most, len(self.under_way))
        return submitted

    def conclude(self, job: str, keys: Sequence[str]) -> Mapping[str, str]:
        self.under_way.discard(job)
        return {}


class Together(MemoryDestination):
    """Answers no request before as many as it allows are under way."""

    limits = MemoryDestination.limits.model_copy(update={"rows": 1, "concurrency": 4})

    def __init__(self) -> None:
        super().__init__()
        self.barrier = Barrier(4, timeout=10)

    def submit_upserts(self, rows: Sequence[Row], lists: Sequence[str]) -> Submitted:
        self.barrier.wait()
        return super().submit_upserts(rows, lists)


class Dropping(MemoryDestination):
    """Its first request fails, but only when its second has been answered."""

    limits = MemoryDestination.limits.model_copy(update={"rows": 1, "concurrency": 2})

    def __init__(self) -> None:
        super().__init__()
        self.requests, self.answered = count(1), Event()

    def submit_upserts(self, rows: Sequence[Row], lists: Sequence[str]) -> Submitted:
        if next(self.requests) == 1:
            assert self.answered.wait(10)
            raise TransientError("no answer")
        super().submit_upserts(rows, lists)
        self.answered.set()
        return Submitted()


@pytest.fixture
def ledger_url(store_url: str) -> str:
    migrate(store_url)
    with psycopg.connect(store_url) as connection:
        connection.execute("TRUNCATE activation.run, activation.list CASCADE")
    return store_url


def _run(url: str, destination: MemoryDestination, people: People = PEOPLE) -> Report:
    with open_ledger(url, "memory", "email") as ledger:
        return execute(Sender(ledger, destination, sleep=lambda seconds: None), people, day(20))


def _states(url: str) -> dict[str, str]:
    with psycopg.connect(url) as connection:
        return dict(connection.execute("SELECT key, state FROM activation.outcome").fetchall())


@pytest.mark.parametrize("error", [JobUnknownError, JobFailedError])
def test_what_a_lost_or_failed_job_carried_is_sent_again(ledger_url: str, error: type[TerminalError]) -> None:
    destination = Forgetful()
    destination.error = error
    with pytest.raises(TerminalError, match="job"):
        _run(ledger_url, destination)
    unconfirmed = {key for key, state in _states(ledger_url).items() if state == "sending"}
    assert unconfirmed
    destination.error = None
    destination.given.clear()
    _run(ledger_url, destination)
    assert set(destination.given) == unconfirmed
    assert set(_states(ledger_url).values()) == {"delivered"}


def test_no_more_jobs_are_under_way_than_the_provider_allows(ledger_url: str) -> None:
    destination = Narrow()
    _run(ledger_url, destination)
    assert (destination.most, destination.under_way) == (2, set())
    assert set(_states(ledger_url).values()) == {"delivered"}


def test_jobs_of_other_activations_count(ledger_url: str) -> None:
    destination = Narrow()
    with open_ledger(ledger_url, "memory", "other") as ledger:
        run_id = ledger.begin(day(20))
        ledger.intend_removals(run_id, [Removal("best", "1", ["p1@example.com"])] * 2)
        with pytest.raises(UnavailableError, match="memory: others have as many jobs under way"):
            _run(ledger_url, destination)
        assert destination.given == []
        with psycopg.connect(ledger_url) as connection:
            connection.execute("UPDATE activation.batch SET updated_at = now() - interval '25 hours'")
    _run(ledger_url, destination)
    assert destination.lists[BEST] == PEOPLE.keys(), "what nobody ends is forgotten after a day"
    assert destination.most == 2


def test_as_many_requests_are_under_way_as_the_provider_allows(ledger_url: str) -> None:
    destination = Together()
    _run(ledger_url, destination)
    assert destination.lists[BEST] == PEOPLE.keys()
    assert set(_states(ledger_url).values()) == {"delivered"}


def test_what_was_answered_beside_a_failure_is_recorded_and_not_sent_again(ledger_url: str) -> None:
    destination = Dropping()
    with pytest.raises(TransientError, match="no answer"):
        _run(ledger_url, destination)
    sent, states = list(destination.given), _states(ledger_url)
    assert {key for key, state in states.items() if state == "delivered"} == set(sent)
    assert {state for state in states.values() if state != "delivered"} == {"sending"}
    _run(ledger_url, destination)
    assert sorted(destination.given) == sorted(PEOPLE)


def test_bad_rows_are_found_where_the_provider_does_not_name_them(ledger_url: str) -> None:
    destination = Particular()
    destination.disliked = frozenset({"p3@example.com", "p4@example.com"})
    report = _run(ledger_url, destination)
    assert report.rejected == 2
    assert {key for key, state in _states(ledger_url).items() if state == "rejected"} == destination.disliked
    assert destination.lists[BEST] == PEOPLE.keys() - destination.disliked


def test_a_batch_of_nothing_but_refusals_ends(ledger_url: str) -> None:
    people: People = {f"p{n}@example.com": {"in": ["best"]} for n in range(4 * REFUSALS)}
    destination = Particular()
    destination.limits = MemoryDestination.limits.model_copy(update={"rows": 10_000, "bytes": 10**7})
    destination.disliked = frozenset(people)
    with pytest.raises(BatchRefusedError, match="something is wrong"):
        _run(ledger_url, destination, people)
    assert destination.given == []
    assert set(_states(ledger_url).values()) == {"sending"}, "nobody is rejected for what is not their fault"
