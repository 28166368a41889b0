"""Snapshot clauses: (from, to], at each table by itself, with errors that say where."""

import shutil
from pathlib import Path

import pytest

from perennial.lake.catalog import Lake
from perennial.queries.catalog import LakeTables
from perennial.queries.errors import Place, QueryError
from perennial.queries.lake_engine import LakeEngine
from perennial.queries.limits import SHOWN
from perennial.queries.snapshots import plain

COUNT = "SELECT count(*) FROM events.transactions"


@pytest.mark.parametrize(
    ("clause", "events"),
    [
        ("", 9),
        ("SINCE 0", 7),
        ("SINCE 2", 0),
        ("since HEAD", 9),
        ("AS OF 0", 2),
        ("as of 1", 5),
        ("AS OF TAIL", 9),
        ("AS OF HEAD", 0),
        ("BETWEEN 0 AND 1", 3),
        ("BETWEEN 1 AND 2", 4),
        ("BETWEEN HEAD AND 1", 5),
        ("BETWEEN 1 AND TAIL", 4),
        ("SNAPSHOT SINCE 1", 4),
        ("SNAPSHOT BETWEEN 0 AND 2", 7),
        ("t SINCE 1", 4),
        ("AS t SINCE 1", 4),
        ("SINCE 1 t", 4),
        ("SINCE 1 AS t", 4),
        ("SINCE 0 WHERE transactions.household_id = '0'", 2),
        ("SINCE $start", 4),
        ("SINCE 0 OR EARLIEST", 7),
    ],
)
def test_a_clause_gives_the_rows_after_its_start_up_to_and_with_its_end(run, clause, events):
    parameters = {"start": 1} if "$" in clause else {}
    assert run(f"{COUNT} {clause}", **parameters) == [(events,)]


def test_consecutive_reads_give_every_row_once(run):
    read = [run(f"SELECT event_id FROM events.transactions BETWEEN {a} AND {b}") for a, b in
            (("HEAD", 0), (0, 1), (1, 2))]  # fmt: skip
    assert sorted(row for rows in read for row in rows) == sorted(
        run("SELECT event_id FROM events.transactions")
    )


def test_each_table_of_a_join_has_its_own(run):
    sql = """
        SELECT count(*), count(b.event_id)
        FROM events.transactions AS OF 1 a
        LEFT JOIN events.transactions b BETWEEN 0 AND 1 ON a.event_id = b.event_id AND 1 BETWEEN 0 AND 2,
        (SELECT count(*) AS n FROM events.transactions c SINCE 1) d
        WHERE d.n BETWEEN 1 AND 10
    """
    assert run(sql) == [(5, 3)]


def test_an_expression_is_no_clause(run):
    assert run("SELECT 2 AS a, 3 BETWEEN 1 AND 5") == [(2, True)]
    assert run(
        "SELECT event_id, sales_value BETWEEN 0 AND 1 FROM events.transactions ORDER BY 1 LIMIT 1"
    ) == [("e000", True)]
    assert run("SELECT household_id IS NOT DISTINCT FROM household_id FROM records.households LIMIT 1") == [
        (True,)
    ]


def test_snapshots_are_listed_with_their_parents(run):
    sql = "SELECT snapshot_id, parent_id, is_current, rows_added FROM history_meta('events.transactions')"
    assert run(sql) == [(0, None, False, 2), (1, 0, False, 3), (2, 1, True, 4)]


@pytest.mark.parametrize(
    ("sql", "kind", "said", "at"),
    [
        (f"{COUNT} SINCE 7", "snapshot", "no snapshot 7|nothing lies", "events.transactions SINCE 7"),
        (f"{COUNT} AS OF 3", "snapshot", "no snapshot 3; the newest is 2", "events.transactions AS OF 3"),
        (f"{COUNT} BETWEEN 2 AND 1", "snapshot", "nothing lies", "events.transactions BETWEEN 2 AND 1"),
        (f"{COUNT} SINCE yesterday", "snapshot", "yesterday is no snapshot", "yesterday"),
        (f"{COUNT} SINCE", "syntax", "ends too early", None),
        (f"{COUNT} BETWEEN 1", "syntax", "BETWEEN needs two snapshots", "1"),
        ("WITH a AS (SELECT 1) SELECT * FROM a SINCE 2", "snapshot", "a is none", "a"),
        ("SELECT * FROM nowhere.x SINCE 2", "missing", "no table nowhere.x", "nowhere.x SINCE 2"),
        (f"{COUNT} SINCE $x", "parameter", "has no value", "$x"),
    ],
)  # fmt: skip
def test_an_error_says_what_is_wrong_and_where(run, sql, kind, said, at):
    with pytest.raises(QueryError, match=said) as error:
        run(sql)
    assert error.value.kind == kind
    if at is not None:
        place = error.value.place
        assert place is not None
        assert sql[place.start : place.end] == at


def test_an_expired_start_is_an_error_or_the_earliest(lake: Lake, tmp_path: Path):
    shutil.copytree(lake.root, tmp_path / "lake")
    log = tmp_path / "lake" / "events" / "transactions" / "_delta_log"
    table = Lake(str(tmp_path / "lake")).events("transactions")
    table.open().create_checkpoint()
    for number in (0, 1):
        (log / f"{number:020}.json").unlink()
    engine = LakeEngine(LakeTables(str(tmp_path / "lake")), None, SHOWN)
    with pytest.raises(QueryError, match="snapshot 0 can no longer be read") as error:
        engine.run(f"{COUNT} SINCE 0", {})
    assert error.value.hint == "Add OR EARLIEST to begin there."
    _, pieces = engine.run(f"{COUNT} SINCE 0 OR EARLIEST", {})
    assert [row for piece in pieces for row in piece.rows()] == [(9,)]


def test_places_of_the_plain_text_are_found_in_what_was_written():
    sql = "SELECT $a, x FROM events.t SINCE 12 WHERE y = $b"
    written = plain(sql, {"a": "a longer value", "b": 1})
    for word in ("x", "WHERE", "y"):
        start = written.sql.index(f" {word} ") + 1
        place = written.rewriting.original(Place(start, start + len(word)))
        assert sql[place.start : place.end] == word
    start = written.sql.index("longer")
    assert written.rewriting.original(Place(start, start + 1)) == Place(7, 9)
