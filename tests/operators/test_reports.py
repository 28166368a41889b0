"""A report as Airflow runs it: from the store to a mail server on loopback."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from airflow.sdk import Asset
from airflow.sdk.exceptions import AirflowSkipException
from conftest import Store
from smtp_server import Mailbox, running_smtp
from web.pdf_text import pages as texts

from perennial.errors import TerminalError
from perennial.operators.reports import SendReportOperator
from perennial.web.dashboards_kept import Shelf
from perennial.web.reports import RecipientRefused

pytestmark = pytest.mark.store
ASSET = Asset("perennial/reports/weekly")
REPORT = """
title: Our sales
dashboard: kept
schedule: 0 7 * * 1
recipients: [ann@example.com, bob@example.com]
filters: {department: DELI}
"""
BOARD = {
    "title": "Kept in the store",
    "days": "SELECT day FROM sales",
    "filters": [
        {"name": "department", "title": "Department", "choices": [{"value": "DELI", "label": "Delicatessen"}]}
    ],
    "widgets": [
        {"id": "spend", "title": "Spend", "mark": "number", "y": "spend", "unit": "dollars",
         "sql": "SELECT sum(spend) AS spend FROM sales WHERE department = $department AND day <= $day"},
    ],
}  # fmt: skip


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with running_smtp() as box:
        yield box


@pytest.fixture(scope="module")
def sales(store: Store) -> Store:
    """A store with sales of two days, and a dashboard of them that somebody made."""
    with psycopg.connect(store.url, options="-c search_path=insights") as connection:
        connection.execute("CREATE TABLE sales (day date, department text, spend integer)")
        rows = [("2017-12-30", "DELI", 4000), ("2017-12-31", "DELI", 321), ("2017-12-31", "MEAT", 9)]
        connection.cursor().executemany("INSERT INTO sales VALUES (%s, %s, %s)", rows)
    shelf = Shelf(lambda: store.url)
    shelf.save("kept", BOARD, 0, "ann")
    shelf.close()
    return store


@pytest.fixture
def send(sales: Store, box: Mailbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs the report; its form's fields in, what it leaves on its asset out."""
    (tmp_path / "reports").mkdir()
    (tmp_path / "dashboards").mkdir()
    (tmp_path / "reports" / "weekly.yaml").write_text(REPORT)
    monkeypatch.setenv("PERENNIAL_INCLUDE", str(tmp_path))
    monkeypatch.setenv("AIRFLOW_CONN_PERENNIAL_STORE", sales.url)
    monkeypatch.setenv("AIRFLOW_CONN_PERENNIAL_STORE_READER", sales.reader_url)
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(box.connection()))

    def run(**params: Any) -> dict[str, Any]:
        event = SimpleNamespace(extra=None)
        context: Any = {
            "params": params,
            "dag_run": SimpleNamespace(conf=params),
            "dag": SimpleNamespace(params={"day": None, "recipients": None}),
            "outlet_events": {ASSET: event},
        }
        counts: dict[str, Any] = SendReportOperator(task_id="send", report="weekly", asset=ASSET).execute(
            context
        )
        assert event.extra == counts
        return counts

    return run


def test_a_report_is_sent_with_its_dashboard_as_of_the_newest_day(send: Any, box: Mailbox) -> None:
    counts = send()
    assert (counts["day"], counts["recipients"]) == ("2017-12-31", 2)
    assert box.recipients == [["ann@example.com", "bob@example.com"]]
    (message,) = box.messages
    assert message["subject"] == "Our sales, 31 Dec 2017"
    (attached,) = message.iter_attachments()
    (page,) = texts(attached.get_content())
    for said in ("Kept in the store", "As of 31 Dec 2017 · Department: Delicatessen", "4321", "dollars"):
        assert said in page
    assert any(part.get_content_type() == "image/png" for part in message.walk())


def test_a_run_by_hand_sends_an_earlier_day_to_somebody_else(send: Any, box: Mailbox) -> None:
    assert send(day="2017-12-30", recipients=["eve@example.com"])["day"] == "2017-12-30"
    assert box.recipients == [["eve@example.com"]]


def test_recipients_outside_of_the_domains_get_nothing(
    send: Any, box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PERENNIAL_REPORT_DOMAINS", "example.com, example.net")
    with pytest.raises(RecipientRefused, match=r"may not go to evil\.org"):
        send(recipients=["ann@example.com", "mallory@evil.org"])
    assert box.messages == []


def test_an_alert_is_sent_only_when_its_number_is_so(send: Any, box: Mailbox, tmp_path: Path) -> None:
    alert = tmp_path / "reports" / "weekly.yaml"
    alert.write_text(REPORT + "when: {widget: spend, above: 4320}\n")
    with pytest.raises(AirflowSkipException, match="Spend is 4000, and not above 4320"):
        send(day="2017-12-30")
    assert box.messages == []
    send(day="2017-12-30", recipients=["eve@example.com"])
    send()
    assert box.recipients == [["eve@example.com"], ["ann@example.com", "bob@example.com"]]
    alert.write_text(REPORT + "when: {widget: spending, below: 1}\n")
    with pytest.raises(TerminalError, match="kept has no widget spending"):
        send()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("dashboard: kept", "dashboard: nowhere"), "there is no dashboard nowhere"),
        (("department: DELI", "colour: red"), "unknown filter colour; the dashboard has department"),
    ],
)
def test_a_report_that_does_not_fit_its_dashboard_says_so(
    send: Any, box: Mailbox, tmp_path: Path, change: tuple[str, str], said: str
) -> None:
    (tmp_path / "reports" / "weekly.yaml").write_text(REPORT.replace(*change))
    with pytest.raises(TerminalError, match=said):
        send()
    assert box.messages == []
