"""SQL over the lake: what may be read, how values come out, and what hostile SQL gets."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from perennial.queries.catalog import LakeTables
from perennial.queries.errors import QueryError
from perennial.queries.lake_engine import LakeEngine
from perennial.queries.limits import SHOWN

TX = "events.transactions"


def test_tables_are_named_by_area_and_name(run):
    assert run(f"SELECT count(*) FROM {TX} JOIN records.households USING (household_id);") == [(9,)]
    assert run('SELECT town FROM "records"."HOUSEHOLDS" ORDER BY 1') == [("Köln",), ("Ulm",), (None,)]
    assert run("SHOW TABLES") == [("events", "transactions"), ("records", "households")]
    assert run("DESCRIBE records.households")[0][:2] == ("household_id", "VARCHAR")
    assert len(run(f"SUMMARIZE {TX}")) == 5
    assert "EMPTY_RESULT" not in run(f"EXPLAIN SELECT * FROM {TX}")[0][0]
    assert run(f"EXPLAIN ANALYZE SELECT * FROM {TX}")[0][0]


def test_a_table_that_nobody_wrote_yet_reads_as_empty(run):
    assert run("SELECT count(*) FROM responses.email_events") == [(0,)]


def test_only_tables_that_are_named_are_read(lake):
    tables = LakeTables(lake.root)
    engine = LakeEngine(tables, None, SHOWN)
    engine.run(f"WITH households AS (SELECT 1) SELECT * FROM {TX}, households", {})
    assert tables.read == {"events/transactions": 2}


def test_a_table_is_read_at_the_snapshot_that_is_pinned(lake):
    engine = LakeEngine(LakeTables(lake.root, {"events/transactions": 0}), None, SHOWN)
    for sql in (f"SELECT count(*) FROM {TX}", f"SELECT count(*) FROM {TX} BETWEEN HEAD AND TAIL"):
        _, pieces = engine.run(sql, {})
        assert [row for piece in pieces for row in piece.rows()] == [(2,)]


def test_values_come_out_as_they_are(engine):
    columns, pieces = engine.run(
        "SELECT 1.50::DECIMAL(18,2) d, sum(i) s, DATE '2017-12-31' t, TIMESTAMPTZ '2017-12-31 01:00+01' z,"
        " INTERVAL 1 DAY v, [1, 2] l, {'a': 1} o, 'ü' u, NULL n, 1 AS a, 2 AS a FROM range(3) r(i)",
        {},
    )
    assert [column.kind for column in columns] == ["quantitative"] * 2 + ["temporal"] * 2 + [
        "nominal"
    ] * 5 + ["quantitative"] * 2
    [row] = [row for piece in pieces for row in piece.rows()]
    moment = datetime(2017, 12, 31, tzinfo=UTC)
    assert row == (
        Decimal("1.50"), Decimal(3), date(2017, 12, 31), moment, "1 day", [1, 2], {"a": 1}, "ü", None, 1, 2,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2017-12-31", 7),
        (date(2017, 12, 31), 7),
        (datetime(2017, 12, 31, tzinfo=UTC), 7),
        ("2017-12-31' OR '1'='1", "Conversion|convert|invalid date"),
    ],
)
def test_a_parameter_is_a_value_whatever_it_says(run, value, expected):
    sql = f"SELECT count(*) FROM {TX} WHERE event_date = $day"
    if isinstance(expected, int):
        assert run(sql, day=value) == [(expected,)]
    else:
        with pytest.raises(QueryError, match=expected):
            run(sql, day=value)


def test_hostile_parameters_stay_values(run):
    for value in ("'; DROP TABLE x; --", "\\'; SELECT 1", "$$", '"', "*/", "\n'"):
        assert run("SELECT $x AS x", x=value) == [(value,)]
    assert run("SELECT $a, $b, $c, $d", a=-3, b=0.1, c=True, d=None) == [(-3, 0.1, True, None)]


def test_a_missing_parameter_fails_before_anything_runs(lake):
    tables = LakeTables(lake.root)
    with pytest.raises(QueryError, match=r"The parameter \$day has no value") as error:
        LakeEngine(tables, None, SHOWN).run(f"SELECT * FROM {TX} WHERE event_date = $day", {})
    assert error.value.kind == "parameter"
    assert tables.read == {}


@pytest.mark.parametrize(
    ("sql", "kind", "at"),
    [
        ("SELECT foo FROM events.transactions", "syntax", "foo"),
        ("SELECT 'äöü', foo FROM events.transactions", "syntax", "foo"),
        ("SELEC 1", "syntax", "SELEC"),
        ("SELECT * FROM transactions", "missing", "transactions"),
        ("EXPLAIN SELECT * FROM transactions", "missing", "transactions"),
        ("SELECT nofunction(1)", "missing", "nofunction(1)"),
        ("SELECT CAST('x' AS INTEGER)", "failed", "CAST('x' AS INTEGER)"),
        ("", "syntax", None),
        ("-- nothing", "syntax", None),
        ("SELECT 'a", "syntax", "'a"),
    ],
)
def test_an_error_marks_its_place(run, sql, kind, at):
    with pytest.raises(QueryError) as error:
        run(sql)
    assert error.value.kind == kind
    place = error.value.place
    assert (None if place is None else sql[place.start : place.end]) == at


def test_a_column_that_is_close_is_suggested(run):
    with pytest.raises(QueryError, match=r"Did you mean sales_value"):
        run("SELECT sales_valu FROM events.transactions")


def test_a_table_of_another_area_is_suggested(run):
    with pytest.raises(QueryError, match=r"Did you mean events\.transactions\?"):
        run("SELECT * FROM transactions")


HOSTILE = [
    # Files, by function, by name, by statement, and where nobody looks.
    "SELECT * FROM read_csv('{file}')",
    "SELECT * FROM read_csv_auto('{file}')",
    "SELECT * FROM read_text('{file}')",
    "SELECT * FROM read_blob('{file}')",
    "SELECT * FROM read_parquet('{file}')",
    "SELECT * FROM read_json('{file}')",
    "SELECT * FROM parquet_scan('{file}')",
    "SELECT * FROM glob('/*')",
    "SELECT * FROM sniff_csv('{file}')",
    "SELECT * FROM '{file}'",
    'SELECT * FROM "{file}"',
    "FROM '{file}'",
    "TABLE '{file}'",
    "DESCRIBE '{file}'",
    "SUMMARIZE '{file}'",
    "SELECT (SELECT max(content) FROM read_text('{file}'))",
    "WITH a AS (FROM read_text('{file}')) FROM a",
    "SELECT 1 WHERE EXISTS (SELECT 1 FROM (VALUES (1)) v, LATERAL read_text('{file}'))",
    "FROM query('FROM read_text(''{file}'')')",
    "FROM query_table('{file}')",
    "FROM query_table(['{file}'])",
    "FROM query_table('pg_' || 'settings')",
    "FROM query_table(('pg_settings'))",
    "FROM query_table([concat('pg_', 'settings')])",
    "FROM query_table()",
    "FROM sess_timeout('pg_' || 'settings', name, setting, name, 1)",
    "FROM sess_timeout(who := name, source := 'pg_settings', at_time := name, tie := name, seconds := 1)",
    "FROM previous(pg_settings, name, name, name, name)",
    "FROM sess_timeout('{file}', a, b, c, 1)",
    "EXPLAIN ANALYZE SELECT * FROM read_text('{file}')",
    "EXPLAIN COPY (SELECT 1) TO '{file}'",
    "COPY (SELECT 1) TO '{file}'",
    "COPY x FROM '{file}'",
    "EXPORT DATABASE '{file}'",
    "IMPORT DATABASE '{file}'",
    "ATTACH '{file}' AS other",
    "ATTACH ':memory:' AS other",
    "DETACH memory",
    "USE memory",
    # The network, and extensions.
    "SELECT * FROM read_csv('https://example.com/x.csv')",
    "SELECT * FROM 's3://bucket/x.parquet'",
    "ATTACH 'https://example.com/x.duckdb'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "FORCE INSTALL spatial FROM community",
    "CREATE SECRET (TYPE s3, KEY_ID 'a', SECRET 'b')",
    # Settings, credentials, and the engine itself.
    "SET enable_external_access = true",
    "SET memory_limit = '100GB'",
    "RESET enable_external_access",
    "PRAGMA enable_external_access",
    "PRAGMA database_list",
    "CALL pragma_version()",
    "SELECT current_setting('memory_limit')",
    "SELECT getenv('HOME')",
    "SELECT getvariable('x')",
    "SELECT sleep_ms(100000)",
    "SELECT pg_sleep(100)",
    "SELECT write_log('x')",
    "FROM duckdb_settings()",
    "FROM duckdb_secrets()",
    "FROM which_secret('s3://x', 's3')",
    "FROM duckdb_tables()",
    "FROM duckdb_memory()",
    "FROM pragma_table_info('x')",
    "FROM information_schema.tables",
    "FROM pg_catalog.pg_class",
    "FROM duckdb_views",
    "FROM sqlite_master",
    "SHOW ALL TABLES",
    "SHOW DATABASES",
    "FROM (SHOW ALL TABLES)",
    "FROM arrow_scan(1, 2, 3)",
    "FROM pandas_scan(1)",
    "FROM python_map_function(1)",
    "FROM seq_scan('x')",
    "FROM json_execute_serialized_sql('{{}}')",
    "SELECT json_execute_serialized_sql('{{}}')",
    "FROM test_all_types()",
    "SELECT json_serialize_plan('FROM duckdb_settings()')",
    "SELECT list_transform(['HOME'], x -> getenv(x))",
    "SELECT 'HOME'.getenv()",
    "SELECT system.main.getenv('HOME')",
    "SELECT 1 LIMIT (SELECT count(*) FROM read_text('{file}'))",
    "WITH RECURSIVE t AS (SELECT 1 UNION ALL SELECT 1 FROM read_text('{file}')) FROM t",
    "FROM (VALUES ('{file}')) t(f) POSITIONAL JOIN read_csv(f)",
    "FROM (SUMMARIZE '{file}')",
    "UNPIVOT '{file}' ON x",
    "SELECT 1 UNION ALL BY NAME SELECT * FROM '{file}'",
    # Writing.
    "DROP TABLE events.transactions",
    "CREATE TABLE x AS SELECT 1",
    "CREATE TEMP TABLE x AS SELECT 1",
    "CREATE VIEW x AS SELECT 1",
    "CREATE MACRO x() AS 1",
    "INSERT INTO events.transactions SELECT * FROM events.transactions",
    "UPDATE events.transactions SET household_id = '1'",
    "DELETE FROM events.transactions",
    "TRUNCATE events.transactions",
    "ALTER TABLE events.transactions ADD COLUMN x INTEGER",
    "WITH gone AS (DELETE FROM events.transactions RETURNING *) SELECT * FROM gone",
    "WITH more AS (INSERT INTO events.transactions VALUES (1) RETURNING *) SELECT * FROM more",
    "EXPLAIN ANALYZE DELETE FROM events.transactions",
    "BEGIN TRANSACTION",
    "COMMIT",
    "CHECKPOINT",
    "VACUUM",
    "PREPARE p AS SELECT 1",
    "EXECUTE p",
    "DEALLOCATE p",
    # Several statements, and what hides them.
    "SELECT 1; SELECT 2",
    "SELECT 1; COPY (SELECT 1) TO '{file}'",
    "SELECT 1 /* ; */; DROP TABLE x",
    "SELECT 1 -- x\n; DROP TABLE x",
    "SELECT ';'; DROP TABLE x",
    "SELECT $$;$$; DROP TABLE x",
    "/* SELECT */ COPY (SELECT 1) TO '{file}'",
    "SELECT 1) TO '{file}'; --",
    "SELECT * FROM events.transactions) SELECT 1 FROM (SELECT 1",
]
"""What nobody may do; each ends with an error that says why."""


@pytest.mark.parametrize("sql", HOSTILE)
def test_hostile_sql_is_refused(run, folder: Path, sql):
    file = folder / "secret.csv"
    before = sorted(folder.iterdir())
    with pytest.raises(QueryError) as error:
        run(sql.format(file=file))
    assert error.value.kind in ("refused", "missing", "syntax"), error.value
    assert "hunter2" not in str(error.value)
    assert error.value.message
    assert sorted(folder.iterdir()) == before


def test_python_is_out_of_reach(run):
    secret = [("hunter2",)]
    with pytest.raises(QueryError):
        run("SELECT * FROM secret")
    assert secret


def test_duckdb_itself_is_cut_off(engine: LakeEngine, folder: Path):
    """Should the statement be misread one day, the engine underneath still refuses."""
    file = folder / "secret.csv"
    for sql in (
        f"SELECT * FROM read_text('{file}')",
        f"COPY (SELECT 1) TO '{folder}/written'",
        f"ATTACH '{folder}/other.duckdb'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET memory_limit = '100GB'",
        "SET python_enable_replacements = true",
        "RESET memory_limit",
    ):
        with pytest.raises(Exception, match=r"disabled|locked|[Cc]annot"):
            engine.connection.execute(sql)
    assert [path.name for path in folder.iterdir()] == ["secret.csv"]
