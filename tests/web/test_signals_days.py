"""The page of days: which are behind and why, who may repair them by a click, and how far that is."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from playwright.sync_api import Page
from web.airflow_server import AirflowServer
from web.browsing import CHROMIUM, frame_of
from web.callers import Caller

from perennial.lake.catalog import Lake
from perennial.lake.days import STEPS
from perennial.settings import REPOSITORY, Settings
from perennial.stages.lateness import begin, complete, note_arrivals
from perennial.stages.workspace import Workspace

pytestmark = [pytest.mark.e2e, pytest.mark.store]
DAYS = [date(2017, 12, 30), date(2017, 12, 31), date(2018, 1, 1)]
NOW = datetime(2018, 1, 2, 4, 30, tzinfo=UTC)


@pytest.fixture
def late(lake: Lake) -> Lake:
    """Three days are computed, then rows come for them, and a repair of values is halfway through."""
    made = Workspace(Settings(REPOSITORY / "include", lake.root, lake.root, REPOSITORY / "none"))
    begin(made, "daily", DAYS, note_arrivals(made), NOW)
    complete(made, "daily", DAYS, NOW)
    receipts = lake.events("transactions")
    rows = receipts.scan().filter(event_date=date(2017, 12, 30)).head(12).collect()
    receipts.append(rows)
    receipts.append(rows.head(3).with_columns(event_date=pl.lit(date(2017, 12, 29))))
    note_arrivals(made)
    noted(lake, "manual__1", "profiles", DAYS)
    noted(lake, "manual__1", "audiences", DAYS)
    noted(lake, "manual__1", "profiles", DAYS[:1], done=True)
    return lake


def noted(lake: Lake, run: str, step: str, days: list[date], *, done: bool = False) -> None:
    """Write down what a run is to do, or has done."""
    rows = [(run, step, day, done, None if done else "ursel", NOW + timedelta(minutes=done)) for day in days]
    lake.recomputed.append(pl.DataFrame(rows, schema=STEPS, orient="row"))


def test_days_are_told_with_the_rows_that_came_late_for_them(late: Lake, viewer: Caller) -> None:
    said = "3 days are to be recomputed because 15 late rows came for them."
    assert said in viewer.page("/signals")
    page = viewer.page("/signals/days")
    assert said in page
    assert "Whoever may trigger the Dag recompute_days can recompute them here" in page
    assert '<td class="numeric">15</td>' in page
    assert "by ursel" in page
    assert "1 of 3" in page
    assert "0 of 3" in page


def test_where_nothing_came_late_nothing_is_offered(lake: Lake, editor: Caller) -> None:
    page = editor.page("/signals/days")
    assert "Every day that was computed would come out the same again" in page
    assert "data-repair" not in page
    assert "to be recomputed" not in editor.page("/signals")


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_a_click_starts_a_run_whose_progress_is_shown(
    late: Lake, page: Page, airflow: AirflowServer, complaints: list[str]
) -> None:
    frame = frame_of(page, f"{airflow.url}/plugin/perennial/perennial/signals/days")
    runs = f"{airflow.url}/api/v2/dags/recompute_days/dagRuns"
    with page.expect_response(lambda answer: answer.url == runs and answer.request.method == "POST") as sent:
        frame.get_by_role("button", name="Recompute 3 days").click()
    run = sent.value.json()
    assert (run["conf"], run["state"]) == ({"most": 3}, "queued")
    noted(late, run["dag_run_id"], "audiences", DAYS[:1])
    frame.get_by_text("0 of 1").wait_for()
    state = {"state": "success"}
    airflow.session("admin").patch(f"{runs}/{run['dag_run_id']}", json=state, timeout=30).raise_for_status()
    frame.get_by_role("button", name="Recompute 3 days", disabled=False).wait_for()
    assert complaints == []
