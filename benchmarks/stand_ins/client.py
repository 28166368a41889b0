"""`python client.py <kind> <address> <store> <people>`: an activation against a stand-in's server.

Then the floor: the same bodies, only posted. Prints what it took as JSON.
"""

import itertools
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import polars as pl
import requests
from requests.adapters import HTTPAdapter

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "benchmarks")]
from common import GIBIBYTE, peak  # noqa: E402

# The tests' package has the benchmark's name.
sys.path.remove(str(ROOT / "benchmarks"))
sys.path.insert(0, str(ROOT / "tests"))

from perennial.activation.definition import Activation  # noqa: E402
from perennial.activation.destinations.registry import connector  # noqa: E402
from perennial.activation.destinations.wire import Wire  # noqa: E402
from perennial.activation.ledger import migrate, open_ledger  # noqa: E402
from perennial.activation.run import run  # noqa: E402
from perennial.activation.send import Sender  # noqa: E402
from perennial.activation.shared_limits import Allowances  # noqa: E402

KEPT = 200
"""Requests whose bodies are kept for the floor."""


class Forward(HTTPAdapter):
    """Sends what is meant for the provider to its stand-in, and keeps the first bodies with people."""

    def __init__(self, url: str, connections: int) -> None:
        super().__init__(pool_maxsize=connections)
        self.url, self.kept = url, list[tuple[str, str, dict[str, str], bytes]]()

    def send(self, request: requests.PreparedRequest, *args: Any, **how: Any) -> requests.Response:
        """Send it there."""
        request.headers["X-Meant-For"] = str(urlsplit(str(request.url)).hostname)
        request.url = self.url + request.path_url
        if len(self.kept) < KEPT and request.body and len(request.body) > 1000:
            headers = {name: str(value) for name, value in request.headers.items()}
            self.kept.append((str(request.method), request.url, headers, bytes(request.body)))
        return super().send(request, *args, **how)


def document(kind: str) -> Activation:
    """Two fields, and one audience."""
    return Activation.model_validate(
        {
            "name": kind, "title": kind, "destination": {"kind": kind, "connection": f"{kind}_default"},
            "audiences": ["best"],
            "mapping": {"spend_decile": {"attribute": "spend_12m_decile", "default": 0}, "age": "age"},
        }
    )  # fmt: skip


def people(number: int, folder: str) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """Members of the audience, and profiles, in files as in the lake."""
    profiles = pl.LazyFrame({"n": pl.int_range(number, eager=True)}).select(
        person_id=pl.format("p{}", "n"),
        email=pl.format("person.{}@example.com", "n"),
        spend_12m_decile=(pl.col("n") % 10 + 1).cast(pl.Int8),
        age=pl.lit("25-34"),
    )
    profiles.sink_parquet(f"{folder}/profiles.parquet")
    profiles = pl.scan_parquet(f"{folder}/profiles.parquet")
    return profiles.select("person_id", audience=pl.lit("best")), profiles


def activated(kind: str, url: str, store: str, number: int, folder: str) -> dict[str, Any]:
    """Everybody for the first time, then once more; how long both took, and what the floor takes."""
    harness = import_module(f"activation.destinations.{kind}.harness")
    secret = import_module("activation.destinations.stand_in").SECRET
    given = next(
        each.given
        for each in vars(harness).values()
        if isinstance(each, type) and getattr(each, "kind", None) == kind
    )
    ours = connector(kind)
    adapter = Forward(url, ours.limits.concurrency)
    wire = Wire(adapter=adapter, limits=Allowances(store, f"{kind}_default"))
    destination = ours.connect(ours.account(f"{kind}_default", {**given, "password": secret}), wire)
    migrate(store)
    seconds, counts, reports = [], [requests.get(f"{url}/benchmark", timeout=10).json()], []
    for day in (1, 2):
        members, profiles = people(number, folder)
        begun = time.perf_counter()
        with open_ledger(store, f"{kind}_default", kind) as ledger:
            as_of = datetime(2018, 1, day, tzinfo=UTC)
            report = run(
                document(kind), as_of, members, profiles, {"best": "Best"}, Sender(ledger, destination)
            )
        seconds.append(time.perf_counter() - begun)
        counts.append(requests.get(f"{url}/benchmark", timeout=10).json())
        reports.append(report.as_dict())
    return {"seconds": seconds, "counts": counts, "reports": reports, "peak_gb": peak() / GIBIBYTE,
            "floor": floor(url, adapter.kept, ours.limits.concurrency)}  # fmt: skip


def floor(url: str, kept: list[tuple[str, str, dict[str, str], bytes]], threads: int) -> float:
    """Calls a second of a script that only posts these bodies, without limits."""
    requests.delete(f"{url}/benchmark", timeout=10)
    session, bodies, until = requests.Session(), itertools.cycle(kept), time.perf_counter() + 2.0
    session.mount("http://", HTTPAdapter(pool_maxsize=threads))

    def post(_: int) -> int:
        done = 0
        while time.perf_counter() < until:
            method, address, headers, body = next(bodies)
            session.request(method, address, data=body, headers=headers, timeout=60)
            done += 1
        return done

    begun = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        done = sum(pool.map(post, range(threads)))
    return done / (time.perf_counter() - begun)


if __name__ == "__main__":
    with TemporaryDirectory() as scratch:
        print(json.dumps(activated(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), scratch)))
