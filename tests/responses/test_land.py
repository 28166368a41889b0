"""Landing the log: each event once, whatever is repeated, killed, or run again."""

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from identity_rows import mapping
from response_events import event

from perennial.lake.catalog import Lake
from perennial.lake.tables import Table
from perennial.responses.land import SENDGRID, LandReport, land
from perennial.signals.log import LogWriter


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "spool"


def _receive(log: Path, *posts: list[Any]) -> None:
    with LogWriter(log) as writer:
        writer.append([json.dumps({"received_at": 1, "events": post}).encode() for post in posts])


def _events(lake: Lake) -> list[str]:
    return sorted(lake.email_events.scan().collect()["event_id"])


def test_nothing_received_lands_nothing(lake: Lake, log: Path) -> None:
    assert land(log, lake) == LandReport()
    assert not lake.email_events.exists()


def test_what_came_lands_and_is_not_taken_again(lake: Lake, log: Path) -> None:
    _receive(log, [event("processed", 1), event("open", 2)], [event("click", 3)])
    assert land(log, lake) == LandReport(received=3, landed=3, unknown_people=3)
    version = lake.email_events.version()
    assert land(log, lake) == LandReport()
    assert lake.email_events.version() == version
    assert _events(lake) == ["event-1", "event-2", "event-3"]


def test_what_comes_meanwhile_is_left_to_the_next_time(lake: Lake, log: Path) -> None:
    numbers = iter(range(1, 100))

    def mapped(*given: Any) -> Any:
        _receive(log, [event("open", next(numbers))])
        return SENDGRID.map(*given)

    _receive(log, [event("open", next(numbers))])
    assert land(log, lake, replace(SENDGRID, map=mapped)).landed == 1
    assert land(log, lake).landed == 1
    assert _events(lake) == ["event-1", "event-2"]


def test_repeated_events_land_once(lake: Lake, log: Path) -> None:
    _receive(log, [event("open", 1), event("open", 1)], [event("open", 1), event("click", 2)])
    assert land(log, lake) == LandReport(received=4, landed=2, repeated=2, unknown_people=2)
    _receive(log, [event("open", 1)])
    assert land(log, lake) == LandReport(received=1, repeated=1)
    _receive(log, [event("click", 2), event("click", 3)])
    assert land(log, lake).landed == 1
    assert _events(lake) == ["event-1", "event-2", "event-3"]


def test_people_are_named_from_the_profiles_identities(lake: Lake, log: Path) -> None:
    hashed = sha256(b"ann@example.com").hexdigest()
    rows = {"namespace": ["email_sha256", "household"], "value": [hashed, hashed], "person_id": ["7", "8"]}
    lake.identities.append(mapping(pl.DataFrame(rows)))
    _receive(log, [event("open", 1), event("open", 2, email="eve@example.com")])
    assert land(log, lake).unknown_people == 1
    landed = lake.email_events.scan().sort("event_id").collect()
    assert landed["person_id"].to_list() == ["7", None]


def test_unknown_events_are_kept_in_the_quarantine(lake: Lake, log: Path) -> None:
    odd = event("group_resubscribe", 2)
    _receive(log, [event("open", 1), odd, "text"])
    assert land(log, lake) == LandReport(received=3, landed=1, apart=2, unknown_people=1)
    kept = lake.quarantine("email_events").scan().collect().sort("line")
    assert [json.loads(raw) for raw in kept["raw"]] == [odd, "text"]
    assert kept["reasons"].to_list() == [["unknown event type 'group_resubscribe'"], ["not an object"]]


def test_a_landing_killed_between_its_two_commits_doubles_nothing(
    lake: Lake, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _receive(log, [event("open", 1), "odd one"])
    append = Table.append

    def killed(table: Table, *args: Any, **kwargs: Any) -> int:
        if table.name == "responses/email_events":
            raise KeyboardInterrupt
        return append(table, *args, **kwargs)

    monkeypatch.setattr(Table, "append", killed)
    with pytest.raises(KeyboardInterrupt):
        land(log, lake)
    monkeypatch.undo()
    _receive(log, [event("click", 2), "odd two"])
    assert land(log, lake).landed == 2
    assert _events(lake) == ["event-1", "event-2"]
    raw = lake.quarantine("email_events").scan().collect()["raw"]
    assert sorted(raw) == ['"odd one"', '"odd two"']
