"""Messages land once, whatever is repeated, killed or run again; bad ones hold up nobody."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from perennial.lake import files, tables
from perennial.lake.catalog import Lake
from perennial.signals.batches import Status
from perennial.signals.dataset import Dataset
from perennial.signals.intake import Intake
from perennial.signals.log import FolderLog, pack
from perennial.signals.stream import land_stream, offset_name, trim_stream

RECEIVED = 1_514_196_000_000_000
"""2017-12-25 10:00 UTC, in microseconds."""


@pytest.fixture
def clicks(orders: Dataset) -> Dataset:
    columns = {name: orders.columns[name] for name in ("order_id", "customer", "amount", "event_time")}
    source = orders.source.model_copy(update={"stream": True})
    return orders.model_copy(update={"columns": columns, "source": source})


@pytest.fixture
def log(tmp_path) -> FolderLog:
    return FolderLog(tmp_path / "spool")


@pytest.fixture
def send(log: FolderLog) -> Callable[..., None]:
    def sent(*messages: dict[str, Any] | bytes, at: int = RECEIVED) -> None:
        writer = log.writer("orders")
        bodies = [m if isinstance(m, bytes) else json.dumps(m).encode() for m in messages]
        writer.append([pack("id", at, "shop", body) for body in bodies])
        writer.close()

    return sent


def message(order: str, **changes: Any) -> dict[str, Any]:
    return {"at": "2017-12-25 10:00:00", "order_id": order, "customer": "c1", "amount": "9.99", **changes}


def land(intake: Intake, dataset: Dataset, log: FolderLog, **how: Any) -> list[tuple[int, int, int, int]]:
    reports = land_stream(intake, dataset, log, **how)
    return [(each.read, each.accepted, each.duplicate, each.failed) for each in reports]


def ids(lake: Lake) -> list[str]:
    return sorted(lake.events("orders").scan().collect()["event_id"])


def test_messages_land_once(intake, clicks, log, send, lake):
    send(message("a"), message("b"), message("a"))
    assert land(intake, clicks, log) == [(3, 2, 1, 0)]
    assert land(intake, clicks, log) == []
    send(message("b"), message("c"))
    assert land(intake, clicks, log) == [(2, 1, 1, 0)]
    assert ids(lake) == ["a", "b", "c"]


def test_an_event_that_a_file_brought_is_known_to_the_stream_and_the_other_way_round(
    intake, clicks, log, send, lake, deliver
):
    from perennial.signals.ingest import ingest

    from .conftest import line

    whole = clicks.model_copy(update={"extra_columns": "ignore"})
    ingest(intake, whole, deliver(line("a")), date(2017, 12, 25))
    send(message("a"), message("b"))
    assert land(intake, whole, log) == [(2, 1, 1, 0)]
    report = ingest(intake, whole, deliver(line("b"), line("c"), day="2017-12-26"), date(2017, 12, 26))
    assert (report.accepted, report.duplicate) == (1, 1)
    assert ids(lake) == ["a", "b", "c"]


def test_what_is_wrong_is_set_aside_as_it_came(intake, clicks, log, send, lake):
    odd = b'{"at": "2017-12-25 10:00:00",  "order_id": "x", "customer": "c1", "amount": -1}'
    send(message("a"), odd, b"[1]", b"no json", message("y", surprise=1))
    assert land(intake, clicks, log) == [(5, 1, 0, 4)]
    apart = lake.quarantine("orders").scan().collect().sort("line")
    assert apart["raw"].to_list()[:3] == [odd.decode(), "[1]", "no json"]
    assert apart["reasons"][0].to_list() == ["amount: below 0"]
    assert "surprise" in apart["reasons"][3][0]
    assert apart["line"].to_list() == [2, 3, 4, 5]
    assert apart["quarantined_on"].unique().to_list() == [date(2018, 1, 1)]


def test_large_backlogs_land_in_micro_batches(intake, clicks, log, send, lake):
    for number in range(30):
        send(message(f"o{number}"))
    reports = land(intake, clicks, log, max_bytes=1_000)
    assert len(reports) > 3
    assert sum(read for read, *_ in reports) == 30
    assert len(ids(lake)) == 30
    batches = intake.batches.current().collect()
    assert batches["status"].unique().to_list() == ["success"]
    assert batches["accepted"].sum() == 30


def test_messages_that_come_meanwhile_are_left_to_the_next_time(intake, clicks, log, send, lake):
    """A stream that never rests does not keep those waiting who come after it."""
    numbers = iter(range(100))
    send(message(f"o{next(numbers)}"))
    landed = 0
    for report in land_stream(intake, clicks, log):
        send(message(f"o{next(numbers)}"))
        landed += report.read
    assert landed == 1
    assert land(intake, clicks, log) == [(1, 1, 0, 0)]
    assert ids(lake) == ["o0", "o1"]


def test_every_partition_has_a_position_of_its_own(intake, clicks, log, lake):
    writers = [log.writer("orders") for _ in range(2)]
    for number, writer in enumerate(writers):
        writer.append([pack("id", RECEIVED, "s", json.dumps(message(f"o{number}")).encode())])
    assert land(intake, clicks, log) == [(1, 1, 0, 0), (1, 1, 0, 0)]
    positions = [lake.events("orders").transaction(offset_name(log, "orders", p)) for p in (0, 1)]
    assert positions == [log.end("orders", p) for p in (0, 1)]


def test_another_log_is_read_from_its_beginning(intake, clicks, log, send, lake, tmp_path):
    send(message("a"))
    land(intake, clicks, log)
    other = FolderLog(tmp_path / "other", name="kafka/moved")
    writer = other.writer("orders")
    writer.append([pack("id", RECEIVED, "shop", json.dumps(message("b")).encode())])
    assert land(intake, clicks, other) == [(1, 1, 0, 0)]
    assert ids(lake) == ["a", "b"], "both logs begin at 0, and neither replaces what the other brought"


def test_messages_that_have_landed_are_freed_after_a_while(intake, clicks, tmp_path, lake):
    log = FolderLog(tmp_path / "spool", segment_bytes=1)
    writer = log.writer("orders")
    for number in range(4):
        writer.append([pack("id", RECEIVED, "shop", json.dumps(message(f"o{number}")).encode())])
    land(intake, clicks, log, max_bytes=1)
    later = [replace(intake, now=intake.now + timedelta(days=days)) for days in (6, 8)]
    assert trim_stream(later[0], clicks, log) == 0
    assert trim_stream(later[1], clicks, log) > 0
    writer.append([pack("id", RECEIVED, "shop", json.dumps(message("new")).encode())])
    assert land(later[1], clicks, log) == [(1, 1, 0, 0)]
    assert len(ids(lake)) == 5


@pytest.mark.parametrize("survived", range(4))
def test_killed_before_any_commit_and_run_again_nothing_is_doubled(
    intake, clicks, log, send, lake, monkeypatch, survived
):
    send(message("a"), message("bad", amount="x"))
    left = survived

    def counted(commit: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            nonlocal left
            if left == 0:
                raise KeyboardInterrupt
            left -= 1
            return commit(*args, **kwargs)

        return wrapped

    with monkeypatch.context() as patch:
        patch.setattr(files, "commit", counted(files.commit))
        patch.setattr(tables, "write_deltalake", counted(vars(tables)["write_deltalake"]))
        with pytest.raises(KeyboardInterrupt):
            land(intake, clicks, log)
    send(message("b"), message("bad too", amount="x"))
    land(intake, clicks, log)
    assert ids(lake) == ["a", "b"]
    assert lake.quarantine("orders").scan().collect().height == 2
    batches = intake.batches.current().collect()
    assert batches["status"].unique().to_list() == [Status.SUCCESS]
    assert (batches["read"].sum(), batches["accepted"].sum(), batches["failed"].sum()) == (4, 2, 2)


def test_of_two_records_the_one_that_came_later_is_known(intake, clicks, log, send, lake):
    things = clicks.model_copy(update={"kind": "record"})
    send(message("a", amount="1.00"), message("a", amount="2.00"))
    later = RECEIVED + 1_000_000
    assert land(intake, things, log) == [(2, 1, 1, 0)]
    send(message("a", amount="3.00"), message("b"), at=later)
    assert land(intake, things, log) == [(2, 2, 0, 0)]
    rows = lake.records("orders").scan().collect().sort("order_id")
    assert [str(amount) for amount in rows["amount"]] == ["3.00", "9.99"]
    assert rows["held_at"].unique().to_list() == [datetime.fromtimestamp(later / 1e6, UTC)]
    assert rows.schema["held_at"] == pl.Datetime("us", "UTC")
