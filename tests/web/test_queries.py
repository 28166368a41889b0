"""Queries over HTTP, inside a real Airflow: run, read in pages, downloaded, cancelled, remembered."""

import io
import shutil
import time
from pathlib import Path

import polars as pl
import pytest
from web.airflow_server import AirflowServer
from web.callers import Caller

pytestmark = [pytest.mark.e2e, pytest.mark.store]
API = "/api/queries"
ENDLESS = "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT max(n) FROM t"
TEMPLATE = """/*
title: Receipts of a household
parameters:
  household: {type: text, title: Household}
  most: {type: integer, default: 3}
*/
SELECT event_time, sales_value FROM events.transactions WHERE household_id = $household ORDER BY 1 LIMIT $most
"""


def run(caller: Caller, sql: str = "", **asked: object) -> dict:
    body = {"sql": sql, **asked} if sql else asked
    answer = caller.send("POST", API, body)
    assert answer.status_code == 200, answer.text
    found: dict = answer.json()
    return found


@pytest.fixture
def template(airflow: AirflowServer) -> Path:
    """A saved query of the tests' own."""
    path = airflow.include / "sql" / "templates" / "receipts.sql"
    path.write_text(TEMPLATE)
    return path


def test_a_query_of_the_lake_gives_columns_and_rows(editor: Caller) -> None:
    sql = """SELECT household_id, sum(sales_value) AS spend FROM events.transactions
        WHERE event_date >= $day GROUP BY 1 ORDER BY 2 DESC"""
    found = run(editor, sql, parameters={"day": "2017-12-01"}, size=2)
    assert found["state"] == "done"
    assert [(each["name"], each["kind"]) for each in found["columns"]] == [
        ("household_id", "nominal"), ("spend", "quantitative"),
    ]  # fmt: skip
    assert found["page"]["rows"][0][0] == "0"
    assert found["page"]["of"] == (found["rows"] + 1) // 2
    assert found["snapshots"] == {"events/transactions": 0}
    assert found["milliseconds"] > 0
    last = editor.get(f"{API}/{found['id']}", page=10_000, size=2).json()["page"]
    assert last["number"] == last["of"]
    assert len(last["rows"]) in (1, 2)


def test_a_query_of_the_store_gives_the_same(editor: Caller) -> None:
    sql = "SELECT department, sum(spend) AS spend FROM fact_sales_by_day GROUP BY 1 ORDER BY 2 DESC"
    found = run(editor, sql, dialect="store")
    assert found["page"]["rows"][0][0] == "GROCERY"
    assert isinstance(found["page"]["rows"][0][1], float)


@pytest.mark.parametrize(
    ("body", "kind", "place"),
    [
        ({"sql": "SELECT nothing FROM events.transactions"}, "syntax", [7, 14]),
        ({"sql": "COPY (SELECT 1) TO '/tmp/x'"}, "refused", [0, 4]),
        ({"sql": "SELECT * FROM read_text('/etc/passwd')"}, "refused", [14, 38]),
        ({"sql": "SELECT * FROM activation.ledger", "dialect": "store"}, "refused", None),
        ({"sql": "SELECT * FROM queries.executions", "dialect": "store"}, "refused", None),
        ({"sql": "SELECT pg_sleep(100)", "dialect": "store"}, "refused", [7, 15]),
        ({"sql": "SELECT * FROM nowhere.x"}, "missing", [14, 23]),
    ],
)
def test_a_query_that_fails_says_why_and_where(editor: Caller, body: dict, kind: str, place: list) -> None:
    found = run(editor, **body)
    assert found["state"] == "failed"
    assert found["error"]["kind"] == kind
    assert found["error"]["place"] == place or place is None
    assert "root:" not in str(found)
    assert run(editor, "SELECT 1")["state"] == "done", "and the server goes on"


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"sql": "SELECT $day"}, 422, "has no value"),
        ({"sql": "SELECT 'a"}, 422, "does not end"),
        ({"sql": "BEGIN SELECT 1; END", "dialect": "store"}, 422, "BEGIN is not allowed"),
        ({"sql": "x" * 300_000}, 413, "longer than"),
        ({"template": "nowhere"}, 422, "no template nowhere"),
        ({"template": "receipts"}, 422, r"$household has no value"),
        ({"template": "receipts", "parameters": {"household": "1", "most": "many"}}, 422, "whole number"),
        ({"template": "receipts", "parameters": {"house": "1"}}, 422, "no parameter $house"),
        ({"sql": "SELECT 1", "template": "receipts"}, 422, "either sql or template"),
        ({}, 422, "either sql or template"),
        ({"sql": "SELECT 1", "dialect": "hive"}, 422, "dialect"),
        ({"sql": "SELECT 1", "surprise": 1}, 422, "surprise"),
    ],
)
def test_what_cannot_be_run_is_refused_at_once(
    editor: Caller, template: Path, body: dict, status: int, said: str
) -> None:
    answer = editor.send("POST", API, body)
    assert answer.status_code == status
    assert said in answer.json()["detail"]


