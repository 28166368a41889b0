"""The store, read-only: rows with their kinds, and for every failure a kind and what to do."""

import pytest

from perennial.errors import TerminalError, TransientError
from perennial.local.ports import free_ports
from perennial.web.store import Column, Store, StoreError

pytestmark = pytest.mark.store


def test_rows_come_with_the_kinds_of_their_columns(filled: Store) -> None:
    result = filled.query("SELECT date_key, decile, metric_sum, metric FROM fact_value_by_decile", limit=3)
    assert result.columns == (
        Column("date_key", "temporal"),
        Column("decile", "quantitative"),
        Column("metric_sum", "quantitative"),
        Column("metric", "nominal"),
    )
    assert len(result.rows) == 3
    assert result.truncated


def test_of_many_rows_only_those_are_made_that_were_asked_for(filled: Store) -> None:
    rows = "SELECT n, pg_sleep(0.1) IS NULL AS slept FROM generate_series(1, 1000) AS n"
    made = f"-- a row takes 0.1 s\n{rows};"
    result = filled.query(made, limit=3)
    assert ([n for n, _ in result.rows], result.truncated) == ([1, 2, 3], True)
    assert filled.query("SELECT n FROM generate_series(1, 0) AS n").columns == (Column("n", "quantitative"),)


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("SELECT * FROM nowhere", "missing"),
        ("SELECT nothing FROM dim_campaign", "query"),
        ("SELEC 1", "query"),
        ("SELECT 1 / 0", "query"),
        ("SELECT pg_sleep(20)", "timeout"),
        ("DELETE FROM dim_campaign", "denied"),
        ("CREATE TABLE mine (a int)", "denied"),
        ("SELECT pg_read_file('/etc/passwd')", "denied"),
    ],
)
def test_a_failure_has_a_kind_and_says_what_to_do(filled: Store, sql: str, kind: str) -> None:
    with pytest.raises(StoreError) as failure:
        filled.query(sql)
    assert failure.value.kind == kind
    assert failure.value.hint
    assert isinstance(failure.value, TransientError if kind == "timeout" else TerminalError)
    assert filled.query("SELECT 1").rows == [(1,)], "the connection still works"


def test_several_statements_are_one_too_many(filled: Store) -> None:
    with pytest.raises(StoreError):
        filled.query("SELECT $x::int; DELETE FROM dim_campaign", {"x": 1})
    with pytest.raises(StoreError):
        filled.query("SELECT 1; SET default_transaction_read_only = off; DELETE FROM dim_campaign")


def test_a_store_without_tables_says_that_they_are_to_come(bare: Store) -> None:
    with pytest.raises(StoreError) as failure:
        bare.query("SELECT * FROM fact_sales_by_day")
    assert failure.value.kind == "missing"


def test_a_store_that_is_down_is_worth_another_try() -> None:
    port = free_ports({"nobody": None})["nobody"]
    store = Store(lambda: f"postgresql://a:b@127.0.0.1:{port}/c", connect_s=1)
    with pytest.raises(StoreError) as failure:
        store.query("SELECT 1")
    assert failure.value.kind == "unreachable"
    assert isinstance(failure.value, TransientError)
    assert "a:b" not in str(failure.value)
    store.close()


def test_comments_before_a_query_are_passed_over_in_one_way(filled: Store) -> None:
    """Thirty of them kept the server busy for an hour, since two could be read as one."""
    comments = "/**/" * 2_000
    assert filled.query(f"{comments} SELECT 1").rows == [(1,)]
    assert filled.query(f"{comments} (SELECT 2)").rows == [(2,)]
