"""The index knows exactly the ids of its table, however the table changed and whoever changed it."""

import shutil
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perennial.lake.tables import Table
from perennial.signals.index import GROWTH, EventIndex, contains, hashed

DAY = date(2017, 12, 25)


def rows(*ids: str, batch: str = "b") -> pl.DataFrame:
    return pl.DataFrame({"event_id": ids, "event_date": [DAY] * len(ids), "batch": [batch] * len(ids)})


def known(index: EventIndex, *ids: str) -> list[str]:
    asked = rows(*ids)
    codes = hashed(asked).with_row_index("place").sort("high")
    places = codes.filter(pl.Series(index.known(codes)))["place"]
    return sorted(asked["event_id"][places])


@pytest.fixture
def table(tmp_path) -> Table:
    return Table(str(tmp_path / "lake"), "events/orders", partition="event_date")


@pytest.fixture
def index(tmp_path, table) -> EventIndex:
    return EventIndex(tmp_path / "index", table)


def test_a_table_that_is_not_there_has_no_ids(index):
    assert index.catch_up() == -1
    assert known(index, "a") == []


def test_it_follows_appends_replacements_and_compaction(index, table):
    table.append(rows("a", "b", batch="1"))
    index.catch_up()
    assert known(index, "a", "b", "c") == ["a", "b"]
    table.append(rows("c", batch="2"))
    table.replace_where(rows("b", "d", batch="1"), "batch", "1")
    table.open().optimize.compact()
    assert index.catch_up() == table.version()
    assert known(index, "a", "b", "c", "d", "e") == ["b", "c", "d"]
    assert len(index) == 3


def test_another_process_goes_on_where_the_first_one_was(tmp_path, index, table):
    table.append(rows("a"))
    index.catch_up()
    table.append(rows("b"))
    other = EventIndex(tmp_path / "index", table)
    other.catch_up()
    assert known(other, "a", "b") == ["a", "b"]
    index.catch_up()
    assert known(index, "a", "b") == ["a", "b"]


def test_it_is_built_anew_where_the_log_is_gone_or_the_table_is_another(index, table):
    for name in "abc":
        table.append(rows(name))
        index.catch_up()
    table.append(rows("d"))
    table.append(rows("e"))
    table.open().create_checkpoint()
    for version in range(4):
        Path(table.uri, f"_delta_log/{version:020}.json").unlink()
    index.catch_up()
    assert known(index, *"abcdef") == [*"abcde"]
    shutil.rmtree(table.uri)
    table.append(rows("z"))
    index.catch_up()
    assert known(index, "a", "z") == ["z"]


def test_what_was_just_committed_is_added_without_reading_it_again(index, table):
    table.append(rows("a"))
    index.catch_up()
    version = table.append(rows("b"))
    index.add([hashed(rows("b")).sort("high")], version)
    assert index.version == version
    assert known(index, "a", "b") == ["a", "b"]


def test_an_addition_after_somebody_elses_commit_waits_for_it(index, table):
    table.append(rows("a"))
    index.catch_up()
    table.append(rows("theirs"))
    index.add([hashed(rows("ours")).sort("high")], table.append(rows("ours")))
    assert index.version == 0
    index.catch_up()
    assert known(index, "a", "ours", "theirs") == ["a", "ours", "theirs"]


def test_runs_stay_few(index, table):
    for number in range(40):
        table.append(rows(str(number)))
        index.catch_up()
    lengths = [run.shape[1] for run in index._runs.values()]
    assert sum(lengths) == 40
    assert all(longer > GROWTH * shorter for longer, shorter in pairwise(lengths))


@settings(max_examples=50)
@given(
    st.lists(st.lists(st.integers(0, 3), max_size=12), max_size=4), st.lists(st.integers(0, 3), max_size=12)
)
def test_halves_that_are_equal_are_told_apart(runs, asked):
    """Few different halves: nearly every look-up meets equal ones."""

    def halves(numbers: list[int]) -> pl.DataFrame:
        codes = pl.DataFrame({"high": [n // 2 for n in numbers], "low": [n % 2 for n in numbers]})
        return codes.cast(pl.UInt64).sort("high")

    queries = halves(asked)
    found = contains(
        [np.stack([r["high"].to_numpy(), r["low"].to_numpy()]) for r in map(halves, runs)], queries
    )
    held = {n for run in runs for n in run}
    assert list(found) == [2 * high + low in held for high, low in queries.iter_rows()]
