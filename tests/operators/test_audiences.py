"""A day with an audience that cannot be evaluated: it is announced for the others, and the run fails."""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from stages import club
from stages.club import DAYS, RICH
from stages.test_audiences import REASON, TOWN

from perennial.errors import TerminalError
from perennial.operators.assets import AUDIENCES
from perennial.operators.compute import EvaluateAudiencesOperator, RefuseFailedAudiencesOperator


def context(event: SimpleNamespace, day: str) -> Any:
    form = {"as_of": day}
    run = SimpleNamespace(
        conf={}, partition_key=None, logical_date=None, run_after=datetime(2026, 1, 1, tzinfo=UTC)
    )
    event.add_partitions = lambda key: None
    return {
        "params": form,
        "dag": SimpleNamespace(params=form),
        "dag_run": run,
        "outlet_events": {AUDIENCES: event},
    }


def test_others_are_announced_and_the_last_task_fails_with_all_that_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PERENNIAL_LAKE", str(tmp_path / "lake"))
    monkeypatch.setenv("PERENNIAL_INCLUDE", str(tmp_path / "include"))
    evaluate = EvaluateAudiencesOperator(task_id="evaluate", asset=AUDIENCES)
    refuse = RefuseFailedAudiencesOperator(task_id="refuse_failed")
    made = club.workspace(tmp_path, {"rich": RICH, "poor": {"none": [RICH]}})
    club.profiles(made, DAYS[0], {"ann": 1, "bob": 2})
    first = context(SimpleNamespace(extra={}), str(DAYS[0]))
    assert evaluate.execute(first) == {"poor": {"entered": 1}, "rich": {"entered": 1}}
    refuse.execute(first)
    made = club.workspace(tmp_path, {"rich": RICH, "town": TOWN, "both": {"audience": "town"}})
    club.profiles(made, DAYS[1], {"ann": 1, "bob": 2})
    event = SimpleNamespace(extra={})
    both = f"both: it is made of what cannot be evaluated: {REASON}"
    counts = {
        "both": {"failure": both},
        "poor": {"exited": 1},  # its document is gone
        "rich": {"kept": 1},
        "town": {"failure": REASON},
    }
    assert evaluate.execute(context(event, str(DAYS[1]))) == counts
    assert event.extra.pop("cost")["rows"] > 0
    assert event.extra == {"as_of": "2024-03-02", **counts}
    with pytest.raises(TerminalError) as failed:
        refuse.execute(context(event, str(DAYS[1])))
    message = "2 of the audiences could not be evaluated as of 2024-03-02:"
    assert str(failed.value).splitlines() == [message, both, REASON]
