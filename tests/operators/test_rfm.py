"""Scores from a run: of the partition's day, told on the asset's event."""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from stages.test_rfm import history, workspace

from perennial.operators.assets import RFM
from perennial.operators.rfm import ComputeRfmOperator


def test_a_partition_scores_everybody_as_of_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PERENNIAL_LAKE", str(tmp_path / "lake"))
    monkeypatch.setenv("PERENNIAL_INCLUDE", str(tmp_path / "include"))
    made = workspace(tmp_path)
    history(made)
    operator, event = ComputeRfmOperator(task_id="segment", asset=RFM), SimpleNamespace(extra={})
    form = {"as_of": None}
    run = SimpleNamespace(
        conf={}, partition_key="2017-12-31", logical_date=None, run_after=datetime(2026, 1, 1, tzinfo=UTC)
    )
    context: Any = {
        "params": form,
        "dag": SimpleNamespace(params=form),
        "dag_run": run,
        "outlet_events": {RFM: event},
    }
    assert operator.execute(context) == {"customers": {"rfm": 4}}
    cost = event.extra.pop("cost")
    assert cost["rows"] == made.lake.rfm("rfm").scan().collect().height == 4
    assert cost["bytes"] > 0
    assert cost["seconds"] >= 0
    assert event.extra == {"as_of": "2018-01-01", "customers": {"rfm": 4}}
    assert made.lake.rfm("rfm").partitions() == ["2018-01-01"]
