"""How fast everybody of an audience comes to each provider, against what its documented limits allow.

Each provider's stand-in runs as a server of its own that answers what is too much with 429. An audience is
sent for the first time, then once more without a change. The theoretical time is what the documented windows
ask for so many calls as were made, if they came as soon as each window allows. The floor is a script that
posts the same bodies with as many threads and does nothing else, without limits: where the limits allow more
than that, it is what can be reached on this machine.

At small scale there are as many people as the limits let through in a few seconds; at full scale a million.
"""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from common import Benchmark
from insights import server, store

from perennial.activation.destinations.base import Window
from perennial.activation.destinations.connector import Connector
from perennial.activation.destinations.registry import connector
from perennial.local.ports import free_ports

PEOPLE = {
    "braze": 60_000, "customer_io": 40_000, "eloqua": 50_000, "hubspot": 6_000, "iterable": 20_000,
    "klaviyo": 50_000, "mailchimp": 5_000,
}  # fmt: skip
FULL = 1_000_000


@contextmanager
def provider(kind: str) -> Iterator[str]:
    """A stand-in's server, until the block ends; its address."""
    port = free_ports({kind: None})[kind]
    script = Path(__file__).parent / "stand_ins" / "server.py"
    process = subprocess.Popen([sys.executable, str(script), kind, str(port)])
    url, until = f"http://127.0.0.1:{port}", time.monotonic() + 30
    try:
        while True:
            try:
                requests.get(f"{url}/benchmark", timeout=1)
                break
            except requests.RequestException:
                if time.monotonic() > until or process.poll() is not None:
                    raise RuntimeError(f"the stand-in of {kind} does not answer") from None
                time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=20)


def activated(kind: str, url: str, owner: str, number: int) -> dict[str, Any]:
    """What the client tells, which is a process of its own."""
    script = Path(__file__).parent / "stand_ins" / "client.py"
    command = [sys.executable, str(script), kind, url, owner, str(number)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def shortest(calls: Mapping[str, int], ours: Connector) -> float:
    """Seconds that the windows ask for so many calls at least."""
    limits = ours.limits
    patterns = [
        (re.compile(re.sub(r"\{\w+\}", "[^/]+", name)), windows)
        for name, windows in limits.operations.items()
    ]
    found, others = [_least(sum(calls.values()), limits.total)], 0
    counted = [0] * len(patterns)
    for operation, number in calls.items():
        for place, (pattern, _) in enumerate(patterns):
            if pattern.fullmatch(operation):
                counted[place] += number
                break
        else:
            others += number
    found += [_least(number, windows) for number, (_, windows) in zip(counted, patterns, strict=True)]
    return max(*found, _least(others, limits.windows))


def _least(calls: int, windows: list[Window]) -> float:
    """The first calls of all fill the first window at once, and the last ones wait for no further one."""
    return max(((calls - 1) // each.calls * each.seconds for each in windows if calls), default=0.0)


def run(benchmark: Benchmark) -> dict[str, Any]:
    """One provider after the other."""
    found: dict[str, dict[str, Any]] = {}
    only = benchmark.options.get("only")
    with server() as running:
        for kind, small in PEOPLE.items():
            if only and kind not in only.split(","):
                continue
            number = small if benchmark.scale == "small" else FULL
            owner, _ = store(running, f"bench_{kind}")
            with provider(kind) as url:
                found[kind] = _figures(kind, number, activated(kind, url, owner, number))
            benchmark.say(f"{kind}: {found[kind]}")
    benchmark.skip("sendgrid", "its stand-in is the demo's, which enforces no limits")
    return {"destinations": found}


def _figures(kind: str, number: int, told: dict[str, Any]) -> dict[str, Any]:
    before, after, again = told["counts"]
    calls = {name: count - before["calls"].get(name, 0) for name, count in after["calls"].items()}
    least, seconds = shortest(calls, connector(kind)), told["seconds"][0]
    rate = sum(calls.values()) / seconds
    if told["reports"][0]["upserted"] != number or told["reports"][0]["rejected"]:
        raise RuntimeError(f"{kind}: not everybody was sent: {told['reports'][0]}")
    return {
        "profiles": number,
        "profiles_per_s": number / seconds,
        "fraction_of_limit": least / seconds,
        "seconds": seconds,
        "seconds_by_limits": least,
        "calls": sum(calls.values()),
        "throttled": after["throttled"],
        "ratio_to_floor": rate / told["floor"],
        "floor_calls_per_s": told["floor"],
        "peak_gb": told["peak_gb"],
        "requests_when_unchanged": again["upserts"] - after["upserts"],
        "seconds_when_unchanged": told["seconds"][1],
    }


if __name__ == "__main__":
    assert __doc__
    Benchmark(__doc__, choices={"only": "kinds of destinations, with commas"}).main(run)
