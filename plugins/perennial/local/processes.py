"""Processes that outlive the command that starts them, and end with everything that they started.

Each service leads a session of its own. Tasks leave the service's process group but not its session, and they
inherit its environment: the session and the marker variable together find every process that is left.
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from perennial.local import proc
from perennial.local.environment import STACK_VARIABLE

PATIENCE = 5.0
"""Seconds from the polite signal to the one that cannot be refused."""


@dataclass(frozen=True)
class Record:
    """A started service: its process's number, which is its session's too, and which one of that number."""

    pid: int
    started: int
    boot: str

    @property
    def alive(self) -> bool:
        """Whether it is that very process that lives."""
        process = proc.read(self.pid)
        return process is not None and process.state != "Z" and self._is(process)

    def leads(self, process: proc.Process) -> bool:
        """Whether a process belongs to this service's session."""
        if process.session != self.pid or self.boot != proc.boot():
            return False
        # A leader of that number that is another process took over the number after all of ours had gone.
        leader = proc.read(self.pid)
        return leader is None or self._is(leader)

    def _is(self, process: proc.Process) -> bool:
        return process.started == self.started and self.boot == proc.boot()


@dataclass(frozen=True)
class Processes:
    """The services started from one state folder."""

    folder: Path

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> None:
        """Start a service; its output goes to `logs/<name>.log`."""
        self.log(name).parent.mkdir(exist_ok=True)
        with self.log(name).open("ab") as output:
            child = subprocess.Popen(
                list(command),
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self.folder,
                start_new_session=True,
            )
        process = proc.read(child.pid)
        record = Record(child.pid, process.started if process else 0, proc.boot())
        self._file(name).parent.mkdir(exist_ok=True)
        self._file(name).write_text(json.dumps(asdict(record)))

    def alive(self, name: str) -> bool:
        """Whether the service was started and lives."""
        file = self._file(name)
        return file.exists() and _read(file).alive

    def records(self) -> dict[str, Record]:
        """Those that were started, by the service's name."""
        return {file.stem: _read(file) for file in self._files()}

    def log(self, name: str) -> Path:
        """What the service printed."""
        return self.folder / "logs" / f"{name}.log"

    def stop(self, patience: float = PATIENCE) -> int:
        """End all services and what they started; returns how many processes had to be killed."""
        self._signal(signal.SIGTERM, patience)
        killed = self._signal(signal.SIGKILL, patience)
        for file in self._files():
            file.unlink()
        return killed

    def left(self) -> list[proc.Process]:
        """Every living process of this stack, in a service's session or with its mark, except our own kin."""
        records = self.records().values()
        spared = proc.kin()
        return [
            process
            for process in proc.living()
            if process.pid not in spared
            and (
                any(record.leads(process) for record in records)
                or process.variable(STACK_VARIABLE) == str(self.folder)
            )
        ]

    def _signal(self, number: signal.Signals, patience: float) -> int:
        addressed = self.left()
        for process in addressed:
            with suppress(ProcessLookupError):
                os.kill(process.pid, number)
        deadline = time.monotonic() + patience
        while self.left() and time.monotonic() < deadline:
            time.sleep(0.1)
        return len(addressed)

    def _files(self) -> Iterator[Path]:
        return (self.folder / "run").glob("*.json")

    def _file(self, name: str) -> Path:
        return self.folder / "run" / f"{name}.json"


def _read(file: Path) -> Record:
    return Record(**json.loads(file.read_text()))
