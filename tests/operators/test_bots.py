"""Bots from a run: found as of the partition's end, and let back in by whoever filled in the form."""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from stages.test_bots import CURL, FIREFOX, hit, write

from perennial.operators.assets import BOT_DECISIONS, BOTS
from perennial.operators.bots import DecideBotsOperator, FindBotsOperator
from perennial.operators.context import RunRefused
from perennial.settings import Settings
from perennial.stages.workspace import Workspace


def context(asset: Any, form: dict[str, Any], by: str | None = None) -> tuple[Any, SimpleNamespace]:
    """A run of the partition of 2 March, with this form; and its asset's event."""
    event = SimpleNamespace(extra={})
    run = SimpleNamespace(
        conf={},
        partition_key="2024-03-02",
        logical_date=None,
        run_after=datetime(2026, 1, 1, tzinfo=UTC),
        triggering_user_name=by,
    )
    dag = SimpleNamespace(params=form)
    return {"params": form, "dag": dag, "dag_run": run, "outlet_events": {asset: event}}, event


def test_bots_of_a_partition_are_found_and_one_is_let_back_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PERENNIAL_LAKE", str(tmp_path / "lake"))
    monkeypatch.setenv("PERENNIAL_INCLUDE", str(tmp_path / "include"))
    write(tmp_path, {})
    made = Workspace(Settings.from_env())
    hit(made.lake, [("person", FIREFOX, 5, 9.0), ("crawler", CURL, 3, 100.0)])
    run, event = context(BOTS, {"as_of": None, "force": False})
    FindBotsOperator(task_id="find", asset=BOTS).execute(run)
    assert event.extra["as_of"] == "2024-03-03"
    assert (event.extra["web"]["people"], event.extra["web"]["declared"]) == (1, 1)
    form = {"definition": "web", "visitors": ["crawler"], "decision": "let_in", "reason": "our own monitor"}
    decide = DecideBotsOperator(task_id="decide", asset=BOT_DECISIONS)
    run, event = context(BOT_DECISIONS, form, by="ann")
    assert decide.execute(run)["left_out_now"] == 0
    (decision,) = made.lake.bot_decisions.scan().collect().to_dicts()
    assert (decision["value"], decision["reason"], decision["by"]) == ("crawler", "our own monitor", "ann")
    assert "crawler" not in str(event.extra), "who it is stands in the lake alone"
    run, _ = context(BOT_DECISIONS, form | {"visitors": []})
    with pytest.raises(RunRefused, match="visitors: name at least one"):
        decide.execute(run)
