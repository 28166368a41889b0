"""`python -m perennial.queries.worker`: a query in by its standard input, its result out by its output.

Whatever a query does, crash or fill the memory, it does here, and not to the server. The process waits, with
its libraries loaded, for one job after the other, each with an engine of its own; it ends when its parent
closes the input, and when a job uses more than it may.

Each answer is a frame: a letter, four bytes of length, and that many bytes. `M` describes the columns (JSON),
`D` is a part of the result, `E` an error (JSON), and `Z` the end with its counts (JSON).
"""

import json
import os
import queue
import resource
import struct
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

import polars as pl

from perennial.queries import results
from perennial.queries.blocks import run_block
from perennial.queries.catalog import LakeTables
from perennial.queries.errors import QueryError
from perennial.queries.jobs import Job
from perennial.queries.lake_engine import LakeEngine, connect
from perennial.queries.lake_statement import acting_functions
from perennial.queries.limits import SHOWN, Limits, out_of_memory, out_of_time
from perennial.queries.store_engine import StoreEngine

GRACE_S = 5
"""How much processor time more than allowed a process has to end by itself."""
HEADROOM = 4 << 30
"""Bytes that libraries reserve without using them."""


def main() -> None:
    """Wait for a job, do it, and end."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Nothing is ever written to a disk.
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    with suppress(OSError):
        # Should the machine run out of memory, this process is the one to go.
        Path("/proc/self/oom_score_adj").write_text("1000")
    with suppress(OSError):
        os.nice(5)
    output = os.fdopen(os.dup(1), "wb", buffering=0)
    # Libraries that print would break the frames.
    os.dup2(2, 1)
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(lines,), daemon=True).start()
    _prepare()
    while True:
        job = Job.read(json.loads(lines.get()))
        _limit(job.limits)
        _do(job, output)


def _listen(lines: "queue.SimpleQueue[bytes]") -> None:
    """Take jobs in; when the input is closed, nobody waits for a result any more."""
    for line in sys.stdin.buffer:
        lines.put(line)
    os._exit(0)


def _limit(limits: Limits) -> None:
    """What the system itself holds the process to, should its parent not be there to do it."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(usage.ru_utime + usage.ru_stime + limits.seconds * limits.threads) + GRACE_S
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.RLIM_INFINITY))
    room = 2 * limits.megabytes * 1_000_000 + HEADROOM
    resource.setrlimit(resource.RLIMIT_DATA, (room, resource.RLIM_INFINITY))
    with suppress(OSError):
        # The peak is counted from here.
        Path("/proc/self/clear_refs").write_text("5")


def _prepare() -> None:
    """Load what libraries load at their first use, before anybody waits."""
    acting_functions()
    reader = connect(SHOWN).sql("SELECT 1 AS c0").to_arrow_reader()
    frames = (pl.DataFrame(pl.from_arrow(batch)) for batch in reader)
    results.keep(frames, SHOWN)


def _do(job: Job, output: BinaryIO) -> None:
    engine: LakeEngine | StoreEngine | None = None
    timer: threading.Timer | None = None
    try:
        tables = LakeTables(job.lake, job.snapshots)
        if job.dialect == "lake":
            engine = LakeEngine(tables, Path(job.macros) if job.macros else None, job.limits)
        else:
            engine = StoreEngine(job.conninfo, job.limits)
        timer = threading.Timer(job.limits.seconds, engine.interrupt)
        timer.daemon = True
        timer.start()
        with _time_is_over(job.limits):
            if isinstance(engine, LakeEngine):
                columns, pieces = run_block(engine, job.sql, job.parameters)
            else:
                columns, pieces = engine.run(job.sql, job.parameters)
            _say(output, b"M", {"columns": [asdict(column) for column in columns]})
            counts = _send(output, job, columns, pieces)
        _say(output, b"Z", {**counts, "snapshots": tables.read, "peak_megabytes": _peak()})
    except QueryError as error:
        _say(output, b"E", error.as_dict())
    except MemoryError:
        _say(output, b"E", out_of_memory(job.limits).as_dict())
    except BaseException as error:
        message = f"The query ended with an error of its engine ({type(error).__name__})."
        failed = QueryError("failed", message, f"{error}".splitlines()[0][:300] if str(error) else "")
        _say(output, b"E", failed.as_dict())
    finally:
        if timer is not None:
            timer.cancel()
        if engine is not None:
            engine.close()


def _send(
    output: BinaryIO, job: Job, columns: list[results.Column], pieces: Iterator[pl.DataFrame]
) -> dict[str, Any]:
    if job.output == "rows":
        kept = results.keep(pieces, job.limits)
        _frame(output, b"D", kept.content)
        return {"rows": kept.rows, "truncated": kept.truncated}
    counted = _Counted(pieces)
    write = results.csv if job.output == "csv" else results.parquet
    for part in write(columns, counted):
        if part:
            _frame(output, b"D", part)
    return {"rows": counted.rows, "truncated": False}


class _Counted:
    """Rows that pass through."""

    def __init__(self, pieces: Iterator[pl.DataFrame]) -> None:
        self._pieces, self.rows = pieces, 0

    def __iter__(self) -> Iterator[pl.DataFrame]:
        return self

    def __next__(self) -> pl.DataFrame:
        piece = next(self._pieces)
        self.rows += piece.height
        return piece


class _time_is_over:
    """Say of an interrupted query which limit it was, and of one without memory, too."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    def __enter__(self) -> None: ...

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, QueryError) and error.kind == "timeout":
            raise out_of_time(self._limits) from None
        if isinstance(error, QueryError) and error.kind == "memory":
            raise out_of_memory(self._limits) from None


def _say(output: BinaryIO, kind: bytes, values: dict[str, Any]) -> None:
    _frame(output, kind, json.dumps(values).encode())


def _frame(output: BinaryIO, kind: bytes, content: bytes) -> None:
    rest = memoryview(kind + struct.pack(">I", len(content)) + content)
    while rest:
        rest = rest[output.write(rest) :]


def _peak() -> int:
    """The most memory that the process had since the job began, in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 // 1_000_000 for line in lines if line.startswith("VmHWM"))


if __name__ == "__main__":
    main()
