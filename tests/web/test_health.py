"""The page Health: words and reasons, trouble first; alerts, new until somebody has seen them."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import psycopg
import pytest
from web.airflow_server import AirflowServer

from perennial.alerts.notice import Channel, Notice
from perennial.alerts.outbox import Outbox, migrate
from perennial.lake.signals import EXPECTATIONS
from perennial.signals.dataset import Dataset
from perennial.web.expected import points

NOW = datetime(2026, 1, 10, 12, tzinfo=UTC)
DAILY = {"daily": "{day}.csv", "first_day": "2026-01-01"}
RUNS = Path(__file__).with_name("example_runs.py")
SEEN = "/api/health/alerts/seen"


def dataset(**source: Any) -> Dataset:
    columns = {"event_time": {"type": "timestamp"}, "id": {"type": "string", "required": True}}
    said = {"name": "orders", "title": "Orders", "kind": "event", "key": ["id"], "columns": columns}
    return Dataset.model_validate({**said, "source": source or DAILY})


def verdict(outcome: str, on_breach: str = "warn") -> dict[str, str]:
    return {"expectation": "rows", "outcome": outcome, "on_breach": on_breach}


GOOD = {"batch": "b", "status": "success"}
BAD = {"batch": "b", "status": "failed", "errors": [{"description": "3 of 4 rows are bad"}]}
NINTH = date(2026, 1, 9)


@pytest.mark.parametrize(
    ("source", "last", "newest", "verdicts", "waiting", "word", "why"),
    [
        ({}, GOOD, NINTH, [], None, "fine", ""),
        ({}, GOOD, NINTH, [verdict("met"), verdict("learning"), verdict("accepted")], None, "fine", ""),
        ({}, GOOD, date(2026, 1, 8), [], None, "late", "files of 2026-01-09 have not been taken"),
        ({}, None, None, [], None, "late", "files of 2026-01-09"),
        ({**DAILY, "wait_hours": 8}, GOOD, date(2026, 1, 8), [], None, "fine", ""),
        ({**DAILY, "last_day": "2026-01-05"}, GOOD, date(2026, 1, 5), [], None, "fine", ""),
        ({**DAILY, "first_day": "2026-01-10"}, None, None, [], None, "nothing yet", ""),
        ({}, BAD, NINTH, [], None, "broken", "3 of 4 rows are bad"),
        ({}, GOOD, NINTH, [verdict("breached", "stop")], None, "broken", "rows is not as expected"),
        ({}, GOOD, NINTH, [verdict("breached")], None, "unusual", "rows not as expected"),
        ({"stream": True}, GOOD, None, [], NOW - timedelta(hours=3), "late", "messages wait to land"),
        ({"stream": True}, GOOD, None, [], NOW - timedelta(hours=1), "fine", ""),
    ],
)
def test_how_a_dataset_is(source, last, newest, verdicts, waiting, word, why):
    from perennial.web import health

    state = health.of_dataset(dataset(**source), last, newest, verdicts, waiting, NOW)
    assert state.word == word
    assert why in state.why


def test_how_dags_and_steps_are_and_trouble_comes_first():
    from perennial.web import health
    from perennial.web.airflow_runs import DagHealth, Step

    def dag(**said: Any) -> health.Word:
        known = {"is_paused": False, "due": NOW + timedelta(hours=1), "state": "success"}
        return health.of_dag(DagHealth("d", **{**known, **said}), NOW).word

    def step(
        state: str = "success", seconds: float = 5, usual: float | None = 5, **rows: Any
    ) -> health.State:
        took = {"seconds": seconds, "rows": rows.get("rows"), "bytes": None}
        before = {"seconds": usual, "rows": rows.get("before"), "bytes": None}
        return health.of_step(Step("d", "t", "r", state, NOW, took, before))

    late = NOW - timedelta(hours=1)
    assert [dag(), dag(state="failed"), dag(due=late), dag(due=late, is_paused=True), dag(state="")] == [
        "fine", "broken", "late", "fine", "nothing yet",
    ]  # fmt: skip
    assert [step("failed").word, step("up_for_retry").word, step().word] == ["broken", "late", "fine"]
    assert step(seconds=40, usual=10).why == "4 times as long as usual"
    assert step(seconds=4, usual=1).word == "fine", "three seconds are no trouble"
    assert step(rows=0, before=10).why == "wrote nothing"
    rows = [SimpleNamespace(state=health.State(word)) for word in ("fine", "late", "broken", "unusual")]
    ordered = [row.state.word for row in health.sorted_by_trouble(rows)]
    assert ordered == ["broken", "late", "unusual", "fine"]


def test_a_small_line_goes_from_left_to_right_and_leaves_out_what_is_not_known():
    assert points([1, None, 3], width=24, height=24) == "2.0,22.0 22.0,2.0"
    assert points([5, 5], width=24, height=24) == "2.0,22.0 22.0,22.0"
    assert points([1]) == ""


@pytest.fixture
def notices(airflow: AirflowServer) -> str:
    """Two alerts, one of which did not arrive; the store's URL."""
    url = airflow.environment["AIRFLOW_CONN_PERENNIAL_STORE"]
    migrate(url)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("TRUNCATE alerts.notice CASCADE")
        outbox, at = Outbox(connection), datetime(2018, 1, 2, tzinfo=UTC)
        outbox.put(Notice("a", "failure", "audiences", "run 1", "audiences <failed>.", "no rule"), [], at)
        outbox.put(Notice("b", "quarantine", "insights", "r", "9 rows."), [Channel("slack", "ops")], at)

        def down(channel: Channel, notice: Notice) -> None:
            raise ConnectionError("nobody there")

        outbox.deliver(down, at + timedelta(days=2))
    return url


