"""What keeps a stack busy during a soak: messages without a pause, and somebody who looks at pages."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import polars as pl
import requests

from perennial.sandbox.app import DATASET
from perennial.sandbox.machines import browser
from perennial.sandbox.sources import packaged

MARK = "soak"
"""Begins the ids of its messages."""
PIECE = 10
"""Messages of a request."""
LOOK_EVERY = 5.0
"""Seconds between two pages."""


@dataclass
class Sender:
    """A source system that sends so many messages a second, each once."""

    url: str
    token: str
    per_second: float
    acknowledged: int = 0
    refused: int = 0
    """Requests that were not acknowledged; their messages were sent again until they were."""

    def run(self, stop: threading.Event) -> None:
        """Until told to stop; what has begun is acknowledged by then."""
        session = requests.Session()
        session.headers["Authorization"] = f"Bearer {self.token}"
        due = time.monotonic()
        for piece in _pieces(messages()):
            if stop.wait(max(0.0, due - time.monotonic())):
                return
            due = max(due + PIECE / self.per_second, time.monotonic() - 1)
            while not self._sent(session, piece):
                self.refused += 1
                time.sleep(1)
            self.acknowledged += len(piece)

    def _sent(self, session: requests.Session, piece: list[dict[str, Any]]) -> bool:
        with suppress(requests.RequestException):
            body = {"messages": piece}
            return session.post(f"{self.url}/collection/batch/{DATASET}", json=body, timeout=30).ok
        return False


@dataclass
class Reader:
    """Somebody who is signed in, and opens one page after another."""

    url: str
    session: requests.Session
    answers: dict[int, int] = field(default_factory=dict)
    """By the status, how many."""

    def run(self, stop: threading.Event) -> None:
        """Until told to stop."""
        for path in itertools.cycle(self.paths()):
            with suppress(requests.RequestException):
                answer = self.session.get(f"{self.url}{path}", timeout=60)
                self.answers[answer.status_code] = self.answers.get(answer.status_code, 0) + 1
            if stop.wait(LOOK_EVERY):
                return

    def paths(self) -> list[str]:
        """Airflow's own, the pages, and all widgets of some dashboards."""
        api = "/perennial/api/dashboards"
        widgets = [
            f"{api}/{name}/widgets/{widget['id']}"
            for name in ("overview", "customer_value", "sales")
            for widget in self.session.get(f"{self.url}{api}/{name}", timeout=60).json()["widgets"]
        ]
        pages = ["dashboards", "health", "signals", "audiences", "destinations", "people", "bots"]
        own = [
            "/api/v2/dags?limit=50",
            "/api/v2/monitor/health",
            "/api/v2/dags/signals_stream/dagRuns?limit=20",
        ]
        return [*own, *(f"/perennial/{page}" for page in pages), *widgets]


def messages() -> Iterator[dict[str, Any]]:
    """One after another, without an end: what households look at now."""
    rows = pl.scan_parquet(packaged("transactions")).select(
        pl.col("household_id", "product_id").cast(pl.String),
        price=(pl.col("sales_value") / pl.col("quantity")).round(2),
    )
    some = rows.filter(pl.col("price").is_finite()).head(50_000).collect().rows()
    for number, (household, product, price) in enumerate(itertools.cycle(some)):
        device = f"app-{int(household) * 48_271 % 2_147_483_647}"
        yield {
            "id": f"{MARK}-{number}",
            "at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "household": household,
            "device": device,
            "agent": browser(device),
            "action": ("view", "add_to_list")[number % 5 == 0],
            "product": {"id": product, "price": price},
        }


def _pieces(every: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    while True:
        yield list(itertools.islice(every, PIECE))


def beside(*works: Callable[[threading.Event], None]) -> Callable[[], None]:
    """Start each in a thread of its own; returns what stops them all, and waits for their end."""
    stop = threading.Event()
    threads = [threading.Thread(target=work, args=(stop,), daemon=True) for work in works]
    for thread in threads:
        thread.start()

    def end() -> None:
        stop.set()
        for thread in threads:
            thread.join(timeout=120)

    return end
