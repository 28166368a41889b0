"""Quarantined rows come in once they are good, each once, and stay open while they are not."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from perennial.lake.signals import CORRECTIONS
from perennial.signals.ingest import ingest
from perennial.signals.quarantine import open_rows
from perennial.signals.replay import NothingToReplay, replay

from .conftest import line

MONDAY, TUESDAY = date(2017, 12, 25), date(2017, 12, 26)


@pytest.fixture
def orders_with_bad_rows(intake, orders, deliver):
    landing = deliver(line("o1"), line("o2", amount="ten"), line("o3", customer="nobody"), line("o4"))
    ingest(intake, orders, landing, MONDAY)
    return orders


def opened(lake, dataset: str = "orders") -> dict[str, str]:
    rows = open_rows(lake, dataset).collect()
    return {raw.split('"order_id":"')[1][:2]: name for raw, name in rows.select("raw", "id").iter_rows()}


def correct(lake, row: str, before: str, after: str, at: int = 0, dataset: str = "orders") -> None:
    raw = open_rows(lake, dataset).filter(id=row).collect()["raw"].item().replace(before, after)
    moment = datetime(2018, 1, 1, tzinfo=UTC) + timedelta(seconds=at)
    new = {"id": row, "dataset": dataset, "raw": raw, "by": "ann", "at": moment}
    lake.corrections.append(pl.DataFrame([new], schema=CORRECTIONS))


def ids(lake) -> list[str]:
    return sorted(lake.events("orders").scan().collect()["event_id"])


def test_a_corrected_row_is_taken_and_no_longer_open(lake, intake, orders_with_bad_rows):
    rows = opened(lake)
    correct(lake, rows["o2"], '"ten"', '"11.00"')
    correct(lake, rows["o2"], '"ten"', '"12.00"', at=1)
    report = replay(intake, orders_with_bad_rows, None, by="ann")
    assert (report.rows, report.accepted, report.duplicate, report.still_bad) == (1, 1, 0, 0)
    assert ids(lake) == ["o1", "o2", "o4"]
    taken = lake.events("orders").scan().filter(order_id="o2").collect()
    assert str(taken["amount"].item()) == "12.00", "the newest correction counts"
    assert [*opened(lake)] == ["o3"]
    resolved = lake.resolutions.scan().collect().row(0, named=True)
    assert (resolved["id"], resolved["outcome"], resolved["by"]) == (rows["o2"], "replayed", "ann")


def test_a_row_that_is_still_bad_stays_open(lake, intake, orders_with_bad_rows):
    rows = opened(lake)
    correct(lake, rows["o2"], '"ten"', '"eleven"')
    report = replay(intake, orders_with_bad_rows, None, by="ann")
    assert (report.accepted, report.still_bad) == (0, 1)
    assert sorted(opened(lake)) == ["o2", "o3"]


def test_rows_are_replayed_as_they_came_once_the_rules_are_looser(lake, intake, orders_with_bad_rows):
    loose = orders_with_bad_rows.columns["customer"].model_copy(update={"pattern": None})
    changed = orders_with_bad_rows.model_copy(
        update={"columns": {**orders_with_bad_rows.columns, "customer": loose}}
    )
    assert replay(intake, changed, None, by="ann", uncorrected=True).accepted == 1
    assert ids(lake) == ["o1", "o3", "o4"]


def test_only_the_rows_that_were_named_are_taken(lake, intake, orders_with_bad_rows):
    rows = opened(lake)
    for name in ("o2", "o3"):
        correct(lake, rows[name], '"ten"', '"1"')
        correct(lake, rows[name], '"nobody"', '"c7"', at=1 if name == "o3" else -1)
    assert replay(intake, orders_with_bad_rows, [rows["o3"]], by="ann").rows == 1
    assert ids(lake) == ["o1", "o3", "o4"]


def test_nothing_to_replay_says_so(intake, orders_with_bad_rows):
    with pytest.raises(NothingToReplay, match="no open row"):
        replay(intake, orders_with_bad_rows, None, by="ann")


def test_a_row_that_came_corrected_by_itself_is_not_counted_twice(
    lake, intake, orders_with_bad_rows, deliver
):
    correct(lake, opened(lake)["o2"], '"ten"', '"12.00"')
    replay(intake, orders_with_bad_rows, None, by="ann")
    again = ingest(intake, orders_with_bad_rows, deliver(line("o1"), line("o2", amount="12.00")), MONDAY)
    assert (again.accepted, again.duplicate) == (1, 1)
    assert ids(lake) == ["o1", "o2"]


def test_killed_before_the_row_is_marked_and_run_again_it_is_taken_once(
    lake, intake, orders_with_bad_rows, monkeypatch
):
    correct(lake, opened(lake)["o2"], '"ten"', '"12.00"')
    with monkeypatch.context() as patch:
        patch.setattr("perennial.signals.replay.resolve", _killed)
        with pytest.raises(KeyboardInterrupt):
            replay(intake, orders_with_bad_rows, None, by="ann")
    later = type(intake)(intake.lake, intake.index, intake.now + timedelta(minutes=1))
    report = replay(later, orders_with_bad_rows, None, by="ann")
    assert (report.accepted, report.duplicate) == (0, 1)
    assert ids(lake) == ["o1", "o2", "o4"]
    assert [*opened(lake)] == ["o3"]


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_an_old_record_that_is_replayed_is_not_newer_than_it_is(lake, intake, orders, deliver):
    things = orders.model_copy(update={"kind": "record"})
    ingest(intake, things, deliver(line("o1"), line("o2", amount="ten")), MONDAY)
    ingest(intake, things, deliver(line("o2", amount="20.00"), day="2017-12-26"), TUESDAY)
    correct(lake, opened(lake)["o2"], '"ten"', '"10.00"')
    assert replay(intake, things, None, by="ann").accepted == 0
    rows = lake.records("orders").scan().filter(order_id="o2").collect()
    assert str(rows["amount"].item()) == "20.00"
