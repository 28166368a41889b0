"""Every provider that is asked by time: nothing is lost or doubled, however a run ends."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from perennial.activation import ledger
from perennial.lake.catalog import Lake
from perennial.lake.tables import Table
from perennial.responses import spans

from . import braze_account, eloqua_account, hubspot_account, iterable_account, salesforce_account
from .polled import ANN, BOB, NEVER, NOW, New, asked, told

KINDS = {
    braze_account: ("unsubscribes", "unsubscribed", 2),
    eloqua_account: ("EmailOpen", "opened", 5),
    hubspot_account: ("OPEN", "opened", 1),
    iterable_account: ("emailOpen", "opened", 7),
    salesforce_account: ("OpenEvent", "opened", 6),
}
"""What somebody may do, what it is called here, and how many streams there are."""
pytestmark = pytest.mark.store


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


@pytest.fixture(params=KINDS, ids=lambda each: each.__name__.rpartition(".")[2].removesuffix("_account"))
def case(request: pytest.FixtureRequest, store_url: str) -> tuple[Any, New, Callable[..., None], str, int]:
    """A provider, a fresh reader of it, how somebody does something, what that is, how many streams."""
    module: ModuleType = request.param
    ledger.migrate(store_url)
    stand_in = module.account()
    kind, called, streams = KINDS[module]
    return (
        stand_in,
        lambda kept: module.reader(stand_in, kept, store_url),
        partial(stand_in.happen, kind),
        called,
        streams,
    )


def test_a_killed_run_goes_on_and_doubles_nothing(
    lake: Lake, case: tuple[Any, New, Any, str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, new, happen, called, _ = case
    monkeypatch.setattr(spans, "MOST", 1)
    expected = []
    for number, email in enumerate((ANN, BOB)):
        happen(email, 60 + number)
        expected.append((email[:3], called, 60 + number))
    append, appended, runs = Table.append, [], 0

    def once(table: Table, *args: Any, **kwargs: Any) -> int:
        """Dies before the first commit of a run, or after the second one, in turn."""
        appended.append(1)
        if len(appended) == 1:
            raise KeyboardInterrupt
        done = append(table, *args, **kwargs)
        if len(appended) == 3:
            raise KeyboardInterrupt
        return done

    monkeypatch.setattr(Table, "append", once)
    while True:
        runs += 1
        try:
            asked(new, lake)
            break
        except KeyboardInterrupt:
            assert runs < 9
    assert runs >= 2
    assert told(lake) == expected


def test_what_is_told_late_lands_once(lake: Lake, case: tuple[Any, New, Any, str, int]) -> None:
    stand_in, new, happen, called, streams = case
    now = NOW + timedelta(seconds=getattr(stand_in, "late", 0))
    happen(ANN, 53_000)
    assert asked(new, lake, now).landed.landed == 1
    version = lake.email_events.version()
    stand_in.asked.clear()
    again = asked(new, lake, now)
    assert (again.landed.landed, lake.email_events.version()) == (0, version)
    assert len(stand_in.asked) == streams, "each stream costs one call"
    happen(BOB, 52_990)
    happen(BOB, 53_500)
    later = asked(new, lake, now + timedelta(hours=1))
    assert later.landed.landed == 2
    assert told(lake) == [("ann", called, 53_000), ("bob", called, 52_990), ("bob", called, 53_500)]
    assert asked(new, lake, now + timedelta(hours=1)).landed.landed == 0


def test_a_long_pause_is_read_day_by_day(lake: Lake, case: tuple[Any, New, Any, str, int]) -> None:
    _, new, happen, _, _ = case
    for second in (10, 100_000, 200_000):
        happen(ANN, second)
    assert asked(new, lake, NOW + timedelta(days=2)).landed.landed == 3
    assert asked(new, lake, NOW + timedelta(days=2)).landed.landed == 0


def test_before_anything_was_sent_nothing_is_asked(lake: Lake, case: tuple[Any, New, Any, str, int]) -> None:
    stand_in, new, happen, _, _ = case
    happen(ANN, 60)
    assert asked(new, lake, kept=NEVER).landed.received == 0
    assert stand_in.asked == []
