"""Requests in; their answers in the ledger out. As many are under way as the destination takes.

Requests are recorded before they are made, those of some thousand rows at a time, and their answers as they
come within a moment: so the ledger does not hold them up.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field
from typing import Any

from perennial.activation.destinations.base import BatchRefusedError, Destination, Submitted
from perennial.activation.destinations.failures import UnavailableError
from perennial.activation.jobs import Jobs
from perennial.activation.lanes import Lanes
from perennial.activation.ledger import Ledger
from perennial.activation.refusals import Part, Removal, refused
from perennial.activation.request_log import Answer

BUSY = 30.0
"""Seconds after which it is worth while to look whether others' jobs have ended."""
AHEAD = 20_000
"""Rows whose requests are recorded ahead of their making."""
Request = Part | Removal


@dataclass
class Exchange:
    """One kind of request of one run."""

    ledger: Ledger
    destination: Destination
    jobs: Jobs
    intend: Callable[[Sequence[Any]], list[int]]
    """Records requests before they are made; the ids of their batches."""
    _again: deque[Request] = field(default_factory=deque)
    _rows: int = 0
    """How many are under way."""

    def carry_out(self, requests: Iterator[Request]) -> None:
        """Make all requests; the ledger is written by this thread alone.

        After a failure no request is begun, and those under way are recorded before it is raised.
        """
        failure: Exception | None = None
        with Lanes[tuple[int, Request]](self.destination.limits.concurrency) as lanes:
            while True:
                if failure is None:
                    self._begin(lanes, requests)
                if not lanes:
                    break
                answers: list[Answer] = []
                for (batch_id, request), ended in lanes.done():
                    self._rows -= request.size
                    try:
                        self._answered(batch_id, request, ended, answers)
                    except CancelledError:
                        answers.append(Answer(batch_id, "abandoned"))
                    except Exception as error:
                        if failure is None:
                            failure = error
                            lanes.stop()
                        else:
                            failure.add_note(f"And another request failed: {error}")
                self.ledger.record(answers)
                self.jobs.under_way += sum(answer.job is not None for answer in answers)
        if failure is not None:
            raise failure

    def _begin(self, lanes: Lanes[tuple[int, Request]], requests: Iterator[Request]) -> None:
        """Keep a supply of requests that are recorded and wait in line."""
        limits = self.destination.limits
        if len(lanes) > limits.concurrency and self._rows > AHEAD // 2:
            return
        while True:
            with self.ledger.room(limits.open_jobs) as room:
                begun = self._wave(requests, room)
                batches = self.intend(begun) if begun else []
            for batch_id, request in zip(batches, begun, strict=True):
                lanes.begin((batch_id, request), request.send, self.destination)
            if room != 0 or lanes or not self._is_left(requests):
                return
            if not self.jobs.under_way:
                said = f"{self.ledger.destination}: others have as many jobs under way as the provider takes"
                raise UnavailableError(said, BUSY)
            self.jobs.settle(self.jobs.under_way // 2)

    def _is_left(self, requests: Iterator[Request]) -> bool:
        """Whether there is anything more to begin."""
        if not self._again and (following := next(requests, None)) is not None:
            self._again.append(following)
        return bool(self._again)

    def _wave(self, requests: Iterator[Request], room: int | None) -> list[Request]:
        """The next requests, as many as there is room for."""
        wave: list[Request] = []
        rows = 0
        while rows < AHEAD and (room is None or len(wave) < room):
            request = self._again.popleft() if self._again else next(requests, None)
            if request is None:
                break
            wave.append(request)
            rows += request.size
        self._rows += rows
        return wave

    def _answered(
        self, batch_id: int, request: Request, ended: Future[Submitted], answers: list[Answer]
    ) -> None:
        """Note what became of a request, and what is to be sent in its place, if it was refused."""
        if isinstance(request, Removal):
            answers.append(_taken(batch_id, ended.result()))
            return
        request.search.pending -= 1
        try:
            answers.append(_taken(batch_id, ended.result()))
        except BatchRefusedError as error:
            answers.append(Answer(batch_id, "refused", request.keys(error.rows)))
            self._again.extend(refused(request, batch_id, error))
        found = request.search.results()
        answers += [Answer(each, "refused", rejected) for each, rejected in found.items()]


def _taken(batch_id: int, submitted: Submitted) -> Answer:
    if submitted.job is None:
        return Answer(batch_id, "done", submitted.rejected)
    return Answer(batch_id, "submitted", job=submitted.job)
