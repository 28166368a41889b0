"""The Dag of retention says what would go, and fails for days that somebody looks at when others are gone."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
import yaml

from perennial.operators.assets import RETENTION
from perennial.operators.retention import DaysNeeded, RetentionOperator
from perennial.settings import Settings
from perennial.stages import privacy
from perennial.stages.workspace import Workspace

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
TRAIL = {"title": "Trail", "tables": ["store/privacy.trail"], "keep_days": 30}
EVENTS = {"title": "Membership", "tables": ["audiences/membership"], "keep_days": 2}


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store_url: str) -> Workspace:
    monkeypatch.setenv("PERENNIAL_LAKE", str(tmp_path / "lake"))
    monkeypatch.setenv("PERENNIAL_INCLUDE", str(tmp_path / "include"))
    monkeypatch.setenv("AIRFLOW_CONN_PERENNIAL_STORE", store_url)
    for name, document in {"trail": TRAIL, "membership": EVENTS}.items():
        file = tmp_path / f"include/retention/{name}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(yaml.safe_dump(document))
    made = Workspace(Settings.from_env())
    for back in range(4):
        day = NOW.date() - timedelta(days=back)
        made.lake.membership.append(pl.DataFrame({"person_id": ["a"], "as_of": [day]}))
    privacy.note(store_url, NOW - timedelta(days=60), "access", "old", "ursel", {})
    privacy.keep(store_url, "old", b"zip", {"p"}, NOW - timedelta(days=50), NOW - timedelta(days=60))
    return made


def execute(*, dry_run: bool) -> dict[str, Any]:
    form = {"dry_run": dry_run}
    run = SimpleNamespace(conf=form, partition_key=None, logical_date=NOW, run_after=NOW, run_id="r")
    event = SimpleNamespace(extra={}, add_partitions=lambda _: None)
    context: Any = {
        "params": form, "dag": SimpleNamespace(params=form), "dag_run": run,
        "outlet_events": {RETENTION: event},
    }  # fmt: skip
    result: dict[str, Any] = RetentionOperator(task_id="expire", asset=RETENTION).execute(context)
    return result


@pytest.mark.store
def test_a_dry_run_says_it_and_a_run_does_what_nobody_misses(made, store_url):
    said = execute(dry_run=True)
    assert said["would_be_removed"] == {"store/privacy.trail": 1}
    assert said["kept"][0].startswith("audiences/membership: 1 rows of 1 days before 2026-11-22")
    assert "audiences need them. Name these under `despite`" in said["kept"][0]
    assert [each.kind for each in privacy.trail(store_url, NOW)] == ["retention", "access"]
    with pytest.raises(DaysNeeded, match="audiences/membership: 1 rows of 1 days"):
        execute(dry_run=False)
    assert len(made.lake.membership.partitions()) == 4
    assert privacy.trail(store_url, NOW)[0].what == {"removed": {"store/privacy.trail": 1}}
    assert "old" not in [each.request for each in privacy.trail(store_url, NOW)]
    assert privacy.forget(store_url, NOW) == 0, "files that expired went with it"
