"""Each event is in the table once, whoever brings it, how often, and however many write at the same time."""

import multiprocessing
import random
from datetime import UTC, datetime, timedelta
from multiprocessing.synchronize import Barrier
from pathlib import Path

import polars as pl
import pytest

from perennial.lake.catalog import Lake
from perennial.lake.tables import ConcurrentCommit
from perennial.signals.batch_files import GUARD, BatchFiles
from perennial.signals.dataset import Dataset
from perennial.signals.events import EventLanding
from perennial.signals.index import EventIndex

CLICKS = Dataset.model_validate(
    {
        "name": "clicks",
        "title": "Clicks",
        "kind": "event",
        "source": {"daily": "x"},
        "key": ["click"],
        "columns": {
            "event_time": {"type": "timestamp", "required": True},
            "click": {"type": "string", "required": True},
            "page": {"type": "string"},
        },
    }
)
NOON = datetime(2017, 12, 25, 12, tzinfo=UTC)


def clicks(*names: str, page: str = "home", at: datetime = NOON) -> pl.DataFrame:
    time = pl.Series([at] * len(names), dtype=pl.Datetime("us", "UTC"))
    return pl.DataFrame({"event_time": time, "click": names, "page": [page] * len(names)})


def landing(root: Path, batch: str, index: str = "index") -> EventLanding:
    table = Lake(str(root / "lake")).events("clicks")
    return EventLanding(CLICKS, batch, BatchFiles(table, batch), EventIndex(root / index, table))


def land(root: Path, batch: str, *pieces: pl.DataFrame) -> EventLanding:
    done = landing(root, batch)
    for piece in pieces:
        done.take(piece)
    done.promote()
    return done


def ids(root: Path) -> list[str]:
    return sorted(Lake(str(root / "lake")).events("clicks").scan().collect()["event_id"])


def test_nobody_sees_a_batch_before_it_is_promoted(tmp_path):
    waiting = landing(tmp_path, "1")
    waiting.take(clicks("a", "b"))
    assert not waiting.files.table.exists()
    waiting.promote()
    assert ids(tmp_path) == ["a", "b"]


def test_of_the_same_event_the_first_is_taken(tmp_path):
    done = land(tmp_path, "1", clicks("a", "b", "a"), clicks("b", "c", page="other"))
    assert (done.accepted, done.duplicate) == (3, 2)
    assert ids(tmp_path) == ["a", "b", "c"]
    pages = Lake(str(tmp_path / "lake")).events("clicks").scan().filter(page="other").collect()
    assert pages["click"].to_list() == ["c"]


def test_an_event_of_any_earlier_day_is_known(tmp_path):
    land(tmp_path, "1", clicks("a", at=NOON - timedelta(days=3000)))
    assert (later := land(tmp_path, "2", clicks("a", "b"))).accepted == 1
    assert later.duplicate == 1


def test_a_batch_that_comes_again_replaces_its_own_rows_alone(tmp_path):
    land(tmp_path, "1", clicks("a", "b"))
    land(tmp_path, "2", clicks("c"))
    table = Lake(str(tmp_path / "lake")).events("clicks")
    table.open().optimize.compact()
    again = land(tmp_path, "1", clicks("b", "c", "d"))
    assert (again.accepted, again.duplicate) == (2, 1)
    assert ids(tmp_path) == ["b", "c", "d"]
    land(tmp_path, "3", clicks("a"))
    assert ids(tmp_path) == ["a", "b", "c", "d"], "what a correction took back may come again"


def test_the_same_batch_again_changes_nothing(tmp_path):
    land(tmp_path, "1", clicks("a", "b"), clicks("c"))
    table = Lake(str(tmp_path / "lake")).events("clicks")
    version, files = table.version(), sorted(Path(table.uri).rglob("*.parquet"))
    assert land(tmp_path, "1", clicks("c", "a", "b")).accepted == 3
    assert table.version() == version
    assert sorted(Path(table.uri).rglob("*.parquet")) == files


def test_a_batch_that_was_given_up_leaves_no_file(tmp_path):
    given_up = landing(tmp_path, "1")
    given_up.take(clicks("a"))
    given_up.discard()
    assert list((tmp_path / "lake").rglob("*.parquet")) == []


def test_what_another_batch_brought_meanwhile_is_left_out(tmp_path):
    slow = landing(tmp_path, "slow", index="of another machine")
    slow.take(clicks("a", "b"))
    slow.take(clicks("c"))
    land(tmp_path, "fast", clicks("b", "x"))
    slow.promote((("offset", 7),))
    assert (slow.accepted, slow.duplicate) == (2, 1)
    assert ids(tmp_path) == ["a", "b", "c", "x"]
    assert Lake(str(tmp_path / "lake")).events("clicks").transaction("offset") == 7


def test_a_promotion_on_top_of_what_was_not_seen_is_refused(tmp_path):
    land(tmp_path, "1", clicks("a"))
    table = Lake(str(tmp_path / "lake")).events("clicks")
    stale = BatchFiles(table, "2")
    stale.write(clicks("b").with_columns(batch=pl.lit("2"), event_id="click", event_date=pl.lit(NOON.date())))
    with pytest.raises(ConcurrentCommit):
        stale.promote(table.version() - 1)
    assert table.transaction(GUARD) == table.version()


def test_a_new_column_of_the_document_is_added_to_the_table(tmp_path):
    land(tmp_path, "1", clicks("a"))
    wider = landing(tmp_path, "2")
    wider.take(clicks("b").with_columns(browser=pl.lit("x")))
    wider.promote()
    rows = Lake(str(tmp_path / "lake")).events("clicks").scan().sort("click").collect()
    assert rows["browser"].to_list() == [None, "x"]


def _write(root: Path, writer: int, barrier: Barrier) -> None:
    random.seed(writer)
    barrier.wait()
    for number in range(8):
        own = [f"{writer}-{number}-{n}" for n in range(20)]
        shared = [f"shared-{n}" for n in random.sample(range(100), 30)]
        # Two share an index, as processes of one machine do; the others have their own.
        done = landing(root, f"{writer}-{number}", index=f"index-{max(0, writer - 1)}")
        done.take(clicks(*own, *shared))
        done.promote()


def test_four_writers_at_once_lose_nothing_and_double_nothing(tmp_path):
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(4)
    writers = [context.Process(target=_write, args=(tmp_path, n, barrier)) for n in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(120)
    assert [writer.exitcode for writer in writers] == [0, 0, 0, 0]
    found = ids(tmp_path)
    assert len(found) == len(set(found))
    assert {f"{w}-{number}-{n}" for w in range(4) for number in range(8) for n in range(20)} <= {*found}
    expected = set()
    for number in range(4):
        random.seed(number)
        for _ in range(8):
            expected |= {f"shared-{n}" for n in random.sample(range(100), 30)}
    assert {name for name in found if name.startswith("shared")} == expected
