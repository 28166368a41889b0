"""Failures of a scheduled query are counted; ten in a row are a quarantine; its file says who is told."""

from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG, BaseOperator

from perennial.operators.alerts import documents, watch
from perennial.operators.assets import INSIGHTS
from perennial.operators.query_outcomes import Outcome
from perennial.queries.scheduled import ScheduledQuery, find

SQL = """/*
title: Mine
schedule: daily
delay_minutes: 20
alerts: {events: [success, quarantine, delay], webhook: hook}
*/
SELECT 1
"""


class Kept(dict):
    """The state of an asset."""

    def set(self, key: str, value: Any) -> None:
        self[key] = value

    def get(self, key: str, default: Any = None) -> Any:
        return super().get(key, default)


@pytest.fixture
def query(tmp_path, monkeypatch) -> ScheduledQuery:
    """A query with alerts of its own, and no document of alerts beside it."""
    monkeypatch.setenv("PERENNIAL_INCLUDE", str(tmp_path))
    (tmp_path / "sql" / "queries").mkdir(parents=True)
    (tmp_path / "sql" / "queries" / "mine.sql").write_text(SQL)
    return find(tmp_path, "mine")


def context(state: Kept, error: Exception | None = None) -> Any:
    run = SimpleNamespace(run_id="scheduled__2017")
    dag = SimpleNamespace(dag_id="query_mine")
    return {"asset_state_store": {INSIGHTS: state}, "dag_run": run, "exception": error, "dag": dag}


@pytest.mark.store
def test_the_tenth_failure_in_a_row_is_a_quarantine(query, kept, webhook):
    state = Kept()
    failed, succeeded = (Outcome(query, INSIGHTS, succeeded=outcome) for outcome in (False, True))
    for _ in range(9):
        failed(context(state))
    succeeded(context(state))
    assert state == {"failures_in_a_row": 0}
    for _ in range(11):
        failed(context(state, ValueError("<no> such column")))
    assert state == {"failures_in_a_row": 11}
    (one,) = kept()
    assert one.notice.text == "Mine failed 10 times in a row and is quarantined."
    assert (one.notice.dag, one.notice.detail) == ("query_mine", "<no> such column")
    [(token, body)] = webhook.heard
    assert (token, body["event"], body["run_id"]) == ("Bearer token", "quarantine", "scheduled__2017")


def test_its_dag_is_watched_as_its_file_says(query, tmp_path):
    with DAG("query_mine", schedule=None) as dag:
        task = BaseOperator(task_id="run")
    watch(dag, documents(tmp_path, dag.dag_id))
    assert (len(dag.on_success_callback), dag.on_failure_callback, task.on_failure_callback) == (1, None, [])
    assert [each.interval.total_seconds() for each in dag.deadline] == [1200]
    assert documents(tmp_path, "query_another") == {}
    assert documents(tmp_path) == {}
