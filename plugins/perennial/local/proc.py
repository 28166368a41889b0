"""Linux's own account of its processes, in `/proc`."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True)
class Process:
    """A process at the moment of reading."""

    pid: int
    parent: int
    session: int
    state: str
    """One letter; `Z` is a dead one that its parent has not collected."""
    started: int
    """Clock ticks since boot. With the number and `boot()`, it names a process for good."""

    def variable(self, name: str) -> str | None:
        """An environment variable as it was at the start; None where it isn't set or may not be read."""
        try:
            variables = (PROC / str(self.pid) / "environ").read_bytes().split(b"\0")
        except OSError:
            return None
        prefix = f"{name}=".encode()
        return next((os.fsdecode(v.removeprefix(prefix)) for v in variables if v.startswith(prefix)), None)


def read(pid: int) -> Process | None:
    """The process with that number; None if there is none."""
    try:
        stat = (PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The second field, the name in brackets, may hold blanks and brackets itself.
    fields = stat.rpartition(")")[2].split()
    return Process(
        pid, parent=int(fields[1]), session=int(fields[3]), state=fields[0], started=int(fields[19])
    )


def living() -> Iterator[Process]:
    """All processes but the dead."""
    for entry in PROC.iterdir():
        if entry.name.isdigit() and (process := read(int(entry.name))) is not None and process.state != "Z":
            yield process


def kin() -> set[int]:
    """This process and those that it descends from."""
    line, pid = set(), os.getpid()
    while pid and (process := read(pid)) is not None:
        line.add(pid)
        pid = process.parent
    return line


def boot() -> str:
    """Names the time since the machine was started."""
    return (PROC / "sys/kernel/random/boot_id").read_text().strip()
