"""Stand-in for what crawls a shop: simulated visits of crawlers, and what browsers call themselves.

What crawlers call themselves is real: user agents of the package `crawler-user-agents`. How fast they go is
not: it is made up here, so figures about bots in the demo say how well its simulation is understood.
"""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from perennial.sandbox.sources import FIRST_DAY

BROWSERS = Path(__file__).with_name("browsers.txt").read_text(encoding="utf-8").splitlines()
"""Of the time of the data; `{n}` is a version."""
CRAWLERS = 60
SPEEDS = ((90.0, 150), (26.0, 110), (4.0, 50), (2.5, 3), (40.0, 90), (60.0, 160))
"""Events a minute, and in all: one after the other for each crawler."""
DISGUISED = {"7": 120.0, "19": 75.0}
"""Households whose account a program uses that calls itself a browser, and its events a minute."""


def browser(device: str) -> str:
    """What the browser of an installation calls itself; always the same."""
    number = dice(device)
    return BROWSERS[number % len(BROWSERS)].format(n=40 + number // 16 % 20)


def visits(products: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The messages of all machines, each looking at one product after the other."""
    for number, agent in enumerate(_agents()):
        speed, events = SPEEDS[number % len(SPEEDS)]
        yield from _visit(f"crawler-{number}", agent, None, speed, events, products)
    for household, speed in DISGUISED.items():
        device = f"scraper-{household}"
        yield from _visit(device, browser(device), household, speed, 240, products)


def dice(text: str) -> int:
    """A number that only depends on a text."""
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)


def _agents() -> list[str]:
    """User agents of crawlers, each of another family, from all over the list."""
    from crawleruseragents import CRAWLER_USER_AGENTS_DATA

    named = [each["instances"][0] for each in CRAWLER_USER_AGENTS_DATA if each.get("instances")]
    step = len(named) // CRAWLERS
    return named[: step * CRAWLERS : step]


def _visit(
    device: str, agent: str, household: str | None, speed: float, events: int, products: Sequence[str]
) -> Iterator[dict[str, Any]]:
    chance = dice(device)
    midnight = datetime(FIRST_DAY.year, FIRST_DAY.month, FIRST_DAY.day, tzinfo=UTC)
    start = midnight + timedelta(days=chance % 6, minutes=chance // 7 % 1200)
    pace = speed * (0.7 + chance // 11 % 60 / 100)
    for number in range(events):
        # No machine is quite regular: the network is not.
        wait = 60 / pace * (number + dice(f"{device} {number}") % 80 / 100)
        at = start + timedelta(seconds=wait)
        yield {
            "id": f"{device}-{number}",
            "at": f"{at:%Y-%m-%dT%H:%M:%SZ}",
            "household": household,
            "device": device,
            "agent": agent,
            "action": "view",
            "product": {"id": products[(chance + number) % len(products)], "price": None},
        }
