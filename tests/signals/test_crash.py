"""Processes are killed at random while clients send: what was acknowledged is there once, and no more.

`PERENNIAL_LONG=1` kills 200 times, otherwise six times. The seed of a run is printed with a failure.
"""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from perennial.collector.tokens import make
from perennial.lake.catalog import Lake
from perennial.local.ports import free_ports

from .crash_process import DAYS, FIRST, land, workspace

HERE = Path(__file__).parent
PLUGINS = HERE.parents[1] / "plugins"
KILLS = 200 if os.environ.get("PERENNIAL_LONG") else 6
CLIENTS = 3
WITHIN = 60.0

CLICKS = """
title: Clicks
kind: event
source: {stream: true}
key: [click]
columns:
  event_time: {type: timestamp, required: true, format: '%Y-%m-%dT%H:%M:%SZ'}
  click: {type: string, required: true}
  page: {type: integer, min: 0}
"""
ORDERS = """
title: Orders
kind: event
source: {daily: 'orders/{day}.csv'}
key: [order_id]
tolerance: 0.5
columns:
  event_time: {type: timestamp, required: true}
  order_id: {type: string, required: true}
  amount: {type: decimal, required: true, min: 0}
"""


@dataclass
class Victim:
    """A process that is started again whenever it was killed."""

    command: list[str]
    environment: dict[str, str]
    ready: Callable[["subprocess.Popen[bytes]"], None]
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        self.process = subprocess.Popen(self.command, env=self.environment, stdout=subprocess.PIPE)
        self.ready(self.process)

    def kill(self) -> None:
        assert self.process is not None
        assert self.process.poll() is None, "a process ended by itself"
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@dataclass
class Client:
    """Sends messages until told to stop; a message without an answer is sent again, as any client does."""

    url: str
    token: str
    name: str
    acknowledged: Counter = field(default_factory=Counter)
    refused: set[str] = field(default_factory=set)
    """Acknowledged messages that break a rule."""
    sent: set[str] = field(default_factory=set)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        session, number, dice = requests.Session(), 0, random.Random(self.name)
        session.headers["Authorization"] = f"Bearer {self.token}"
        while not self.stop.is_set():
            names = [f"{self.name}-{number + n}" for n in range(dice.choice([1, 1, 1, 20]))]
            number += len(names)
            if dice.random() < 0.1 and number > 50:
                names.append(f"{self.name}-{dice.randrange(number - 40)}")  # a repetition
            bad = {name for name in names if name.endswith("7")}
            self.sent.update(names)
            if not self._send(session, [self._message(name, name in bad) for name in names]):
                return
            self.acknowledged.update(name for name in names if name not in bad)
            self.refused.update(bad)

    def _message(self, name: str, bad: bool) -> dict[str, object]:
        return {"event_time": "2017-12-25T10:00:00Z", "click": name, "page": -1 if bad else 1}

    def _send(self, session: requests.Session, messages: list[dict[str, object]]) -> bool:
        deadline = time.monotonic() + WITHIN
        while time.monotonic() < deadline:
            try:
                answer = (
                    session.post(f"{self.url}/collection/clicks", json=messages[0], timeout=10)
                    if len(messages) == 1
                    else session.post(
                        f"{self.url}/collection/batch/clicks", json={"messages": messages}, timeout=10
                    )
                )
            except requests.RequestException:
                time.sleep(0.02)
                continue
            if answer.status_code < 300:
                return True
            assert answer.status_code == 503, answer.text
        raise AssertionError("the collector did not come back")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    datasets = tmp_path / "include/datasets"
    datasets.mkdir(parents=True)
    (datasets / "clicks.yaml").write_text(CLICKS)
    (datasets / "orders.yaml").write_text(ORDERS)
    (tmp_path / "landing/orders").mkdir(parents=True)
    for number in range(DAYS):
        # Each file repeats the half of the one before it, and has a row that breaks a rule.
        rows = [
            f"2017-12-{1 + number:02} 10:00:00,o{n},1.50" for n in range(number * 100, number * 100 + 200)
        ]
        rows.append(f"2017-12-{1 + number:02} 10:00:00,bad{number},-1")
        day = FIRST + timedelta(days=number)
        (tmp_path / f"landing/orders/{day}.csv").write_text(
            "\n".join(["event_time,order_id,amount", *rows]) + "\n"
        )
    return tmp_path


