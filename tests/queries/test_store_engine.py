"""SQL over the store: what may be read, how values come out, and what hostile SQL gets."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import psycopg
import pytest

from perennial.local import databases
from perennial.local.postgres import Server
from perennial.queries.errors import QueryError
from perennial.queries.limits import Limits
from perennial.queries.store_engine import StoreEngine

pytestmark = pytest.mark.store
SETUP = """
CREATE TABLE insights.sales (date_key date, department text, spend numeric(18,2), tags text[], note jsonb);
INSERT INTO insights.sales
SELECT date '2017-12-01' + n, 'D' || n % 3, n * 1.25, ARRAY['a', 'b'], '{"n": 1}'
FROM generate_series(0, 9) g(n);
COMMENT ON TABLE insights.sales IS 'Sales by day';
COMMENT ON COLUMN insights.sales.spend IS 'In dollars';
CREATE SCHEMA IF NOT EXISTS activation;
CREATE TABLE activation.secrets (token text);
INSERT INTO activation.secrets VALUES ('hunter2');
"""


@pytest.fixture(scope="module")
def reader(store_url: str, store_reader_url: str) -> str:
    """The reader's URL of a store with sales, and with a schema that is not for it."""
    with psycopg.connect(store_url) as connection:
        connection.execute(SETUP)
    return store_reader_url


@pytest.fixture(scope="module")
def run(reader: str) -> Callable[..., list[tuple]]:
    """The rows that a statement gives, in a session of its own."""

    def rows(sql: str, **parameters: object) -> list[tuple]:
        _, pieces = StoreEngine(reader, Limits(seconds=2)).run(sql, parameters)
        return [row for piece in pieces for row in piece.rows()]

    return rows


def test_tables_of_the_insights_schema_are_read(run):
    assert run("SELECT count(*), sum(spend) FROM sales WHERE date_key > $day;", day="2017-12-04") == [
        (6, Decimal("48.75"))
    ]
    assert run("SELECT $b || $a || $b", a="1", b="%s 100% $x") == [("%s 100% $x1%s 100% $x",)]
    assert run("(SELECT 1) UNION (SELECT 2) ORDER BY 1") == [(1,), (2,)]
    assert run("WITH a AS (SELECT 1 AS x) TABLE a") == [(1,)]
    assert run("VALUES (1, 'a''b;')") == [(1, "a'b;")]
    assert ("sales", "Sales by day") in run("SHOW TABLES")
    assert run("DESCRIBE insights.sales")[2] == ("spend", "numeric", "In dollars")
    assert "Seq Scan on sales" in run("EXPLAIN SELECT * FROM sales")[0][0]
    assert run("EXPLAIN (ANALYZE, COSTS off) SELECT * FROM sales")[0][0]


def test_values_come_out_as_they_are(reader):
    columns, pieces = StoreEngine(reader, Limits()).run(
        "SELECT date_key, spend, avg(spend) OVER () AS mean, tags, note, 1::bigint AS n, true AS t, NULL x,"
        " timestamptz '2017-12-01 01:00+01' AS at, interval '1 day' AS span, 0.5::float8 AS f"
        " FROM sales ORDER BY 1 LIMIT 1",
        {},
    )
    assert [(column.name, column.kind) for column in columns][:4] == [
        ("date_key", "temporal"), ("spend", "quantitative"), ("mean", "quantitative"), ("tags", "nominal"),
    ]  # fmt: skip
    [row] = [row for piece in pieces for row in piece.rows()]
    assert row == (
        date(2017, 12, 1), Decimal("0.00"), Decimal("5.625"), '["a", "b"]', '{"n": 1}', 1, True, None,
        datetime(2017, 12, 1, tzinfo=UTC), "1 day, 0:00:00", 0.5,
    )  # fmt: skip


def test_many_rows_come_piece_by_piece(run):
    rows = run("SELECT n, n::numeric / 8 FROM generate_series(1, 12000) g(n)")
    assert len(rows) == 12_000
    assert rows[-1] == (12_000, Decimal(1500))


@pytest.mark.parametrize(
    ("sql", "kind", "at"),
    [
        ("SELECT nothing FROM sales", "syntax", "nothing"),
        ("SELECT 'äöü', $a, nothing FROM sales", "syntax", "nothing"),
        ("SELEC 1", "refused", "SELEC"),
        ("SELECT * FROM nowhere", "missing", "nowhere"),
        ("SELECT $day", "parameter", "$day"),
        ("SELECT 1 / 0", "failed", None),
        ("SELECT nofunction(1)", "missing", "nofunction"),
        ("SELECT 'a", "syntax", "'a"),
        ("", "syntax", None),
    ],
)
def test_an_error_marks_its_place(run, sql, kind, at):
    with pytest.raises(QueryError) as error:
        run(sql, **({"a": "x"} if "$a" in sql else {}))
    assert error.value.kind == kind
    place = error.value.place
    assert (None if place is None else sql[place.start : place.end]) == at


