"""Carries a plan out against a destination, with every step in the ledger before and after it is made.

Killed at any moment and run again, the ledger and the destination end up as if nothing had happened: what
has a job is waited for, what has none is sent again, and both change nothing that is already so.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from perennial.activation.destinations.base import (
    BatchRefusedError,
    Destination,
    JobFailedError,
    JobUnknownError,
    Submitted,
)
from perennial.activation.ledger import Batch, Ledger
from perennial.activation.plan import Plan, batches
from perennial.activation.refusals import Part, Search, refused
from perennial.errors import TerminalError, TransientError

FIRST_POLL, LONGEST_POLL = 0.1, 5.0


class JobsPendingError(TransientError):
    """The destination still works on what it accepted; run again to wait on."""


@dataclass
class Sender:
    """One run's way to one destination."""

    ledger: Ledger
    destination: Destination
    patience: float = 600.0
    """Seconds to wait for the destination's jobs."""
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)
    _under_way: int = 0
    _failures: list[str] = field(default_factory=list)

    def recover(self) -> None:
        """Settle what an earlier run left open; afterwards the ledger says all that can be known.

        What failed or was forgotten stays unconfirmed: the plan that follows sends it again.
        """
        for batch in self.ledger.open_batches():
            if batch.job is None:
                self.ledger.close(batch.batch_id, "abandoned")
        self._settle()

    def submit(self, run_id: int, plan: Plan, lists: Mapping[str, str]) -> None:
        """Hand over all removals, then all upserts; `lists` maps audiences to the destination's list ids."""
        for (audience,), removals in plan.removals.group_by("audience", maintain_order=True):
            keys = removals["key"].to_list()
            for start in range(0, len(keys), self.destination.limits.removals):
                part = keys[start : start + self.destination.limits.removals]
                batch_id = self.ledger.intend_removals(run_id, str(audience), part)
                self._accepted(batch_id, self.destination.submit_removals(lists[str(audience)], part))
        limits = self.destination.limits
        parts = (
            Part(rows, [lists[name] for name in rows["audiences"][0]], Search())
            for rows in batches(plan.upserts, limits.rows, limits.bytes)
        )
        self._upsert(run_id, parts)

    def settle(self) -> None:
        """Wait for every job under way and record its outcome.

        Raises `JobsPendingError` when patience ends, and `TerminalError` where a job failed.
        """
        self._failures += self._settle()
        if self._failures:
            raise TerminalError("; ".join(self._failures))

    def _settle(self) -> list[str]:
        deadline = time.monotonic() + self.patience
        failures = []
        self._under_way = 0
        for batch in self.ledger.open_batches():
            try:
                self._wait(batch, deadline)
                keys = self.ledger.keys(batch.batch_id) if batch.kind == "upsert" else []
                rejected = self.destination.conclude(str(batch.job), keys)
            except JobUnknownError as error:
                self.ledger.close(batch.batch_id, "abandoned")
                failures.append(str(error))
            except JobFailedError as error:
                self.ledger.close(batch.batch_id, "failed")
                failures.append(str(error))
            else:
                self.ledger.close(batch.batch_id, "done", rejected)
        return failures

    def _upsert(self, run_id: int, parts: Iterator[Part]) -> None:
        """As many requests at a time as the destination takes; the ledger is written by this thread alone.

        After a failure no request is begun, and those under way are recorded before it is raised.
        """
        limits = self.destination.limits
        again: deque[Part] = deque()
        under_way: dict[Future[Submitted], tuple[int, Part]] = {}
        failure: Exception | None = None
        with ThreadPoolExecutor(limits.concurrency, thread_name_prefix="send") as pool:
            while True:
                while failure is None and len(under_way) < limits.concurrency:
                    if limits.open_jobs and self._under_way + len(under_way) >= limits.open_jobs:
                        if under_way:
                            break
                        self._failures += self._settle()
                    part = again.popleft() if again else next(parts, None)
                    if part is None:
                        break
                    batch_id = self.ledger.intend_upserts(run_id, part.rows)
                    request = pool.submit(self.destination.submit_upserts, part.content(), part.lists)
                    under_way[request] = (batch_id, part)
                if not under_way:
                    break
                done, _ = wait(under_way, return_when=FIRST_COMPLETED)
                for request in done:
                    batch_id, part = under_way.pop(request)
                    try:
                        again.extend(self._answered(batch_id, part, request))
                    except Exception as error:
                        if failure is None:
                            failure = error
                        else:
                            failure.add_note(f"And another request failed: {error}")
        if failure is not None:
            raise failure

    def _answered(self, batch_id: int, part: Part, request: Future[Submitted]) -> list[Part]:
        """Record what became of a request; what is to be sent in its place, if it was refused."""
        part.search.pending -= 1
        parts: list[Part] = []
        try:
            self._accepted(batch_id, request.result())
        except BatchRefusedError as error:
            self.ledger.close(batch_id, "refused", part.keys(error.rows))
            parts = refused(part, batch_id, error)
        for found, rejected in part.search.results().items():
            self.ledger.close(found, "refused", rejected)
        return parts

    def _accepted(self, batch_id: int, submitted: Submitted) -> None:
        if submitted.job is None:
            self.ledger.close(batch_id, "done", submitted.rejected)
        else:
            self.ledger.submitted(batch_id, submitted.job)
            self._under_way += 1

    def _wait(self, batch: Batch, deadline: float) -> None:
        pause = FIRST_POLL
        while not self.destination.finished(str(batch.job)):
            if time.monotonic() + pause > deadline:
                raise JobsPendingError(f"job {batch.job} is not finished; its id is in the ledger, run again")
            self.sleep(pause)
            pause = min(LONGEST_POLL, pause * 1.6)
