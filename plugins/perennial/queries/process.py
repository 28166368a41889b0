"""A job in; its result, piece by piece, from a process that is stopped when its time or memory is used up.

A process that waits for the next job is kept ready, since starting one takes longer than most queries. One
whose job has ended well takes the next; every other one is ended.
"""

import json
import os
import selectors
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from perennial.queries.errors import QueryError
from perennial.queries.jobs import Job
from perennial.queries.limits import LONGEST, Limits, out_of_memory, out_of_time

_PACKAGES = Path(__file__).resolve().parents[2]
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "HOME", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR")
_STORAGE = ("AWS_", "AZURE_", "GOOGLE_")
"""Beginnings of the variables with which object stores are reached; no others are passed on."""
WELL = 500_000_000
"""Bytes with which a process may go on: what libraries keep for later must not count against the next job."""
_NO_HARM = ("syntax", "refused", "missing", "parameter", "snapshot", "size", "unreachable")
"""Errors after which a process is as good as before."""
_LOOK_S = 0.05
"""How often a running process is looked at."""
_PATIENCE_S = 3
"""How long a query may take to end by itself once its time is over."""

FrameKind = Literal["M", "D", "E", "Z"]


@dataclass(frozen=True)
class Frame:
    """A part of an answer: `M` columns, `D` data, `Z` counts; JSON is read already."""

    kind: FrameKind
    values: dict[str, Any]
    content: bytes = b""


class Workers:
    """Processes that run queries.

    :param ready: how many wait for a job
    """

    def __init__(self, ready: int = 1) -> None:
        self._ready, self._waiting = ready, list[subprocess.Popen[bytes]]()
        self._lock = threading.Lock()

    def start(self, job: Job) -> "Execution":
        """Begin a job. Raises `QueryError` if its text is too long."""
        if len(job.sql) > LONGEST:
            raise QueryError("size", f"The query is longer than {LONGEST:,} characters.", "Make it shorter.")
        process = self._take()
        execution = Execution(process, job.limits, self._done)
        try:
            execution.send(json.dumps(job.as_dict()).encode() + b"\n")
        except BrokenPipeError:
            execution.stop()
            raise QueryError("busy", "The process that runs queries did not start.", "Try again.") from None
        return execution

    def warm_up(self) -> None:
        """Start the processes that wait."""
        with self._lock:
            self._waiting = [each for each in self._waiting if each.poll() is None]
            while len(self._waiting) < self._ready:
                self._waiting.append(_spawn())

    def close(self) -> None:
        """End the processes that wait."""
        with self._lock:
            self._ready = 0
            for process in self._waiting:
                _end(process)
            self._waiting.clear()

    def _done(self, process: subprocess.Popen[bytes], is_well: bool) -> None:
        """Keep a process that has done its job for another one, or end it and start a new one."""
        with self._lock:
            if is_well and len(self._waiting) < self._ready and _memory(process.pid) < WELL:
                self._waiting.append(process)
                return
        _end(process)
        self._warm_up_later()

    def _warm_up_later(self) -> None:
        threading.Thread(target=self.warm_up, daemon=True).start()

    def _take(self) -> subprocess.Popen[bytes]:
        with self._lock:
            while self._waiting:
                process = self._waiting.pop(0)
                if process.poll() is None:
                    return process
        return _spawn()


class Execution:
    """A running job."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        limits: Limits,
        done: Callable[[subprocess.Popen[bytes], bool], None],
    ) -> None:
        self._process, self._limits, self._done = process, limits, done
        self._ended = False
        self._deadline = time.monotonic() + limits.seconds + _PATIENCE_S
        self._cancelled = False

    def send(self, line: bytes) -> None:
        """Hand the job over."""
        if self._process.stdin is not None:
            self._process.stdin.write(line)
            self._process.stdin.flush()

    def frames(self) -> Iterator[Frame]:
        """The parts of the answer, as they come. Raises `QueryError`."""
        is_well = False
        try:
            while True:
                kind, size = struct.unpack(">cI", self._read(5))
                content = self._read(size)
                if kind == b"D":
                    yield Frame("D", {}, content)
                    continue
                values = json.loads(content)
                if kind == b"E":
                    error = QueryError.read(values)
                    is_well = error.kind in _NO_HARM
                    raise error
                is_well = kind == b"Z"
                yield Frame(kind.decode(), values)
                if is_well:
                    return
        finally:
            self.stop(is_well)

    def cancel(self) -> None:
        """Stop it; whoever reads its frames gets an error. For another thread."""
        self._cancelled = True

    def stop(self, is_well: bool = False) -> None:
        """End it, whatever it does."""
        if not self._ended:
            self._ended = True
            self._done(self._process, is_well)

    def _read(self, size: int) -> bytes:
        """So many bytes of the answer."""
        output = self._process.stdout
        if output is None:
            raise QueryError("failed", "The process that runs queries has no output.")
        parts, missing = [], size
        with selectors.DefaultSelector() as selector:
            selector.register(output, selectors.EVENT_READ)
            while missing:
                self._check()
                if not selector.select(_LOOK_S):
                    continue
                part = os.read(output.fileno(), min(missing, 1 << 20))
                if not part:
                    raise self._died()
                parts.append(part)
                missing -= len(part)
        return b"".join(parts)

    def _check(self) -> None:
        if self._cancelled:
            raise QueryError("cancelled", "The query was cancelled.")
        if time.monotonic() > self._deadline:
            raise out_of_time(self._limits)
        if _memory(self._process.pid) > self._limits.megabytes * 1_000_000:
            raise out_of_memory(self._limits)

    def _died(self) -> QueryError:
        code = self._process.wait()
        if self._cancelled:
            return QueryError("cancelled", "The query was cancelled.")
        if code in (-9, -6):
            return out_of_memory(self._limits)
        if code in (-24, -14):
            return out_of_time(self._limits)
        return QueryError(
            "failed",
            "The query ended the process that ran it.",
            "It is nested too deeply, or meets an error of the engine: make it simpler.",
        )


def _spawn() -> subprocess.Popen[bytes]:
    kept = {
        name: value for name, value in os.environ.items() if name in _PASSED_ON or name.startswith(_STORAGE)
    }
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "perennial.queries.worker"],
        env={**kept, "PYTHONPATH": str(_PACKAGES), "PYTHONDONTWRITEBYTECODE": "1"},
        # Paths in a query lead nowhere from here.
        cwd="/",
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except BrokenPipeError:
                continue


def _memory(pid: int) -> int:
    """Bytes that a process has in memory; 0 once it has ended."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0