def test_a_step_is_compared_with_the_runs_before_it(airflow):
    step, last_run, backfill, others = json.loads(airflow.run_python(RUNS.read_text()).splitlines()[-1])
    assert (step["dag"], step["task"], step["run"], step["state"]) == (
        "audiences", "evaluate", "run 4", "success",
    )  # fmt: skip
    # Two mapped instances each. The run that failed is not usual: 20, 40 and 60 seconds are.
    assert step["cost"] == {"seconds": 100, "rows": 800, "bytes": 14}
    assert step["usual"] == {"seconds": 40, "rows": 200, "bytes": 14}
    assert last_run == "run 4"
    assert backfill == [2, 2]
    assert others == 0, "of Dags that somebody may not see, nothing"


def test_alerts_are_new_until_somebody_who_may_says_otherwise(admin, viewer, notices):
    page = admin.page("/health")
    assert "audiences &lt;failed&gt;." in page
    assert "never arrived: slack ops (ConnectionError: nobody there)" in page
    assert page.count(">new<") == 2
    assert "data-seen" not in viewer.page("/health")
    assert viewer.send("POST", SEEN, {"alert": None}).status_code == 403
    assert admin.send("POST", SEEN, {"alert": None}, headers={}).status_code == 403
    assert admin.send("POST", SEEN, {"alerts": 1}).status_code == 422
    assert admin.send("POST", SEEN, {"alert": None}).json() == {"seen": 2}
    page = admin.page("/health")
    assert ">new<" not in page
    assert page.count("by admin") == 2


def test_the_lake_is_shown_with_trouble_first(admin, lake, notices):
    rows = [
        (
            "transactions",
            f"transactions-{day}",
            "files",
            day,
            NOW,
            "rows",
            found,
            1000.0,
            None,
            None,
            "warn",
            how,
        )
        for day, found, how in ((date(2017, 12, 30), 5447.0, "met"), (date(2017, 12, 31), 12.0, "breached"))
    ]
    lake.expectations.append(pl.DataFrame(rows, schema=EXPECTATIONS, orient="row"))
    page = admin.page("/health")
    # As `example_lake` leaves them: contacts failed, the others are as they should be.
    titles = ("812 of 2,469 rows are bad", ">Lines of till receipts<", ">What is known of the households<")
    order = [page.index(title) for title in titles]
    assert order == sorted(order)
    assert page.count('title="rows not as expected"') == 2, "the dataset, and its table"
    assert "rows: 2 values, the last 12" in page
    own = admin.page("/signals/batches", dataset="transactions")
    assert "What is expected of Lines of till receipts" in own
    assert "at least 1,000" in own
    assert "What is expected of" not in admin.page("/signals/batches", dataset="contacts")
    assert admin.page("/signals/batches", dataset="no such").count("No batch is like this") == 1


def test_an_alerts_document_that_cannot_be_read_says_why(admin, airflow, notices):
    broken = airflow.include / "alerts" / "broken.yaml"
    broken.write_text("title: Broken\nslak: x\n")
    try:
        assert "slak: Extra inputs are not permitted" in admin.page("/health")
    finally:
        broken.unlink()