@pytest.fixture
def victims(root: Path) -> Iterator[dict[str, Victim]]:
    port = free_ports({"collector": None})["collector"]
    environment = {
        **os.environ,
        "PYTHONPATH": f"{PLUGINS}:{HERE.parent}",
        "PERENNIAL_STATE": str(root),
        "PERENNIAL_INCLUDE": str(root / "include"),
        "PERENNIAL_COLLECTOR_PORT": str(port),
        "POLARS_MAX_THREADS": "2",
    }

    def answers(process: "subprocess.Popen[bytes]") -> None:
        deadline = time.monotonic() + WITHIN
        while time.monotonic() < deadline and process.poll() is None:
            try:
                requests.get(f"http://127.0.0.1:{port}/health", timeout=5)
                return
            except requests.ConnectionError:
                time.sleep(0.05)
        raise AssertionError("the collector did not start")

    def says_so(process: "subprocess.Popen[bytes]") -> None:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"

    def python(*arguments: str) -> list[str]:
        return [sys.executable, "-m", *arguments]

    made = {
        "collector": Victim(python("perennial.collector"), environment, answers),
        "land": Victim(python("signals.crash_process", "land", str(root)), environment, says_so),
        "ingest": Victim(python("signals.crash_process", "ingest", str(root)), environment, says_so),
    }
    yield made
    for victim in made.values():
        if victim.process is not None and victim.process.poll() is None:
            victim.process.kill()
            victim.process.wait()


@pytest.mark.timeout(1800 if os.environ.get("PERENNIAL_LONG") else 240)
def test_whatever_is_killed_nothing_is_lost_doubled_or_invented(
    root: Path, victims: dict[str, Victim]
) -> None:
    seed = random.randrange(10**6)
    dice = random.Random(seed)
    token = make(root / "collector_tokens.yaml", "shop")
    for victim in victims.values():
        victim.start()
    url = f"http://127.0.0.1:{victims['collector'].environment['PERENNIAL_COLLECTOR_PORT']}"
    clients = [Client(url, token, f"c{n}") for n in range(CLIENTS)]
    threads = [threading.Thread(target=client.run, daemon=True) for client in clients]
    for thread in threads:
        thread.start()
    for _ in range(KILLS):
        time.sleep(dice.uniform(0.05, 0.8))
        victim = victims[dice.choice([*victims])]
        victim.kill()
        victim.start()
    for client in clients:
        client.stop.set()
    for thread in threads:
        thread.join(WITHIN + 20)
        assert not thread.is_alive(), f"seed {seed}"
    for victim in victims.values():
        victim.kill()
    made = workspace(root)
    while land(made):
        pass
    _check_messages(made.lake, clients, seed)
    from .crash_process import ingest

    ingest(made)
    _check_files(made.lake, seed)


def _check_messages(lake: Lake, clients: list[Client], seed: int) -> None:
    found = lake.events("clicks").scan().collect()["click"].to_list()
    acknowledged = {name for client in clients for name in client.acknowledged}
    assert len(acknowledged) > 100, "the clients had something to do"
    assert len(found) == len({*found}), f"doubled; seed {seed}"
    assert acknowledged <= {*found}, f"lost; seed {seed}"
    assert {*found} <= {name for client in clients for name in client.sent}, f"invented; seed {seed}"
    apart = {json.loads(raw)["click"] for raw in lake.quarantine("clicks").scan().collect()["raw"]}
    assert {name for client in clients for name in client.refused} <= apart, f"lost from quarantine; {seed}"
    assert not apart & {*found}
    states = lake.batches.scan().filter(dataset="clicks").collect().sort("step")
    last = states.unique("batch", keep="last", maintain_order=True)
    assert last["status"].unique().to_list() == ["success"], f"seed {seed}"
    assert last["accepted"].sum() == len(found), f"the log of batches counts each once; seed {seed}"


def _check_files(lake: Lake, seed: int) -> None:
    found = lake.events("orders").scan().collect().sort("event_id")
    assert sorted(found["order_id"]) == sorted(f"o{n}" for n in range(DAYS * 100 + 100)), f"seed {seed}"
    # An event belongs to the first file that had it.
    first = {
        f"o{n}": f"orders-{FIRST + timedelta(days=max(0, min(n // 100, DAYS) - 1))}" for n in range(1300)
    }
    assert dict(found.select("order_id", "batch").iter_rows()) == first, f"seed {seed}"
    apart = lake.quarantine("orders").scan().collect()
    assert sorted(json.loads(raw)["order_id"] for raw in apart["raw"]) == sorted(
        f"bad{n}" for n in range(DAYS)
    )
