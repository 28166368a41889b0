"""The destination's jobs under way in; their outcomes in the ledger out."""

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from perennial.activation.destinations.base import Destination, JobFailedError, JobUnknownError
from perennial.activation.lanes import Lanes
from perennial.activation.ledger import Ledger
from perennial.activation.request_log import Answer, Batch
from perennial.errors import TransientError

FIRST_POLL, LONGEST_POLL = 0.1, 5.0


class JobsPendingError(TransientError):
    """The destination still works on what it accepted; run again to wait on."""

    def __init__(self, jobs: Sequence[str]) -> None:
        which = f"job {jobs[0]} is" if len(jobs) == 1 else f"{len(jobs)} jobs are"
        super().__init__(f"{which} not finished; its id is in the ledger, run again")
        self.jobs = list(jobs)


@dataclass
class Jobs:
    """The jobs of one activation at one destination."""

    ledger: Ledger
    destination: Destination
    patience: float = 600.0
    """Seconds to wait for them."""
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)
    under_way: int = 0
    """Those whose outcome is not recorded."""
    failures: list[str] = field(default_factory=list)
    """What is said of those that came to nothing."""

    def settle(self, most: int = 0) -> None:
        """Wait until no more than so many are under way, the oldest first, and record their outcomes.

        Raises `JobsPendingError` when patience ends.
        """
        due = self.ledger.open_batches()
        self.under_way, deadline = len(due), time.monotonic() + self.patience
        waiting, width = deque(due[: len(due) - most]), self.destination.limits.concurrency
        pending: list[str] = []
        failure: Exception | None = None
        with Lanes[Batch](width, linger=0) as lanes:
            while (waiting and failure is None) or lanes:
                while waiting and failure is None and len(lanes) < width:
                    batch = waiting.popleft()
                    keys = self.ledger.keys(batch.batch_id) if batch.kind == "upsert" else []
                    lanes.begin(batch, self._end, batch, keys, deadline)
                for batch, ended in lanes.done():
                    try:
                        self._record(batch, ended)
                    except JobsPendingError as error:
                        pending += error.jobs
                    except Exception as error:
                        failure = failure or error
        if failure is not None:
            raise failure
        if pending:
            raise JobsPendingError(pending)

    def _record(self, batch: Batch, ended: Future[Mapping[str, str]]) -> None:
        try:
            answer = Answer(batch.batch_id, "done", ended.result())
        except (JobUnknownError, JobFailedError) as error:
            answer = Answer(batch.batch_id, "abandoned" if isinstance(error, JobUnknownError) else "failed")
            self.failures.append(str(error))
        self.ledger.record([answer])
        self.under_way -= 1

    def _end(self, batch: Batch, keys: list[str], deadline: float) -> Mapping[str, str]:
        """Wait for a job; which keys it refused."""
        pause, job = FIRST_POLL, str(batch.job)
        while not self.destination.finished(job):
            if time.monotonic() + pause > deadline:
                raise JobsPendingError([job])
            self.sleep(pause)
            pause = min(LONGEST_POLL, pause * 1.6)
        return self.destination.conclude(job, keys)
