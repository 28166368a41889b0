"""A day of messages is asked what its dataset expects, although its rows have landed already."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from perennial.settings import Settings
from perennial.signals.batches import Batch, Batches, Status
from perennial.signals.expected import ExpectationBreached, newest
from perennial.stages.signals import check_day
from perennial.stages.workspace import Workspace

DAY, NOW = date(2026, 1, 9), datetime(2026, 1, 10, 0, 5, tzinfo=UTC)
CLICKS = """
title: Clicks
kind: event
source: {stream: true}
key: [id]
expectations:
  - {measure: rows, min: 3, on_breach: stop}
  - {measure: quarantined_share, max: 0.1}
columns:
  event_time: {type: timestamp, required: true}
  id: {type: string, required: true}
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets/clicks.yaml").write_text(CLICKS)
    return Workspace(Settings(tmp_path, str(tmp_path / "lake"), str(tmp_path), tmp_path / "spool"))


def landed(workspace: Workspace, rows: int, failed: int, day: date = DAY) -> None:
    at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    frame = pl.DataFrame({"id": [f"{day}-{n}" for n in range(rows)]}).with_columns(
        event_time=pl.lit(at), event_date=pl.lit(day), batch=pl.lit("b"), event_id=pl.col("id")
    )
    workspace.lake.events("clicks").append(frame)
    counts: Any = {"read": rows + failed, "accepted": rows, "failed": failed}
    Batches(workspace.lake.batches).record(
        [Batch(f"stream-{day}", "clicks", "stream", None, Status.SUCCESS, at, **counts)]
    )


def test_a_day_that_is_not_as_expected_stops_what_follows_until_it_is_accepted(workspace):
    landed(workspace, rows=2, failed=2)
    landed(workspace, rows=9, failed=0, day=DAY - timedelta(days=1))
    says = r"rows: found 2, expected at least 3\. The day's messages are in the lake, and no other stage"
    with pytest.raises(ExpectationBreached, match=says):
        check_day(workspace, "clicks", DAY, NOW)
    breaches = check_day(workspace, "clicks", DAY, NOW + timedelta(hours=1), accept=True)
    assert breaches == (
        "rows: found 2, expected at least 3",
        "quarantined_share: found 0.5, expected at most 0.1",
    )
    assert check_day(workspace, "clicks", DAY - timedelta(days=1), NOW) == ()
    kept = newest(workspace.lake, "clicks").collect().sort("day", "expectation")
    assert kept["outcome"].to_list() == ["met", "met", "accepted", "accepted"]


def test_before_the_first_message_nothing_is_asked(workspace):
    assert check_day(workspace, "clicks", DAY, NOW) == ()
