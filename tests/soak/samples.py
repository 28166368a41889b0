"""What a stack's processes hold, looked at again and again: memory, files, threads, database connections."""

import csv
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg

from perennial.local import proc
from perennial.local.stack import Stack

from .growth import Growth, growth

POSTGRES = "postgres"


@dataclass(frozen=True)
class Sample:
    """One quantity of something at a moment."""

    second: float
    subject: str
    kind: str
    value: float


@dataclass
class Samples:
    """All of them; those of each moment are written to a file, too."""

    stack: Stack
    file: Path
    leaders: dict[int, str]
    """By the session, the service."""
    taken: list[Sample] = field(default_factory=list)
    titles: dict[str, str] = field(default_factory=dict)
    begun: float = field(default_factory=time.monotonic)

    @classmethod
    def of(cls, stack: Stack, file: Path) -> "Samples":
        """Of the services that run now."""
        leaders = {record.pid: name for name, record in stack.processes.records().items()}
        file.write_text("second,subject,kind,value\n")
        return cls(stack, file, leaders)

    def take(self) -> None:
        """Look at everything once."""
        second = time.monotonic() - self.begun
        found = [*self._processes(second), *self._connections(second)]
        self.taken += found
        with self.file.open("a", newline="") as out:
            csv.writer(out).writerows((round(s.second, 1), s.subject, s.kind, s.value) for s in found)

    def growths(self) -> dict[str, list[Growth]]:
        """Of whatever was there from the middle of the time to its end, by its name."""
        series: dict[tuple[str, str], list[Sample]] = defaultdict(list)
        for sample in self.taken:
            series[sample.subject, sample.kind].append(sample)
        end = max(sample.second for sample in self.taken)
        found: dict[str, list[Growth]] = defaultdict(list)
        for (subject, kind), its in sorted(series.items()):
            if its[0].second <= end / 2 and its[-1].second >= end * 0.99:
                found[self.titles.get(subject, subject)].append(
                    growth(kind, [s.second for s in its], [s.value for s in its])
                )
        return dict(found)

    def _processes(self, second: float) -> list[Sample]:
        found, numbers = [], dict.fromkeys([*self.leaders.values(), POSTGRES], 0)
        server = _server(self.stack)
        for process in proc.living():
            service = self.leaders.get(process.session)
            if service is None and server in (process.pid, process.parent):
                service = POSTGRES
            if service is None:
                continue
            numbers[service] += 1
            # Each backend of the server is a connection, and is counted there.
            if service == POSTGRES and process.pid != server:
                continue
            found += self._process(second, service, process)
        return found + [Sample(second, name, "processes", n) for name, n in numbers.items()]

    def _process(self, second: float, service: str, process: proc.Process) -> list[Sample]:
        subject = f"{service} {process.pid}.{process.started}"
        try:
            seen = psutil.Process(process.pid)
            with seen.oneshot():
                leads = process.pid in self.leaders or service == POSTGRES
                title = service if leads else f"{service}: {_title(seen)} {process.pid}"
                values = {
                    "memory": seen.memory_info().rss,
                    "files": seen.num_fds(),
                    "threads": seen.num_threads(),
                }
        except psutil.Error:
            return []
        self.titles[subject] = title
        return [Sample(second, subject, kind, value) for kind, value in values.items()]

    def _connections(self, second: float) -> list[Sample]:
        with psycopg.connect(self.stack.server.conninfo()) as connection:
            rows = connection.execute("""
                SELECT datname || ' as ' || usename, count(*) FROM pg_stat_activity
                WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
                    AND datname IS NOT NULL AND usename IS NOT NULL
                GROUP BY 1
            """).fetchall()
        known = {sample.subject for sample in self.taken if sample.kind == "connections"}
        found = dict.fromkeys(known, 0) | {f"database {name}": count for name, count in rows}
        return [Sample(second, name, "connections", count) for name, count in found.items()]


def _server(stack: Stack) -> int:
    return int((stack.state.postgres / "postmaster.pid").read_text().split("\n", 1)[0])


def _title(process: psutil.Process) -> str:
    words = [
        word for word in " ".join(process.cmdline()).split() if "/" not in word and not word.startswith("-")
    ]
    return " ".join(words)[:24].strip() or process.name()
