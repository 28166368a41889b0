"""Blocks: statements in their order, with variables, tables and a handler."""

import pytest

from perennial.queries.blocks import run_block
from perennial.queries.errors import QueryError
from perennial.queries.lake_engine import LakeEngine
from perennial.queries.tokens import is_block

WHOLE = """
$$ BEGIN
    SET @newest = SELECT max(snapshot_id) FROM history_meta('events.transactions');
    CREATE TEMP TABLE fresh AS SELECT * FROM events.transactions BETWEEN $since AND @newest;
    BEGIN
        SET @rows = SELECT count(*) FROM fresh;
    END;
    SELECT @rows AS n, min(event_id), CASE WHEN true THEN 'END; BEGIN' END FROM fresh;
END $$;
"""


def result(engine: LakeEngine, sql: str, **parameters: object) -> list[tuple]:
    _, pieces = run_block(engine, sql, parameters)
    return [row for piece in pieces for row in piece.rows()]


def test_statements_see_what_came_before(engine):
    assert result(engine, WHOLE, since=0) == [(7, "e002", "END; BEGIN")]


def test_a_single_statement_is_run_as_it_is(engine):
    assert result(engine, "SELECT $x", x=1) == [(1,)]
    assert is_block(WHOLE)
    assert not is_block("SELECT 'BEGIN'")


def test_the_first_failure_ends_the_block_and_begins_the_handler(engine):
    sql = """BEGIN
        SET @done = SELECT 'before';
        SELECT CAST('x' AS INTEGER);
        SET @done = SELECT 'after';
    EXCEPTION WHEN OTHERS THEN
        SELECT 'ERROR ' || @done;
    END"""
    assert result(engine, sql) == [("ERROR before",)]


def test_a_failure_among_the_last_rows_is_handled_too(engine):
    sql = "BEGIN SELECT CASE WHEN i = 99999 THEN error('no') ELSE 'x' END FROM range(100000) t(i); " \
          "EXCEPTION WHEN OTHER THEN SELECT 'ERROR'; END"  # fmt: skip
    assert result(engine, sql) == [("ERROR",)]


def test_an_inner_handler_lets_the_outer_block_go_on(engine):
    sql = """BEGIN
        BEGIN SELECT nothing; EXCEPTION WHEN OTHERS THEN SET @caught = SELECT 1; END;
        SELECT @caught;
    EXCEPTION WHEN OTHERS THEN SELECT 'outer';
    END"""
    assert result(engine, sql) == [(1,)]


def test_an_inner_failure_reaches_the_outer_handler(engine):
    sql = "BEGIN BEGIN SELECT nothing; END; SELECT 1; EXCEPTION WHEN OTHERS THEN SELECT 'outer'; END"
    assert result(engine, sql) == [("outer",)]


@pytest.mark.parametrize(
    ("sql", "said", "at"),
    [
        ("BEGIN SELECT 1; SELECT nothing; END", "nothing", "nothing"),
        ("BEGIN SET @x = SELECT 'ü'; SELECT @x, nothing; END", "nothing", "nothing"),
        ("BEGIN SELECT @y; END", "The variable @y has no value", "y"),
        ("BEGIN SET threads = 4; SELECT 1; END", "SET gives a variable", "SET"),
        ("BEGIN CREATE TABLE x AS SELECT 1; SELECT 1; END", "Only temporary tables", "CREATE"),
        ("BEGIN COPY (SELECT 1) TO '/tmp/x'; END", "COPY is not allowed", "COPY"),
        (
            "BEGIN SELECT * FROM read_text('/etc/passwd'); END",
            "cannot be read from",
            "read_text('/etc/passwd')",
        ),
        ("BEGIN CREATE TEMP TABLE x AS SELECT * FROM read_text('a'); END", "cannot be", "read_text('a')"),
        ("BEGIN SET @x = DELETE FROM y; END", "not allowed|syntax", None),
        ("BEGIN SELECT 1", "The block does not end", None),
        ("BEGIN SELECT 1 END", "The block does not end", None),
        ("BEGIN SELECT 1; END; SELECT 2", "One statement|has ended", None),
        ("BEGIN SET @x = SELECT 1; END", "gives no result", None),
        ("BEGIN TRANSACTION; END", "not allowed|syntax", None),
        ("BEGIN SELECT 1; EXCEPTION SELECT 2; END", "EXCEPTION is not complete", "EXCEPTION"),
    ],
)
def test_an_error_says_what_is_wrong_and_where(engine, sql, said, at):
    with pytest.raises(QueryError, match=said) as error:
        result(engine, sql)
    if at is not None:
        place = error.value.place
        assert place is not None
        assert sql[place.start : place.end] == at
