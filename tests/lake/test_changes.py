"""Rows that came between two snapshots: after the first, up to the second and with it."""

from collections import Counter
from datetime import date
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest
from deltalake import DeltaTable
from hypothesis import given, settings
from hypothesis import strategies as st
from s3_server import EVERYWHERE

from perennial.lake.changes import HEAD, TAIL, as_of, between, counted, removed, since, touched
from perennial.lake.history import SnapshotExpired, SnapshotUnknown, snapshots
from perennial.lake.tables import Table

from .test_history import MONDAY, TUESDAY, expire, forget, rows


@pytest.fixture
def table(root: str) -> Table:
    return Table(root, "area/name", partition="day")


def values(frame: pl.LazyFrame) -> list[int]:
    return sorted(frame.collect()["v"])


def test_bounds_leave_the_start_out_and_take_the_end_in(table):
    one, two, three = (table.append(rows(MONDAY, value)) for value in (1, 2, 3))
    assert values(between(table, one, two)) == [2]
    assert values(between(table, one, three)) == [2, 3]
    assert values(between(table, two, two)) == []
    assert values(between(table, HEAD, one)) == [1]
    assert values(since(table, HEAD)) == [1, 2, 3]
    assert values(since(table, two)) == [3]
    assert values(since(table, three)) == values(since(table, TAIL)) == []
    assert values(as_of(table, two)) == [1, 2]
    assert values(as_of(table, TAIL)) == [1, 2, 3]
    assert values(between(table, two, TAIL)) == [3]


def test_consecutive_reads_give_every_row_exactly_once(table):
    ends = [table.append(rows(MONDAY, value)) for value in range(6)]
    read = [values(between(table, start, end)) for start, end in zip([HEAD, *ends], ends, strict=False)]
    assert read == [[value] for value in range(6)]


def test_a_delta_has_the_shape_of_the_table(table):
    first = table.append(pl.concat([rows(MONDAY, 1), rows(None, 2)]))
    table.append(pl.concat([rows(TUESDAY, 3), rows(None, 4)]))
    delta = since(table, first).collect()
    assert delta.schema == table.scan().collect_schema()
    assert set(delta.iter_rows()) == {(TUESDAY, 3), (None, 4)}
    assert since(table, TAIL).collect_schema() == table.scan().collect_schema()


def test_rows_that_were_only_rewritten_have_not_come(root):
    table = Table(root, "area/rewritten")
    frame = pl.DataFrame({"batch": ["a", "a", "b"], "v": [1, 1, 2]})
    first = table.append(frame)
    table.replace_where(frame.filter(batch="b").with_columns(v=pl.lit(3, pl.Int64)), "batch", "b")
    assert since(table, first).collect().rows() == [("b", 3)]
    assert removed(table, first).collect().rows() == [("b", 2)]
    second = table.replace(frame)
    assert since(table, first).collect().is_empty()
    assert removed(table, first, second).collect().is_empty()


def test_of_equal_rows_as_many_come_as_there_are_more(root):
    table = Table(root, "area/equal")
    first = table.replace(pl.DataFrame({"v": [1, 2, 2]}))
    table.replace(pl.DataFrame({"v": [1, 1, 1, 2]}))
    assert values(since(table, first)) == [1, 1]
    assert values(removed(table, first)) == [2]


def test_nested_and_missing_values_are_compared(root):
    table = Table(root, "area/nested")
    frame = pl.DataFrame(
        {"v": [1, 2], "list": [["a", None], None], "map": [[{"key": "x", "value": 1}], []], "f": [None, 1.5]}
    )
    first = table.append(frame)
    table.replace(frame.with_columns(f=pl.Series([None, 2.5])))
    assert values(since(table, first)) == [2]


