"""Carries a plan out against a destination, with every step in the ledger before and after it is made.

Killed at any moment and run again, the ledger and the destination end up as if nothing had happened: what
has a job is waited for, what has none is sent again, and both change nothing that is already so.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from perennial.activation.destinations.base import Destination
from perennial.activation.exchange import Exchange
from perennial.activation.jobs import Jobs
from perennial.activation.ledger import Ledger
from perennial.activation.plan import Plan, batches
from perennial.activation.refusals import Part, Removal, Search
from perennial.activation.request_log import Answer
from perennial.errors import TerminalError


@dataclass
class Sender:
    """One run's way to one destination."""

    ledger: Ledger
    destination: Destination
    patience: float = 600.0
    """Seconds to wait for the destination's jobs."""
    at_once: int = 100_000
    """People whose rows are in memory at a time."""
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)

    def __post_init__(self) -> None:
        self._jobs = Jobs(self.ledger, self.destination, self.patience, self.sleep)

    def recover(self) -> None:
        """Settle what an earlier run left open; afterwards the ledger says all that can be known.

        What failed or was forgotten stays unconfirmed: the plan that follows sends it again.
        """
        unknown = [each.batch_id for each in self.ledger.open_batches() if each.job is None]
        if unknown:
            self.ledger.record([Answer(batch_id, "abandoned") for batch_id in unknown])
        self._jobs.settle()
        self._jobs.failures.clear()

    def submit(self, run_id: int, plan: Plan, lists: Mapping[str, str]) -> None:
        """Hand over all removals, then all upserts; `lists` maps audiences to the destination's list ids."""
        ledger, limits = self.ledger, self.destination.limits
        removals = (
            Removal(str(audience), lists[str(audience)], keys)
            for (audience,), rows in plan.removals.group_by("audience", maintain_order=True)
            for keys in _cut(rows["key"].to_list(), limits.removals)
        )
        intend = partial(ledger.intend_removals, run_id)
        Exchange(ledger, self.destination, self._jobs, intend).carry_out(removals)
        upserts = (
            Part(rows, [lists[name] for name in rows["audiences"][0]], Search())
            for rows in batches(plan.upserts, limits.rows, limits.bytes)
        )
        intend = partial(ledger.intend_upserts, run_id)
        Exchange(ledger, self.destination, self._jobs, intend).carry_out(upserts)

    def settle(self) -> None:
        """Wait for every job under way and record its outcome.

        Raises `JobsPendingError` when patience ends, and `TerminalError` where a job failed.
        """
        self._jobs.settle()
        if self._jobs.failures:
            raise TerminalError("; ".join(self._jobs.failures))


def _cut(keys: list[str], size: int) -> list[list[str]]:
    return [keys[start : start + size] for start in range(0, len(keys), size)]
