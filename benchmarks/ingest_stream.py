"""Stream ingestion: the collector with its durable log, against a bare ASGI endpoint.

The peer reads the body and answers; it runs on the same server with the same settings. Both get the same
requests of one message (about 240 bytes) over 64 connections that stay open, in turn, from a load generator
in a process of its own. The collector checks token, dataset and JSON, and answers when the message is on
disk. Afterwards the log is read: each message that was acknowledged must be in it once.

The market leader promises 1,000 requests a second, or 10,000 messages a second, on one connection:
`requests_per_s` counts requests of one message over all connections, `messages_per_s` messages in requests
of 1,000 on one. `ack_*` is the time to the acknowledgement when there is always another request, `paced_*`
that at 1,000 requests a second. `generator_busy` is the part of a core that the generator used: near 1, it
was the generator that was measured.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import requests
from common import Benchmark, median
from load import Load, message

from perennial.collector import tokens
from perennial.local.ports import free_ports
from perennial.settings import REPOSITORY
from perennial.signals.log import open_log, unpack

HERE = Path(__file__).parent
CONNECTIONS = 64
BATCH = 1000
PROMISE = 1000
ORDERS = """
title: Orders
kind: event
source: {stream: true}
key: [order_id]
columns:
  event_time: {type: timestamp, required: true}
  order_id: {type: string, required: true}
"""


@contextmanager
def serving(command: list[str], port: int, env: dict[str, str], path: str) -> Iterator[int]:
    """A server process until the block ends; its id."""
    process = subprocess.Popen([sys.executable, *command], env={**os.environ, **env})
    try:
        deadline = time.monotonic() + 30
        while True:
            with suppress(requests.RequestException):
                requests.get(f"http://127.0.0.1:{port}{path}", timeout=1)
                break
            if time.monotonic() > deadline or process.poll() is not None:
                raise RuntimeError(f"{command} does not answer")
            time.sleep(0.1)
        yield process.pid
    finally:
        process.terminate()
        process.wait(timeout=30)


def peak_gb(process: int) -> float:
    """The most memory that a process had so far."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024**2
    return 0.0


class Runs:
    """Loads, one after the other, each with messages that no other has."""

    def __init__(self, folder: Path, token: str) -> None:
        self._folder, self._token, self._next, self._count = folder, token, 0, 0

    def send(self, port: int, seconds: float, *, keep: bool = True, **how: Any) -> dict[str, Any]:
        """One load; `keep` notes what was acknowledged."""
        path = "/collection/batch/orders" if how.get("batch") else "/collection/orders"
        file = str(self._folder / f"acknowledged.{self._count}") if keep else ""
        how = {"connections": CONNECTIONS, **how}
        load = Load(port, path, self._token, seconds=seconds, acknowledged=file, first=self._next, **how)
        done = subprocess.run(
            [sys.executable, str(HERE / "load.py"), json.dumps(asdict(load))],
            stdout=subprocess.PIPE,
            check=True,
        )
        found: dict[str, Any] = json.loads(done.stdout)
        # Numbers that a connection had begun with and nobody answered stay unused.
        self._next = found["next"] + 2 * load.connections * (load.batch or 1)
        self._count += 1
        return found

    def acknowledged(self) -> dict[str, tuple[int, int]]:
        """By the first receipt of each request: its first message's number, and how many it had."""
        lines = (line.split() for file in self._folder.glob("acknowledged.*") for line in file.open())
        return {receipt: (int(number), int(count)) for receipt, number, count in lines}


def lost_and_doubled(spool: Path, acknowledged: dict[str, tuple[int, int]]) -> tuple[int, int]:
    """Messages that were acknowledged and are not in the log; messages that are in it more than once."""
    log, found, bodies = open_log(spool), Counter[str](), {}
    for partition in log.partitions("orders"):
        offset = 0
        while True:
            records, offset = log.read("orders", partition, offset, 1 << 25)
            if not records:
                break
            for record in map(unpack, records):
                number = record.body[record.body.index(b'"o-') + 3 :][:10].decode()
                found[number] += 1
                bodies[record.id] = record.body
    lost = sum(
        not found[f"{each:010d}"]
        for number, count in acknowledged.values()
        for each in range(number, number + count)
    )
    lost += sum(bodies.get(receipt) != message(number) for receipt, (number, _) in acknowledged.items())
    return lost, sum(times - 1 for times in found.values())


def run(benchmark: Benchmark) -> dict[str, Any]:
    """All loads, and what the log holds afterwards."""
    turns, seconds = (3, 2.5) if benchmark.scale == "small" else (7, 8.0)
    folder = Path(tempfile.mkdtemp(prefix="perennial-stream-"))
    try:
        (folder / "include/datasets").mkdir(parents=True)
        (folder / "include/datasets/orders.yaml").write_text(ORDERS)
        runs = Runs(folder, tokens.make(folder / "collector_tokens.yaml", "load"))
        ports = free_ports({"ours": None, "bare": None})
        env = {
            "PYTHONPATH": str(REPOSITORY / "plugins"),
            "PERENNIAL_STATE": str(folder),
            "PERENNIAL_INCLUDE": str(folder / "include"),
            "PERENNIAL_COLLECTOR_PORT": str(ports["ours"]),
        }
        bare_command = [str(HERE / "bare_asgi.py"), str(ports["bare"])]
        with (
            serving(bare_command, ports["bare"], env, "/"),
            serving(["-m", "perennial.collector"], ports["ours"], env, "/health") as process,
        ):
            pairs = []
            for turn in range(turns):
                benchmark.say(f"turn {turn + 1} of {turns}")
                bare = runs.send(ports["bare"], seconds, keep=False)
                pairs.append((bare, runs.send(ports["ours"], seconds)))
            batches = [runs.send(ports["ours"], 1.0, connections=1, batch=BATCH) for _ in range(turns)]
            paced = runs.send(ports["ours"], 2 * seconds, per_second=PROMISE)
            memory = peak_gb(process)
        lost, doubled = lost_and_doubled(folder / "spool", runs.acknowledged())
    finally:
        shutil.rmtree(folder)
    ours = [own for _, own in pairs]
    sent = [*((1, each) for each in [*ours, paced]), *((BATCH, each) for each in batches)]
    return {
        "messages_per_s": median(each["per_s"] * BATCH for each in batches),
        "requests_per_s": median(each["per_s"] for each in ours),
        "bare_requests_per_s": median(bare["per_s"] for bare, _ in pairs),
        "rate_vs_bare_asgi": median(own["per_s"] / bare["per_s"] for bare, own in pairs),
        **{f"ack_{q}_ms": median(each["latencies_ms"][q] for each in ours) for q in ("p50", "p95", "p99")},
        **{f"paced_{q}_ms": paced["latencies_ms"][q] for q in ("p50", "p95", "p99")},
        "paced_requests_per_s": paced["per_s"],
        "lost": lost,
        "doubled": doubled,
        "refused": sum(each["failed"] for _, each in sent),
        "messages": sum(each["requests"] * size for size, each in sent),
        "peak_gb": memory,
        "generator_busy": max(each["busy"] for pair in pairs for each in pair),
    }


if __name__ == "__main__":
    Benchmark(__doc__).main(run)