def test_compaction_is_no_change(table):
    first = table.append(rows(MONDAY, 1))
    for value in (2, 3):
        table.append(rows(MONDAY, value))
    last = table.version()
    table.open().optimize.compact()
    assert values(since(table, last)) == []
    assert values(since(table, first)) == [2, 3]
    assert touched(table, last) == []
    expire(table)
    # The range's own files are gone, but both ends can be told from what is left.
    assert values(since(table, HEAD)) == [1, 2, 3]
    assert values(since(table, last + 1)) == []


@EVERYWHERE
def test_added_columns_are_null_in_older_rows(table):
    first = table.append(rows(MONDAY, 1))
    table.append(rows(MONDAY, 2))
    table.open().alter.add_columns([*_field("note", "string")])
    table.append(rows(TUESDAY, 3).with_columns(note=pl.lit("new")))
    assert since(table, first).select("v", "note").sort("v").collect().rows() == [(2, None), (3, "new")]


def _field(name: str, kind: str) -> Any:
    from deltalake import Field

    yield Field(name, kind, nullable=True)


def test_late_rows_touch_their_own_day(table):
    first = table.append(rows(TUESDAY, 1))
    table.append(rows(MONDAY, 2))
    assert touched(table, first) == ["2017-12-25"]
    table.append(rows(MONDAY).head(0), [("reader", 1)])
    assert touched(table, first + 1) == []
    assert touched(table, HEAD) == ["2017-12-25", "2017-12-26"]


def test_changed_partitions_since_a_snapshot(table):
    assert touched(table, HEAD, fallback=True) == []
    first = table.append(rows(MONDAY, 1))
    assert touched(table, HEAD, fallback=True) == ["2017-12-25"]
    table.append(rows(TUESDAY, 2))
    assert touched(table, first, fallback=True) == ["2017-12-26"]
    second = table.replace(rows(MONDAY), MONDAY)
    assert touched(table, first, fallback=True) == ["2017-12-25", "2017-12-26"]
    table.open().optimize.compact()
    assert touched(table, second, fallback=True) == []


def test_where_the_log_no_longer_tells_everything_counts_as_touched(table):
    first = table.append(rows(MONDAY, 1))
    second = table.append(rows(TUESDAY, 2))
    last = table.append(rows(TUESDAY, 3))
    table.open().create_checkpoint()
    forget(table, range(last))
    assert touched(table, second, fallback=True) == ["2017-12-26"], "what came after it is still told"
    assert touched(table, first, fallback=True) == ["2017-12-25", "2017-12-26"]
    assert touched(table, last, fallback=True) == []


def test_an_expired_start_says_what_to_do(table):
    first = table.append(rows(MONDAY, 1))
    table.append(rows(MONDAY, 2))
    table.replace(rows(MONDAY, 2, 3), MONDAY)
    expire(table)
    with pytest.raises(SnapshotExpired, match=f"area/name: snapshot {first} can no longer be read") as error:
        since(table, first)
    assert "earliest that can be read is 2" in str(error.value)
    assert "fallback" in str(error.value)
    with pytest.raises(SnapshotExpired, match="snapshot 1 can no longer be read"):
        between(table, HEAD, 1)
    assert values(since(table, first, fallback=True)) == [2, 3]
    assert touched(table, first, fallback=True) == ["2017-12-25"]


@EVERYWHERE
def test_a_start_whose_log_is_gone_has_expired(table):
    first, second = table.append(rows(MONDAY, 1)), table.append(rows(MONDAY, 2))
    last = table.append(rows(TUESDAY, 3))
    DeltaTable(table.uri).create_checkpoint()
    forget(table, range(last))
    with pytest.raises(SnapshotExpired):
        since(table, first)
    with pytest.raises(SnapshotExpired):
        as_of(table, first)
    assert values(since(table, first, fallback=True)) == [1, 2, 3]
    # What came after the second can still be told, although the second itself cannot be read.
    assert values(since(table, second)) == [3]


