"""Which datasets a day's run takes: those that deliver on it."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException

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
