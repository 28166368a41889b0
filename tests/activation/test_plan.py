"""The difference between what should be and what was delivered."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perennial.activation.desired import SCHEMA
from perennial.activation.plan import batches, plan

LEDGER = {"audience": pl.String, "key": pl.String, "payload_hash": pl.String, "state": pl.String}
NOBODY = pl.Series([], dtype=pl.String)


def _desired(*rows: tuple[str, str, list[str]]) -> pl.DataFrame:
    full = [(key, key, "{}", payload_hash, audiences) for key, payload_hash, audiences in rows]
    return pl.DataFrame(full, schema=SCHEMA, orient="row")


def _ledger(*rows: tuple[str, str, str, str]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=LEDGER, orient="row")


@pytest.mark.parametrize("state", ["delivered", "rejected"])
def test_what_is_settled_needs_nothing(state: str) -> None:
    found = plan(_desired(("a", "h", ["x"])), _ledger(("x", "a", "h", state)), NOBODY)
    assert (found.upserts.height, found.removals.height, found.unchanged) == (0, 0, 1)


@pytest.mark.parametrize(
    "row", [("x", "a", "other", "delivered"), ("x", "a", "h", "sending"), ("x", "a", "h", "removed")]
)
def test_what_is_not_settled_is_sent(row: tuple[str, str, str, str]) -> None:
    found = plan(_desired(("a", "h", ["x"])), _ledger(row), NOBODY)
    assert found.upserts["audiences"].to_list() == [["x"]]
    assert found.removals.is_empty()


def test_only_the_lists_that_need_it_are_named() -> None:
    found = plan(_desired(("a", "h", ["x", "y"])), _ledger(("x", "a", "h", "delivered")), NOBODY)
    assert found.upserts["audiences"].to_list() == [["y"]]
    assert found.unchanged == 1


@pytest.mark.parametrize("state", ["delivered", "sending", "removing", "rejected"])
def test_who_may_be_there_and_is_not_wanted_is_removed(state: str) -> None:
    found = plan(_desired(), _ledger(("x", "a", "h", state), ("x", "b", "h", "removed")), NOBODY)
    assert found.removals.rows() == [("x", "a")]


def test_a_suppressed_person_is_removed_and_not_sent() -> None:
    ledger = _ledger(("x", "a", "h", "delivered"))
    found = plan(_desired(("a", "h", ["x", "y"]), ("b", "h", ["x"])), ledger, pl.Series(["a"]))
    assert found.upserts["key"].to_list() == ["b"]
    assert found.removals.rows() == [("x", "a")]
    assert found.suppressed == 1


@given(
    sizes=st.lists(st.tuples(st.integers(2, 60), st.sampled_from(["x", "y"])), max_size=40),
    max_rows=st.integers(1, 10),
    max_bytes=st.integers(70, 200),
)
def test_batches_hold_every_row_once_within_the_limits(
    sizes: list[tuple[int, str]], max_rows: int, max_bytes: int
) -> None:
    rows = [(str(i), str(i), "p" * size, "h", [audience]) for i, (size, audience) in enumerate(sizes)]
    upserts = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    parts = batches(upserts, max_rows, max_bytes)
    assert sorted(key for part in parts for key in part["key"]) == sorted(upserts["key"])
    for part in parts:
        assert part.height <= max_rows
        assert part["audiences"].n_unique() == 1
        assert (
            part.select((pl.col("payload").str.len_bytes() + pl.col("key").str.len_bytes()).sum()).item()
            <= max_bytes
        )
