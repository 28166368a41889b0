"""Rows of runs in a table of the lake: each run's rows stand there once, however often it is repeated."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from perennial.lake.tables import Table
from perennial.queries.outputs import OutputRefused, storable, write

NAME = "queries/mine"
MONDAY, TUESDAY = "monday", "tuesday"


def frame(**columns: Any) -> pl.DataFrame:
    return pl.DataFrame(columns)


def rows(root: Path, *columns: str) -> list[tuple]:
    return sorted(Table(str(root), NAME).scan().select(columns).collect().rows())


def test_runs_are_added_and_a_repeated_one_replaces_its_own(tmp_path: Path):
    write(str(tmp_path), NAME, frame(v=[1, 2]), "create", [], MONDAY)
    write(str(tmp_path), NAME, frame(v=[3]), "create", [], TUESDAY)
    write(str(tmp_path), NAME, frame(v=[7]), "append", [], MONDAY)
    assert rows(tmp_path, "run_key", "v") == [(MONDAY, 7), (TUESDAY, 3)]
    write(str(tmp_path), NAME, frame(v=[7]), "append", [], MONDAY)
    assert rows(tmp_path, "run_key", "v") == [(MONDAY, 7), (TUESDAY, 3)]


def test_a_repeated_run_may_give_nothing_any_more(tmp_path: Path):
    first = write(str(tmp_path), NAME, frame(v=[1]), "create", [], MONDAY)
    empty = frame(v=[1]).clear()
    assert write(str(tmp_path), NAME, empty, "create", [], TUESDAY) == first, "nothing to commit"
    assert write(str(tmp_path), NAME, empty, "create", [], MONDAY) == first + 1
    assert rows(tmp_path, "v") == []


def test_there_is_nothing_to_append_to(tmp_path: Path):
    with pytest.raises(OutputRefused, match="`mode: create` makes it"):
        write(str(tmp_path), NAME, frame(v=[1]), "append", [], MONDAY)


def test_all_rows_are_replaced_even_if_the_columns_differ(tmp_path: Path):
    write(str(tmp_path), NAME, frame(v=[1, 2]), "overwrite", [], MONDAY)
    write(str(tmp_path), NAME, frame(w=["a"]), "overwrite", [], TUESDAY)
    assert rows(tmp_path, "w") == [("a",)]


def test_rows_of_the_same_key_are_replaced(tmp_path: Path):
    write(str(tmp_path), NAME, frame(k=["a", "b", None], v=[1, 2, 3]), "upsert", ["k"], MONDAY)
    for _ in range(2):
        write(str(tmp_path), NAME, frame(k=["b", "c", None], v=[20, 30, 40]), "upsert", ["k"], TUESDAY)
    found = Table(str(tmp_path), NAME).scan().collect().sort("v").rows()
    assert found == [("a", 1), ("b", 20), ("c", 30), (None, 40)]


def test_a_key_is_a_column_and_unique(tmp_path: Path):
    with pytest.raises(OutputRefused, match="no column of the result: k"):
        write(str(tmp_path), NAME, frame(k=[1]), "upsert", ["x"], MONDAY)
    with pytest.raises(OutputRefused, match="several rows have the same key"):
        write(str(tmp_path), NAME, frame(k=[1, 1]), "upsert", ["k"], MONDAY)


def test_new_columns_are_taken_and_other_types_are_not(tmp_path: Path):
    write(str(tmp_path), NAME, frame(v=[1]), "create", [], MONDAY)
    write(str(tmp_path), NAME, frame(v=[2], w=["new"]), "create", [], TUESDAY)
    assert sorted(Table(str(tmp_path), NAME).scan().select("v", "w").collect().rows()) == [
        (1, None),
        (2, "new"),
    ]
    with pytest.raises(OutputRefused, match="do not fit the table"):
        write(str(tmp_path), NAME, frame(v=[[1]]), "create", [], "wednesday")


def test_columns_are_brought_into_the_lakes_types():
    given = pl.DataFrame(
        {"t": [datetime(2017, 12, 31, tzinfo=UTC)], "n": [None], "u": [1], "c": ["x"]},
        schema={"t": pl.Datetime("ns", "Etc/UTC"), "n": pl.Null, "u": pl.UInt32, "c": pl.Categorical},
    )
    assert storable(given).schema == {
        "t": pl.Datetime("us", "UTC"), "n": pl.String(), "u": pl.Int64(), "c": pl.String(),
    }  # fmt: skip
    with pytest.raises(OutputRefused, match="same name"):
        storable(frame(a=[1], A=[2]))
    with pytest.raises(OutputRefused, match="run_key is the column"):
        write("/nowhere", NAME, frame(run_key=["x"]), "create", [], MONDAY)
