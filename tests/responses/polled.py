"""What the tests of providers that are asked share: an audience of ours, two people, and what has landed."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from hashlib import sha256

from perennial.activation.kept import Kept
from perennial.lake.catalog import Lake
from perennial.responses.asking import AskReport, Reader, ask

NINE = 1_514_278_800
"""2017-12-26 09:00 UTC, when campaigns were sent."""
NOW = datetime(2017, 12, 27, tzinfo=UTC)
BEGUN = datetime(2017, 12, 26, 4, tzinfo=UTC)
KEPT = Kept({"17": frozenset({"best"})}, [(datetime(2017, 12, 26, 5, tzinfo=UTC), date(2017, 12, 26))], BEGUN)
NEVER = Kept({}, [], None)
ANN, BOB = "ann@example.com", "bob@example.com"
NAMES = {sha256(each.encode()).hexdigest(): each[:3] for each in (ANN, BOB)}
New = Callable[[Kept], Reader]
"""A fresh reader of the same account, as a later run has it."""


def asked(new: New, lake: Lake, now: datetime = NOW, kept: Kept = KEPT) -> AskReport:
    """One run."""
    return ask(new(kept), "responses/account", lake, now)


def told(lake: Lake) -> list[tuple[str, str, int]]:
    """Who, what, and how many seconds after nine."""
    rows = lake.email_events.scan().collect().iter_rows(named=True)
    return sorted(
        (NAMES[row["email_sha256"]], row["event_type"], int(row["event_time"].timestamp()) - NINE)
        for row in rows
    )
