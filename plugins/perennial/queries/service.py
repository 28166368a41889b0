"""Queries of people in; run one after the other, a few at once, and remembered with their results."""

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

from perennial.errors import PerennialError
from perennial.queries.errors import Place, QueryError
from perennial.queries.executions import UNFINISHED, Executions, Remembered
from perennial.queries.jobs import Dialect, Job, Output
from perennial.queries.limits import LONGEST, SHOWN, WHOLE, Limits
from perennial.queries.process import Execution, Frame, Workers
from perennial.queries.templates import Template, used_in, values_for
from perennial.queries.tokens import is_block

log = logging.getLogger(__name__)
AT_ONCE = 2
"""Queries that a server runs at once; the others wait."""
WAITING = 20
"""Queries that may wait."""
EACH = 3
"""Unfinished queries that one person may have."""
BEAT_S = 1.0


@dataclass(frozen=True)
class Asked:
    """A query as somebody asks for it."""

    sql: str
    dialect: Dialect
    given: Mapping[str, Any]
    """The values of its parameters, as they were given."""
    template: Template | None = None

    def values(self) -> dict[str, Any]:
        """The values as the query has them. Raises `QueryError` where one is missing."""
        if self.template is not None:
            return values_for(self.template.parameters, self.given)
        try:
            used = used_in(self.sql)
        except ValueError as error:
            raise QueryError("syntax", str(error)) from None
        for name in used:
            if self.given.get(name) is None:
                start = self.sql.find(f"${name}")
                place = Place(start, start + len(name) + 1)
                raise QueryError("parameter", f"The parameter ${name} has no value.", "Give it one.", place)
        return {name: self.given[name] for name in used}


class Queries:
    """The desk where queries are handed in.

    :param lake: the lake's root
    :param include: the folder of the documents
    :param reader: the connection string of the store's role that reads
    """

    def __init__(
        self,
        lake: str,
        include: Path,
        reader: Callable[[], str],
        executions: Executions,
        workers: Workers | None = None,
        shown: Limits = SHOWN,
        whole: Limits = WHOLE,
    ) -> None:
        self._lake, self._macros, self._reader = lake, include / "sql" / "macros", reader
        self.executions = executions
        self._workers = workers or Workers()
        self._shown, self._whole = shown, whole
        self._waiting: queue.SimpleQueue[tuple[UUID, Job]] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._running: dict[UUID, Execution] = {}
        self._ended: dict[UUID, threading.Event] = {}
        self._lock = threading.Lock()

    def submit(self, owner: str, asked: Asked) -> UUID:
        """Hand a query in. Raises `QueryError` where it cannot be run at all."""
        if len(asked.sql) > LONGEST:
            raise QueryError("size", f"The query is longer than {LONGEST:,} characters.", "Make it shorter.")
        if asked.dialect == "store" and is_block(asked.sql):
            hint = "Blocks run over the lake; the store takes one statement."
            raise QueryError("refused", "BEGIN is not allowed here.", hint)
        job = self._job(asked, asked.values(), "rows")
        if len(self._ended) >= WAITING or self.executions.unfinished(owner) >= EACH:
            raise QueryError("busy", "Too many queries wait to be run.", "Wait for yours, or cancel one.")
        template = asked.template.name if asked.template else None
        identifier = self.executions.begin(owner, asked.dialect, asked.sql, asked.given, template)
        self._ended[identifier] = threading.Event()
        self._waiting.put((identifier, job))
        self._begin()
        return identifier

    def wait(self, owner: str, identifier: UUID, seconds: float) -> Remembered | None:
        """A query once it has ended, or as it is after so many seconds."""
        ended = self._ended.get(identifier)
        if ended is not None:
            ended.wait(seconds)
            return self.executions.find(owner, identifier)
        deadline = time.monotonic() + seconds
        while True:
            found = self.executions.find(owner, identifier)
            if (
                found is None
                or found.state not in UNFINISHED
                or found.is_lost
                or time.monotonic() >= deadline
            ):
                return found
            time.sleep(0.25)

    def cancel(self, owner: str, identifier: UUID) -> None:
        """Stop a query, wherever it runs."""
        if self.executions.find(owner, identifier) is not None:
            self.executions.cancel(owner, identifier)
            if (running := self._running.get(identifier)) is not None:
                running.cancel()

    def download(self, found: Remembered, asked: Asked, output: Output) -> Iterator[bytes]:
        """All rows of a query, run again on the same snapshots, as a file; the first part comes at once.

        Raises `QueryError` before the first part; what fails later ends the file early.
        """
        job = replace(self._job(asked, asked.values(), output), snapshots=found.snapshots or {})
        frames = self._workers.start(job).frames()
        first = _first_data(frames)
        return _contents(first, frames)

    def warm_up(self) -> None:
        """Have a process wait for the first query."""
        self._workers.warm_up()

    def close(self) -> None:
        """Stop everything."""
        for execution in [*self._running.values()]:
            execution.cancel()
        self._workers.close()
        self.executions.close()

    def _job(self, asked: Asked, values: dict[str, Any], output: Output) -> Job:
        return Job(
            sql=asked.sql,
            dialect=asked.dialect,
            parameters=values,
            limits=self._shown if output == "rows" else self._whole,
            output=output,
            lake=self._lake if asked.dialect == "lake" else "",
            macros=str(self._macros),
            conninfo=self._reader() if asked.dialect == "store" else "",
        )

    def _begin(self) -> None:
        """Start the threads that run queries. They do not keep the server from ending."""
        with self._lock:
            while len(self._threads) < AT_ONCE:
                thread = threading.Thread(target=self._work, name="perennial-query", daemon=True)
                self._threads.append(thread)
                thread.start()

    def _work(self) -> None:
        while True:
            identifier, job = self._waiting.get()
            try:
                self._keep(identifier, job)
            except QueryError as error:
                with suppress(PerennialError):
                    self.executions.end(identifier, error)
            except Exception as error:
                log.exception("query %s could not be run", identifier)
                failed = QueryError(
                    "failed", f"The query could not be run ({type(error).__name__}).", "Try again."
                )
                with suppress(PerennialError):
                    self.executions.end(identifier, failed)
            finally:
                self._running.pop(identifier, None)
                if (ended := self._ended.pop(identifier, None)) is not None:
                    ended.set()

    def _keep(self, identifier: UUID, job: Job) -> None:
        """Run a query and remember its result; now and then say that it runs, and ask whether to go on."""
        if self.executions.beat(identifier):
            raise QueryError("cancelled", "The query was cancelled.")
        execution = self._workers.start(job)
        self._running[identifier] = execution
        ended = threading.Event()
        watch = threading.Thread(target=self._watch, args=(identifier, execution, ended), daemon=True)
        watch.start()
        try:
            columns: list[dict[str, Any]] = []
            content = b""
            for frame in execution.frames():
                if frame.kind == "M":
                    columns = frame.values["columns"]
                elif frame.kind == "D":
                    content += frame.content
                else:
                    self.executions.end(identifier, None, columns, frame.values, content)
        finally:
            ended.set()

    def _watch(self, identifier: UUID, execution: Execution, ended: threading.Event) -> None:
        while not ended.wait(BEAT_S):
            with suppress(QueryError):
                if self.executions.beat(identifier):
                    execution.cancel()


def _first_data(frames: Iterator[Frame]) -> Frame | None:
    return next((frame for frame in frames if frame.kind in ("D", "Z")), None)


def _contents(first: Frame | None, frames: Iterator[Frame]) -> Iterator[bytes]:
    if first is not None and first.kind == "D":
        yield first.content
    for frame in frames:
        if frame.kind == "D":
            yield frame.content