def test_a_template_is_run_by_its_name(editor: Caller, template: Path) -> None:
    found = run(editor, template="receipts", parameters={"household": "0"})
    assert found["rows"] == 3
    assert found["template"] == "receipts"
    listed = {each["name"]: each for each in editor.get(f"{API}/templates").json()["templates"]}
    assert listed["receipts"]["parameters"]["most"]["default"] == 3


def test_files_hold_every_row_of_what_was_seen(admin: Caller, airflow: AirflowServer, template: Path) -> None:
    sql = "SELECT a.event_time, '=' || a.household_id AS name FROM events.transactions a, range(4)"
    found = run(admin, sql)
    assert (found["rows"], found["truncated"]) == (10_000, True)
    receipts = pl.read_delta(str(airflow.lake / "events/transactions"))
    pl.DataFrame(receipts).write_delta(str(airflow.lake / "events/transactions"), mode="append")
    text = admin.get(f"{API}/{found['id']}/csv")
    assert text.headers["content-disposition"].endswith('.csv"')
    lines = text.text.splitlines()
    assert len(lines) == 16_001, "the rows that came since are not among them"
    assert lines[0] == "event_time,name"
    assert lines[1].partition(",")[2].startswith("'=")
    frame = pl.read_parquet(io.BytesIO(admin.get(f"{API}/{found['id']}/parquet").content))
    assert frame.shape == (16_000, 2)
    mine = run(admin, template="receipts", parameters={"household": "0"})
    assert len(admin.get(f"{API}/{mine['id']}/csv").text.splitlines()) == 4


def test_a_file_that_cannot_be_made_is_an_error_and_no_file(admin: Caller, airflow: AirflowServer) -> None:
    found = run(admin, "SELECT household_id FROM events.transactions")
    shutil.rmtree(airflow.lake / "events" / "transactions")
    answer = admin.get(f"{API}/{found['id']}/csv")
    assert answer.status_code == 422
    assert answer.json()["kind"] == "missing"


def test_a_query_can_be_left_running_and_cancelled(editor: Caller) -> None:
    answer = editor.send("POST", API, {"sql": ENDLESS, "wait": 0})
    assert answer.status_code == 202
    identifier = answer.json()["id"]
    assert editor.get(f"{API}/{identifier}", wait=1).status_code == 202
    assert editor.get(f"{API}/functions").status_code == 200, "the server goes on meanwhile"
    assert editor.send("DELETE", f"{API}/{identifier}", {}).json() == {"cancelled": True}
    found = editor.get(f"{API}/{identifier}", wait=15).json()
    assert (found["state"], found["error"]["kind"]) == ("cancelled", "cancelled")
    assert editor.send("DELETE", f"{API}/{identifier}", {}).json() == {"removed": True}
    assert editor.get(f"{API}/{identifier}").status_code == 404


