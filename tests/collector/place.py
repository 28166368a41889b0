"""A collector's surroundings: documents, tokens and folders; and the collector as a process."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from esp_process import PLUGINS, wait_for

from perennial.collector import tokens
from perennial.collector.limits import Limits
from perennial.collector.settings import CollectorSettings
from perennial.local.ports import free_ports
from perennial.settings import Settings
from perennial.signals.log import Record, StreamLog, open_log, unpack

ORDERS = """
title: Orders
kind: event
source: {stream: true, format: csv}
key: [order_id]
columns:
  event_time: {type: timestamp, required: true}
  order_id: {type: string, required: true, pattern: '^o-'}
  amount: {type: decimal, min: 0}
  channel: {type: string, enum: [shop, web]}
"""
STOCK = """
title: Stock
kind: record
source: {daily: 'stock/{day}.csv'}
key: [item]
columns: {item: {type: string, required: true}}
"""
GOOD = b'{"event_time": "2026-01-01 10:00:00",\n "order_id": "o-1", "amount": 12.50, "channel": "web"}'


@dataclass(frozen=True)
class Place:
    """Everything below one folder."""

    root: Path
    tokens: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def make(cls, root: Path) -> "Place":
        """Two datasets, of which one takes messages; a source for all, and one for stock only."""
        documents = root / "include" / "datasets"
        documents.mkdir(parents=True)
        (documents / "orders.yaml").write_text(ORDERS)
        (documents / "stock.yaml").write_text(STOCK)
        file = root / "tokens.yaml"
        return cls(root, {"shop": tokens.make(file, "shop"), "depot": tokens.make(file, "depot", ["stock"])})

    def settings(self, limits: Limits | None = None, **keys: tuple[str, ...]) -> CollectorSettings:
        """For a collector in this process; `keys` of webhooks, by provider."""
        places = Settings(
            self.root / "include", str(self.root / "lake"), str(self.root / "landing"), self.root / "spool"
        )
        return CollectorSettings("127.0.0.1", 0, places, keys, self.root / "tokens.yaml", limits or Limits())

    def headers(self, source: str = "shop", **more: str) -> dict[str, str]:
        """With the source's token."""
        return {"authorization": f"Bearer {self.tokens[source]}", "content-type": "application/json", **more}

    @property
    def log(self) -> StreamLog:
        return open_log(self.root / "spool")

    def kept(self, dataset: str = "orders") -> list[Record]:
        """All messages of a dataset that the log holds."""
        found: list[Record] = []
        for partition in self.log.partitions(dataset):
            offset = 0
            while True:
                records, offset = self.log.read(dataset, partition, offset, 1 << 24)
                if not records:
                    break
                found += map(unpack, records)
        return found

    @contextmanager
    def running(self, **environment: str) -> Iterator["Running"]:
        """The collector as a process, until the block ends."""
        port = free_ports({"collector": None})["collector"]
        env = {
            **os.environ,
            "PYTHONPATH": str(PLUGINS),
            "PERENNIAL_STATE": str(self.root),
            "PERENNIAL_INCLUDE": str(self.root / "include"),
            "PERENNIAL_COLLECTOR_TOKENS": str(self.root / "tokens.yaml"),
            "PERENNIAL_COLLECTOR_PORT": str(port),
            **environment,
        }
        process = subprocess.Popen([sys.executable, "-m", "perennial.collector"], env=env)
        try:
            wait_for(f"http://127.0.0.1:{port}/health", process)
            yield Running(f"http://127.0.0.1:{port}", port, process)
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@dataclass(frozen=True)
class Running:
    """A collector that answers."""

    url: str
    port: int
    process: "subprocess.Popen[bytes]"
