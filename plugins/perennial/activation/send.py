"""Carries a plan out against a destination, with every step in the ledger before and after it is made.

Killed at any moment and run again, the ledger and the destination end up as if nothing had happened: what
has a job is waited for, what has none is sent again, and both change nothing that is already so.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import polars as pl

from perennial.activation.destinations.base import (
    BatchRefusedError,
    Destination,
    JobFailedError,
    JobUnknownError,
    Row,
    Submitted,
)
from perennial.activation.ledger import Batch, Ledger
from perennial.activation.plan import Plan, batches
from perennial.errors import TerminalError, TransientError

REFUSALS = 100
"""Refused requests in search of the bad rows of one batch, after which the batch itself is at fault."""
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
        for rows in batches(plan.upserts, limits.rows, limits.bytes):
            search = _Search()
            self._upsert(run_id, rows, [lists[name] for name in rows["audiences"][0]], search)
            for batch_id, rejected in search.found.items():
                self.ledger.close(batch_id, "refused", rejected)

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

    def _upsert(self, run_id: int, rows: pl.DataFrame, lists: list[str], search: "_Search") -> None:
        batch_id = self.ledger.intend_upserts(run_id, rows)
        content = [
            Row(key, json.loads(payload)) for key, payload in rows.select("key", "payload").iter_rows()
        ]
        try:
            submitted = self.destination.submit_upserts(content, lists)
        except BatchRefusedError as error:
            rejected = {content[position].key: reason for position, reason in error.rows.items()}
            self.ledger.close(batch_id, "refused", rejected)
            if not rejected:
                search.refusals += 1
                if search.refusals >= REFUSALS:
                    raise
                if rows.height == 1:
                    search.found[batch_id] = {content[0].key: str(error)}
            for part in _parts(rows, rejected):
                self._upsert(run_id, part, lists, search)
        else:
            self._accepted(batch_id, submitted)

    def _accepted(self, batch_id: int, submitted: Submitted) -> None:
        if submitted.job is None:
            self.ledger.close(batch_id, "done", submitted.rejected)
        else:
            self.ledger.submitted(batch_id, submitted.job)
            self._under_way += 1
            if self._under_way == self.destination.limits.open_jobs:
                self._failures += self._settle()

    def _wait(self, batch: Batch, deadline: float) -> None:
        pause = FIRST_POLL
        while not self.destination.finished(str(batch.job)):
            if time.monotonic() + pause > deadline:
                raise JobsPendingError(f"job {batch.job} is not finished; its id is in the ledger, run again")
            self.sleep(pause)
            pause = min(LONGEST_POLL, pause * 1.6)


@dataclass
class _Search:
    """The search for rows that a destination refuses without naming them; what it finds counts at its end."""

    refusals: int = 0
    found: dict[int, dict[str, str]] = field(default_factory=dict)
    """By batch of one row: the key, and the refusal."""


def _parts(rows: pl.DataFrame, rejected: Mapping[str, str]) -> list[pl.DataFrame]:
    """What to send after a refusal: the rest without the named rows, or, where none was named, two halves."""
    if rejected:
        rest = rows.filter(~pl.col("key").is_in(list(rejected)))
        return [rest] if rest.height else []
    middle = rows.height // 2
    return [rows[:middle], rows[middle:]] if middle else []