def test_a_snapshot_that_never_was_is_refused(table):
    table.append(rows(MONDAY, 1))
    with pytest.raises(SnapshotUnknown, match="has no snapshot 7; the newest is 0"):
        between(table, HEAD, 7)
    with pytest.raises(SnapshotUnknown, match="made anew"):
        since(table, 7)
    assert values(since(table, 7, fallback=True)) == [1]
    with pytest.raises(SnapshotUnknown):
        as_of(table, 7)


DAYS = [MONDAY, TUESDAY, None]
VALUES = st.lists(st.tuples(st.sampled_from(DAYS), st.integers(0, 3)), max_size=4)
STEPS = st.one_of(
    st.tuples(st.just("append"), VALUES, st.sampled_from("ab")),
    st.tuples(st.just("replace_where"), VALUES, st.sampled_from("ab")),
    st.tuples(st.just("compact")),
    st.tuples(st.just("vacuum")),
    st.tuples(st.just("forget")),
)
SCHEMA = {"day": pl.Date, "v": pl.Int64, "batch": pl.String}
Row = tuple[date | None, int, str]


def _step(table: Table, kind: str, now: list[Row], arguments: tuple[Any, ...]) -> list[Row]:
    """Take a step on the table; returns the rows that it holds then."""
    if kind in ("append", "replace_where"):
        pairs, batch = arguments
        new = [(day, value, batch) for day, value in pairs]
        frame = pl.DataFrame(new, schema=SCHEMA, orient="row")
        if kind == "append":
            table.append(frame)
            return now + new
        table.replace_where(frame, "batch", batch)
        return [row for row in now if row[2] != batch] + new
    if kind == "compact":
        table.open().optimize.compact()
    elif kind == "vacuum":
        expire(table)
    else:
        newest = table.version()
        DeltaTable(table.uri).create_checkpoint()
        forget(table, range(newest))
    return now


@settings(max_examples=20)
@given(st.lists(STEPS, min_size=1, max_size=9), st.randoms(use_true_random=False))
def test_whatever_happens_a_range_is_the_difference_of_its_ends(steps, random):
    with TemporaryDirectory() as folder:
        table = Table(folder, "area/model", partition="day")
        table.append(pl.DataFrame([(MONDAY, 0, "a")], schema=SCHEMA, orient="row"))
        model: list[list[Row]] = [[(MONDAY, 0, "a")]]
        for kind, *arguments in steps:
            now = _step(table, kind, model[-1], tuple(arguments))
            model += [now] * (table.version() + 1 - len(model))
            model[-1] = now
        readable = set(snapshots(table)["snapshot_id"])
        assert len(model) - 1 in readable
        for snapshot in readable:
            assert Counter(table.scan(snapshot).collect().rows()) == Counter(model[snapshot])
        pairs = [(start, end) for end in range(len(model)) for start in range(HEAD, end + 1)]
        for start, end in random.sample(pairs, min(6, len(pairs))):
            before = Counter(model[start] if start >= 0 else [])
            try:
                came, went = between(table, start, end).collect(), removed(table, start, end).collect()
            except SnapshotExpired:
                assert {start, end} - readable - {HEAD}
            else:
                assert Counter(came.rows()) == Counter(model[end]) - before
                assert Counter(went.rows()) == before - Counter(model[end])
                days = {str(row[0] or "") for row in (*came.rows(), *went.rows())}
                assert days <= set(touched(table, start, end))


@EVERYWHERE
def test_rows_are_counted_as_they_come_and_go(table):
    first = table.append(pl.concat([rows(MONDAY, 1, 2), rows(TUESDAY, 3)]))
    assert counted(table, HEAD) == {str(MONDAY): (2, 0), str(TUESDAY): (1, 0)}
    table.append(rows(MONDAY, 4))
    second = table.replace(rows(TUESDAY, 5, 6), TUESDAY)
    assert counted(table, first, second) == {str(MONDAY): (1, 0), str(TUESDAY): (2, 1)}
    table.open().optimize.compact()
    assert counted(table, second) == {}
