"""Which datasets a day's run takes: those that deliver on it."""

import shutil
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException, TaskDeferred

from perennial.operators.assets import SIGNALS, UPLOADS
from perennial.operators.signals import FindUploadsOperator, IngestOperator
from perennial.settings import REPOSITORY, Settings
from perennial.signals.batches import Batch, Batches, Status
from perennial.signals.dataset import Source
from perennial.signals.expected import ExpectationBreached
from perennial.signals.reading import SourceMissing
from perennial.stages.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(Settings(REPOSITORY / "include", str(tmp_path / "lake"), str(tmp_path), tmp_path))


def run(workspace: Workspace, day: datetime, **params: Any) -> Any:
    context: Any = {
        "params": params,
        "dag": SimpleNamespace(dag_id="signals_batch"),
        "dag_run": SimpleNamespace(run_id="r"),
    }
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


def test_the_form_accepts_what_is_not_as_expected_once(workspace, tmp_path, monkeypatch):
    shutil.copytree(REPOSITORY / "include", tmp_path / "include")
    shutil.rmtree(tmp_path / "include/alerts")
    monkeypatch.setenv("PERENNIAL_INCLUDE", str(tmp_path / "include"))
    document = tmp_path / "include/datasets/coupon_redemptions.yaml"
    expectations = "expectations: [{measure: rows, min: 5, on_breach: stop}]\ncolumns:"
    document.write_text(document.read_text().replace("columns:", expectations))
    settings = replace(workspace.settings, include=tmp_path / "include")
    file = tmp_path / "coupon_redemptions/daily/2017-12-27.csv"
    file.parent.mkdir(parents=True)
    file.write_text("household_id,coupon_upc,campaign_id,redemption_date\n1,2,3,2017-12-27 10:00:00\n")
    day, chosen = datetime(2017, 12, 28, tzinfo=UTC), ["coupon_redemptions"]
    with pytest.raises(ExpectationBreached, match="rows: found 1, expected at least 5"):
        run(Workspace(settings), day, datasets=chosen)
    told = run(Workspace(settings), day, datasets=chosen, accept_breach=True)
    assert told["coupon_redemptions"]["accepted"] == 1


def test_an_upload_that_was_not_as_expected_is_taken_again_once_somebody_accepts_it(workspace):
    batches, now = Batches(workspace.lake.batches), datetime.now(UTC)
    for name in ("up-1", "up-2"):
        batches.create(Batch(name, "survey_answers", "upload", None, Status.LOADING, now))
        batches.move(name, Status.FAILED, now)
    find: Any = FindUploadsOperator(task_id="find", asset=UPLOADS)
    assert find.run(workspace, now, {"params": {"accept_breach": None}})["ready"] == []
    assert find.run(workspace, now, {"params": {"accept_breach": ["up-2"]}})["ready"] == ["up-2"]


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
