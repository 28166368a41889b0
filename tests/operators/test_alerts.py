"""Every Dag tells how its runs go: a notice is kept in the store, sent at once, and never fails a run."""

import asyncio
import json
import os
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from airflow.sdk import DAG, BaseOperator

from perennial.alerts.notice import Channel, Notice
from perennial.hooks.alert_channels import NotTaken, send
from perennial.operators.alert_delivery import DeliverAlertsOperator
from perennial.operators.alerts import Announcement, documents, watch
from perennial.operators.assets import ALERTS, SIGNALS
from perennial.operators.signals import IngestOperator
from perennial.settings import Settings
from perennial.stages.workspace import Workspace

pytestmark = pytest.mark.store
ORDERS = """
title: Orders
kind: event
source: {daily: "{day}.csv"}
key: [id]
tolerance: 1
expectations: [{measure: rows, min: 2}]
columns:
  event_time: {type: timestamp, source: at, required: true}
  id: {type: string, required: true}
"""
SINCE = datetime(2026, 1, 2, 3, tzinfo=UTC)


@pytest.fixture
def include(tmp_path, monkeypatch):
    """Documents of the test's own; `include("title: ...")` writes one."""
    monkeypatch.setenv("PERENNIAL_INCLUDE", str(tmp_path))
    (tmp_path / "alerts").mkdir()

    def write(text: str, name: str = "one") -> Any:
        (tmp_path / "alerts" / f"{name}.yaml").write_text(text)
        return tmp_path

    return write


def context(**said: Any) -> Any:
    run = SimpleNamespace(run_id="manual__1", start_date=SINCE)
    return {"dag_run": run, "task": SimpleNamespace(task_id="ingest"), **said}


def test_a_failure_is_told_in_full_and_once(include, kept, webhook, mail):
    include("title: All\nslack: slack\nwebhook: hook\nemail: [ann@example.com]\n")
    # The task tells with its error; then the Dag would, without one.
    Announcement("failure", "signals_batch")(context(exception=ValueError("sales: 3 rows, at least 10")))
    Announcement("failure", "signals_batch")(context(reason="task_failure"))
    (one,) = kept()
    assert one.notice.text == "signals_batch failed."
    assert one.notice.detail == "Task ingest: sales: 3 rows, at least 10"
    assert sorted(one.delivered) == ["e-mail to ann@example.com", "slack slack", "webhook hook"]
    bodies = [body for _, body in webhook.heard]
    assert {"text"} in [{*body} for body in bodies], "what Slack takes"
    assert any("Task ingest: sales: 3 rows, at least 10" in body["text"] for body in bodies)
    assert sorted(webhook.paths) == ["/hook", "/services/T0/B0/secret"]


def test_a_task_that_was_lost_has_no_error_and_is_told_all_the_same(include, kept):
    include("title: All\n")
    Announcement("failure", "audiences")(context(exception=None))
    assert kept()[0].notice.detail.startswith("Task ingest: ended without an error of its own")


def test_a_run_that_is_cleared_and_fails_again_is_told_again(include, kept):
    include("title: All\n")
    Announcement("failure", "audiences")(context(exception=ValueError("a")))
    again = SimpleNamespace(run_id="manual__1", start_date=SINCE + timedelta(hours=1))
    Announcement("failure", "audiences")(context(exception=ValueError("b"), dag_run=again))
    assert [each.notice.detail for each in kept()] == ["Task ingest: b", "Task ingest: a"]


def test_what_is_not_taken_is_tried_again_and_its_address_is_told_nobody(include, kept, webhook, caplog):
    include("title: All\nslack: slack\n")
    webhook.status = 500
    Announcement("failure", "audiences")(context(exception=ValueError("a")))
    (one,) = kept()
    assert one.waiting == ["slack slack (NotTaken: connection slack: answered 500)"]
    webhook.status = 200
    with psycopg.connect(os.environ["AIRFLOW_CONN_PERENNIAL_STORE"], autocommit=True) as connection:
        connection.execute("UPDATE alerts.delivery SET next_attempt_at = now()")
    operator: Any = DeliverAlertsOperator(task_id="deliver", asset=ALERTS)
    nowhere: Any = None
    assert operator.run(nowhere, SINCE, {})["delivered"] == 1
    assert kept()[0].delivered == ["slack slack"]
    assert "secret" not in caplog.text


def test_nothing_that_goes_wrong_fails_a_run(include, webhook, monkeypatch, caplog):
    folder = include("title: All\nslack: slack\n")
    monkeypatch.setitem(os.environ, "AIRFLOW_CONN_PERENNIAL_STORE", "postgresql://nobody:x@127.0.0.1:1/none")
    Announcement("failure", "audiences")(context(exception=ValueError("a")))
    assert len(webhook.heard) == 1, "without a store it is sent all the same, once"
    webhook.status = 500
    Announcement("failure", "audiences")(context(exception=ValueError("a")))
    assert "slack slack did not take it" in caplog.text
    (folder / "alerts/one.yaml").write_text("title: All\nslak: slack\n")
    Announcement("failure", "audiences")(context(exception=ValueError("a")))
    assert "one.yaml: slak: Extra inputs are not permitted" in caplog.text
    assert len(webhook.heard) == 2


