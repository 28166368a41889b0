"""Which datasets a day's run takes: those that deliver on it."""

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException, TaskDeferred

from perennial.operators.assets import SIGNALS
from perennial.operators.signals import IngestOperator
from perennial.settings import REPOSITORY, Settings
from perennial.signals.dataset import Source
from perennial.signals.reading import SourceMissing
from perennial.stages.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(Settings(REPOSITORY / "include", str(tmp_path / "lake"), str(tmp_path), tmp_path))


def run(workspace: Workspace, day: datetime, **params: Any) -> Any:
    context: Any = {"params": params}
    return IngestOperator(task_id="ingest", files="daily", asset=SIGNALS).run(workspace, day, context)


def test_a_day_without_deliveries_is_skipped(workspace):
    with pytest.raises(AirflowSkipException, match="has files of 2026-11-23"):
        run(workspace, datetime(2026, 11, 24, tzinfo=UTC))


def test_a_file_that_should_be_there_is_an_error(workspace):
    with pytest.raises(SourceMissing, match=r"coupon_redemptions/daily/2017-12-27\.csv"):
        run(workspace, datetime(2017, 12, 28, tzinfo=UTC))


def test_the_form_decides_which_datasets_are_taken(workspace):
    with pytest.raises(SourceMissing, match=r"transactions/daily/2017-12-27\.csv"):
        run(workspace, datetime(2017, 12, 28, tzinfo=UTC), datasets=["transactions"])


def test_a_file_that_may_be_late_is_waited_for_in_the_triggerer(workspace, tmp_path, monkeypatch):
    shutil.copytree(REPOSITORY / "include", tmp_path / "include")
    document = tmp_path / "include/datasets/transactions.yaml"
    document.write_text(document.read_text().replace("  last_day: 2017-12-31", "  wait_hours: 6"))
    monkeypatch.setenv("PERENNIAL_INCLUDE", str(tmp_path / "include"))
    monkeypatch.setenv("PERENNIAL_LANDING", str(tmp_path / "landing"))
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    operator = IngestOperator(task_id="ingest", files="daily", asset=SIGNALS)
    run = SimpleNamespace(
        run_type="scheduled", run_after=datetime.now(UTC), conf={}, partition_key=None, logical_date=today
    )
    context: Any = {"params": {}, "dag_run": run, "dag": SimpleNamespace(params={})}
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute(context)
    trigger = deferred.value.trigger
    yesterday = (today - timedelta(days=1)).date()
    assert trigger.patterns == [[f"{tmp_path}/landing/transactions/daily/{yesterday}.csv", None]]
    assert trigger.until == pytest.approx((run.run_after + timedelta(hours=6)).timestamp())
    run.run_type = "backfill"
    with pytest.raises(SourceMissing):
        operator.execute(context)
    run.run_type = "scheduled"
    with pytest.raises(SourceMissing):
        operator.execute(context, {"missing": trigger.patterns})


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (Source(), [False, False, False]),
        (Source(daily="{day}.csv"), [True, True, True]),
        (Source(daily="{day}.csv", first_day=date(2017, 1, 2)), [False, True, True]),
        (Source(daily="{day}.csv", last_day=date(2017, 1, 2)), [True, True, False]),
    ],
)
def test_days_of_delivery(source, expected):
    assert [source.delivers(date(2017, 1, day)) for day in (1, 2, 3)] == expected