def test_nobody_takes_all_the_places(editor: Caller, admin: Caller) -> None:
    running = [editor.send("POST", API, {"sql": ENDLESS, "wait": 0}).json()["id"] for _ in range(3)]
    try:
        answer = editor.send("POST", API, {"sql": "SELECT 1", "wait": 0})
        assert (answer.status_code, answer.json()["kind"]) == (429, "busy")
    finally:
        for identifier in running:
            editor.send("DELETE", f"{API}/{identifier}", {})
    deadline = time.monotonic() + 30
    states = []
    while time.monotonic() < deadline:
        states = [editor.get(f"{API}/{identifier}").json()["state"] for identifier in running]
        if set(states) == {"cancelled"}:
            break
        time.sleep(0.2)
    assert states == ["cancelled"] * 3
    assert run(admin, "SELECT 1")["rows"] == 1


def test_queries_are_each_persons_own(editor: Caller, admin: Caller) -> None:
    marker = f"SELECT 'only mine {time.monotonic_ns()}'"
    found = run(editor, marker)
    listed = editor.get(API, search="ONLY MINE").json()["queries"]
    assert listed[0]["id"] == found["id"]
    assert listed[0]["sql"] == marker
    older = editor.get(API, before=listed[0]["submitted_at"]).json()["queries"]
    assert found["id"] not in {each["id"] for each in older}
    assert admin.get(API, search="only mine").json()["queries"] == []
    for path in ("", "/csv", "/chart"):
        answer = admin.get(f"{API}/{found['id']}{path}", mark="bar", x=0, y=0)
        assert answer.status_code == 404
    assert admin.send("DELETE", f"{API}/{found['id']}", {}).status_code == 404


def test_a_chart_is_drawn_of_the_rows_that_were_shown(editor: Caller) -> None:
    found = run(
        editor,
        'SELECT event_date AS "a day", count(*) AS n, household_id FROM events.transactions GROUP BY ALL',
    )
    drawing = editor.get(f"{API}/{found['id']}/chart", mark="line", x=0, y=1, color=2).json()
    assert [column["title"] for column in drawing["columns"]] == ["a day", "n", "household_id"]
    assert drawing["spec"]["encoding"]["x"]["field"] == "c0"
    assert drawing["spec"]["encoding"]["x"]["type"] == "temporal"
    assert drawing["truncated"] is (found["rows"] > 5_000)
    assert editor.get(f"{API}/{found['id']}/chart", mark="line", x=0, y=9).status_code == 404


def test_what_there_is_to_query_is_listed(editor: Caller) -> None:
    lake = {
        f"{each['schema']}.{each['name']}": each for each in editor.get(f"{API}/schemas").json()["tables"]
    }
    columns = {each["name"]: each["type"] for each in lake["events.transactions"]["columns"]}
    assert columns["sales_value"] == "decimal(18,2)"
    assert columns["event_time"] == "timestamptz"
    store = {each["name"]: each for each in editor.get(f"{API}/schemas", dialect="store").json()["tables"]}
    assert store["fact_sales_by_day"]["columns"][0]["name"] == "date_key"
    functions = {each["name"]: each for each in editor.get(f"{API}/functions").json()["functions"]}
    assert functions["sess_timeout"]["about"] == "A new session after a gap of more than so many seconds."
    assert functions["hll_estimate"]["kind"] == "value"
    assert not any(name.startswith("__") for name in functions)
    [plan] = editor.get(f"{API}/scheduled").json()["scheduled"]
    assert (plan["dag"], plan["table"]) == ("query_visitors_by_day", "queries/visitors_by_day")


def test_a_query_is_asked_for_by_our_pages_only(airflow: AirflowServer, editor: Caller) -> None:
    address = f"{airflow.url}/perennial{API}"
    form = airflow.session("ursel").post(address, data={"sql": "SELECT 1"}, timeout=30)
    assert form.status_code == 415
    assert editor.send("POST", API, {"sql": "SELECT 1"}, headers={}).status_code == 403


def test_rows_of_people_are_for_those_who_may_look_people_up(viewer: Caller, editor: Caller) -> None:
    refused = viewer.send("POST", API, {"sql": "SELECT 1"})
    assert refused.status_code == 403
    assert "only who may evaluate audiences" in refused.json()["detail"]
    assert viewer.send("POST", API, {"sql": "SELECT 1", "dialect": "store"}).json()["state"] == "done"
    assert 'data-dialect="lake"' not in viewer.page("/queries")
    assert 'data-dialect="lake"' in editor.page("/queries")