HOSTILE = [
    # Other schemas, credentials, and what the server knows.
    "SELECT * FROM activation.secrets",
    'SELECT * FROM "activation"."secrets"',
    "SELECT * FROM pg_authid",
    "SELECT * FROM pg_shadow",
    "SELECT * FROM pg_roles",
    "SELECT * FROM pg_catalog.pg_user",
    'SELECT * FROM "pg_stat_activity"',
    "SELECT * FROM pg_settings",
    "SELECT * FROM information_schema.tables",
    'SELECT * FROM U&"\\0070g_shadow"',
    "SELECT * FROM U&'x'",
    "SELECT * FROM airflow.public.connection",
    "SELECT * FROM public.connection",
    "SELECT * FROM ab_user",
    "SELECT * FROM dblink('dbname=airflow', 'SELECT 1') AS t(x int)",
    "SELECT current_setting('data_directory')",
    "SELECT set_config('statement_timeout', '0', false)",
    "SELECT table_to_xml('sales', true, true, '')",
    "SELECT query_to_xml('SELECT * FROM pg_shadow', true, true, '')",
    "SELECT database_to_xml(true, true, '')",
    "SELECT schema_to_xml('activation', true, true, '')",
    "SELECT * FROM ts_stat('SELECT to_tsvector(rolpassword) FROM pg_authid')",
    # Files and the network.
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_ls_dir('/')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT lo_get(1)",
    "COPY sales TO '/tmp/x'",
    "COPY sales TO STDOUT",
    "COPY (SELECT 1) TO PROGRAM 'id'",
    # Waiting, locking, ending others.
    "SELECT pg_sleep(60)",
    'SELECT "pg_sleep"(60)',
    "SELECT pg_catalog.pg_sleep(60)",
    "SELECT pg_sleep /* */ (60)",
    "SELECT pg_advisory_lock(1)",
    "SELECT pg_terminate_backend(1)",
    "SELECT pg_cancel_backend(1)",
    "SELECT pg_notify('x', 'y')",
    "SELECT nextval('x')",
    "SELECT setseed(0.5)",
    "SELECT * FROM sales FOR UPDATE",
    "LOCK TABLE sales",
    "LISTEN x",
    # Writing.
    "DELETE FROM sales",
    "WITH gone AS (DELETE FROM sales RETURNING *) SELECT * FROM gone",
    "WITH a AS (INSERT INTO sales(department) VALUES ('x') RETURNING *) SELECT * FROM a",
    "WITH a AS (UPDATE sales SET spend = 0 RETURNING *) SELECT * FROM a",
    "EXPLAIN ANALYZE DELETE FROM sales",
    "EXPLAIN (ANALYZE) DELETE FROM sales",
    "EXPLAIN ANALYZE WITH gone AS (DELETE FROM sales RETURNING *) SELECT * FROM gone",
    "EXPLAIN ANALYZE SELECT * INTO x FROM sales",
    "SELECT * INTO x FROM sales",
    "SELECT * INTO TEMP x FROM sales",
    "CREATE TABLE x (a int)",
    "CREATE TEMP TABLE x (a int)",
    "DROP TABLE sales",
    "TRUNCATE sales",
    "DO $$ BEGIN END $$",
    "CALL x()",
    "EXECUTE x",
    "PREPARE x AS SELECT 1",
    # Settings and transactions.
    "SET statement_timeout = 0",
    "SET ROLE perennial",
    "RESET ALL",
    "SHOW ALL",
    "SHOW data_directory",
    "BEGIN",
    "COMMIT",
    # Several statements, and what hides them.
    "SELECT 1; DELETE FROM sales",
    "SELECT 1; SET default_transaction_read_only = off; DELETE FROM sales",
    "SELECT 1 -- x\n; DELETE FROM sales",
    "SELECT 1 /* /* ; */ */ ; DELETE FROM sales",
    "SELECT $$;$$; DELETE FROM sales",
    "SELECT $a$ $$ $a$; DELETE FROM sales",
    "SELECT E'\\'; DELETE FROM sales; --'; DELETE FROM sales",
    "SELECT E'a'\n'b\\' ; DELETE FROM sales; --'",
    "SELECT 'a\\'; DELETE FROM sales; --'",
    "SELECT 1) TO STDOUT; --",
    "/* SELECT */ DELETE FROM sales",
]
"""What nobody may do; each ends with an error that says why."""


@pytest.mark.parametrize("sql", HOSTILE)
def test_hostile_sql_is_refused(run, sql):
    with pytest.raises(QueryError) as error:
        run(sql)
    assert error.value.kind in ("refused", "missing", "syntax"), error.value
    assert error.value.message
    assert "hunter2" not in str(error.value)


def test_nothing_has_changed_after_all_of_this(run):
    assert run("SELECT count(*), sum(spend) FROM sales") == [(10, Decimal("56.25"))]


def test_what_takes_too_long_is_stopped(run):
    with pytest.raises(QueryError) as error:
        run("SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b")
    assert error.value.kind == "timeout"


def test_what_fills_the_disk_is_stopped(run, postgres_server: Server, store_passwords):
    administrator = postgres_server.conninfo()
    try:
        with psycopg.connect(administrator, autocommit=True) as connection:
            connection.execute(f"ALTER ROLE {databases.READER} SET temp_file_limit = '10MB'")
        with pytest.raises(QueryError, match="no room for what lies between") as error:
            run("SELECT repeat('x', 1000) FROM generate_series(1, 100000) g(n) ORDER BY md5(n::text)")
        assert error.value.kind == "memory"
    finally:
        databases.prepare_roles(administrator, store_passwords)
    with psycopg.connect(administrator) as connection:
        settings = connection.execute("SELECT setconfig FROM pg_db_role_setting").fetchall()
    assert any("temp_file_limit=2GB" in setting for (each,) in settings for setting in each)


def test_functions_that_only_compute_are_allowed(run):
    assert run(
        "SELECT lower('A'), round(1.5), coalesce(NULL, 1), random() < 1, length(gen_random_uuid()::text)"
    ) == [("a", Decimal(2), 1, True, 36)]
    assert run(
        "SELECT date_trunc('month', date_key)::date FROM sales WHERE department IN ('D1') LIMIT 1"
    ) == [(date(2017, 12, 1),)]


def test_a_store_that_is_down_can_be_tried_again():
    with pytest.raises(QueryError, match="cannot be reached") as error:
        StoreEngine("postgresql://a:b@127.0.0.1:1/c", Limits())
    assert error.value.kind == "unreachable"
    assert "a:b" not in str(error.value)