def test_a_connection_without_an_address_says_what_to_do(include, kept, monkeypatch):
    include("title: All\nslack: empty\n")
    monkeypatch.setitem(os.environ, "AIRFLOW_CONN_EMPTY", json.dumps({"conn_type": "http"}))
    Announcement("failure", "audiences")(context(exception=ValueError("a")))
    assert "put the webhook's address into the password" in kept()[0].waiting[0]


@pytest.mark.parametrize("status", [302, 404, None])
def test_an_address_that_is_a_secret_is_not_told(webhook, monkeypatch, status):
    """Whoever knows the address of a chat's webhook can write to the chat."""
    port = webhook.server_address[1] if status else 1
    connection = {"conn_type": "http", "host": f"http://127.0.0.1:{port}/services/T0/B0/canary"}
    monkeypatch.setitem(os.environ, "AIRFLOW_CONN_HOOK", json.dumps(connection))
    webhook.status = status
    with pytest.raises(NotTaken, match="connection hook") as error:
        send(Channel("webhook", "hook"), Notice("a", "failure", "insights", "r", "It failed."))
    assert "canary" not in str(error.value)


def test_a_late_run_is_told_from_the_triggerer(include, kept):
    include("title: All\ndelay_minutes: 30\n")

    async def as_the_triggerer_does() -> None:
        plain: Any = {"dag_run": {"dag_run_id": "scheduled__1", "start_date": "2026-01-02T03:00:00Z"}}
        await Announcement(event="delay", dag_id="insights", minutes=30, context=plain)

    async def of_a_backfill_whose_turn_has_not_come() -> None:
        plain: Any = {"dag_run": {"dag_run_id": "backfill__9", "run_type": "backfill", "start_date": None}}
        await Announcement(event="delay", dag_id="insights", minutes=30, context=plain)

    asyncio.run(as_the_triggerer_does())
    asyncio.run(of_a_backfill_whose_turn_has_not_come())
    (one,) = kept()
    assert one.notice.text == "insights is late: it has not ended after 30 min."
    assert one.notice.run == "scheduled__1"


def test_each_dag_is_given_what_its_documents_want(include):
    folder = include("title: A\nevents: [start, delay]\ndelay_minutes: 30\n")
    include("title: B\ndags: [signals_*]\nevents: [success, failure, delay]\ndelay_minutes: 60\n", "two")

    def given(name: str) -> tuple[Any, ...]:
        with DAG(name, schedule=None) as dag:
            first = BaseOperator(task_id="first")
            last = BaseOperator(task_id="last", on_failure_callback=print)
            first >> last
        watch(dag, documents(folder))
        assert dag.has_on_failure_callback == bool(dag.on_failure_callback)
        minutes = [each.interval.total_seconds() / 60 for each in dag.deadline or []]
        found = [dag.on_success_callback, dag.on_failure_callback, first.on_execute_callback]
        return (
            minutes,
            [len(each or []) for each in found],
            len(last.on_failure_callback),
            len(last.on_execute_callback or []),
        )

    assert given("signals_batch") == ([30, 60], [1, 1, 1], 2, 0)
    assert given("insights") == ([30], [0, 0, 1], 1, 0)


def test_airflow_has_every_dag_watched():
    from airflow.settings import get_policy_plugin_manager, load_policy_plugins

    manager = get_policy_plugin_manager()
    if not manager.has_plugin("perennial"):
        load_policy_plugins(manager)
    with DAG("anything", schedule=None) as dag:
        BaseOperator(task_id="one")
    manager.hook.dag_policy(dag=dag)
    assert [type(each) for each in dag.on_failure_callback] == [Announcement]


def test_a_batch_that_is_not_as_expected_is_told_with_what_was_found(include, kept, tmp_path):
    folder = include("title: All\nquarantined_rows: 1\n")
    (folder / "datasets").mkdir()
    (folder / "datasets/orders.yaml").write_text(ORDERS)
    (tmp_path / "landing").mkdir()
    (tmp_path / "landing/2026-01-02.csv").write_text("at,id\n2026-01-02 10:00:00,1\nno time,2\n,3\n")
    workspace = Workspace(Settings(folder, str(tmp_path / "lake"), str(tmp_path / "landing"), tmp_path))
    operator = IngestOperator(task_id="ingest", files="daily", asset=SIGNALS)
    told = context(params={}, dag=SimpleNamespace(dag_id="signals_batch"))
    counts = operator.run(workspace, datetime(2026, 1, 3, tzinfo=UTC), told)
    assert counts["orders"]["accepted"] == 1
    found = {each.notice.event: each.notice for each in kept()}
    assert found["quarantine"].text == "2 rows of orders-2026-01-02 set aside in the quarantine."
    assert found["breach"].detail == "rows: found 1, expected at least 2"
    assert found["breach"].dag == "signals_batch"
    told["params"] = {"dry_run": True}
    operator.run(workspace, datetime(2026, 1, 3, tzinfo=UTC), told)
    assert len(kept()) == 2
