"""The lake's maintenance from its form: what is old goes first, then each table is looked after."""

import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from perennial.errors import TerminalError
from perennial.lake.maintenance import RetentionTooShort
from perennial.lake.signals import QUARANTINE
from perennial.operators.assets import MAINTENANCE
from perennial.operators.maintenance import ExpireOperator, MaintainOperator
from perennial.settings import REPOSITORY, Settings
from perennial.stages.workspace import Workspace

AS_OF = datetime(2026, 11, 24, tzinfo=UTC)
FORM = {
    "tables": None, "retention_days": 7, "quarantine_days": 30, "batch_days": 365, "target_megabytes": 128,
    "dry_run": False,
}  # fmt: skip


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("PERENNIAL_LAKE", str(tmp_path / "lake"))
    made = Workspace(Settings(REPOSITORY / "include", str(tmp_path / "lake"), str(tmp_path), tmp_path))
    for value in range(5):
        made.lake.records("things").append(pl.DataFrame({"v": [value]}))
    old = dict.fromkeys(QUARANTINE) | {"id": "1", "quarantined_on": date(2026, 10, 1)}
    made.lake.quarantine("orders").append(pl.DataFrame([old], schema=QUARANTINE))
    return made


def context(**params: Any) -> Any:
    form = FORM | params
    run = SimpleNamespace(conf=None, partition_key=None, logical_date=AS_OF, run_after=AS_OF)
    event = SimpleNamespace(extra={}, add_partitions=lambda _: None)
    return {
        "params": form,
        "dag": SimpleNamespace(params=form),
        "dag_run": run,
        "outlet_events": {MAINTENANCE: event},
    }


def test_the_first_task_names_the_tables_for_the_second(workspace):
    expire = ExpireOperator(task_id="expire", asset=MAINTENANCE)
    given = context()
    assert expire.execute(given) == [["quarantine/orders"], ["records/things"]]
    assert given["outlet_events"][MAINTENANCE].extra["quarantine/orders"] == 1
    assert expire.execute(context(tables=["records/things"])) == [["records/things"]]
    with pytest.raises(TerminalError, match="no table records/thing; it has quarantine/orders"):
        expire.execute(context(tables=["records/thing"]))


def test_a_dry_run_only_counts(workspace):
    table = workspace.lake.records("things")
    expire = ExpireOperator(task_id="expire", asset=MAINTENANCE)
    assert expire.run(workspace, AS_OF, context(dry_run=True)) == {"quarantine/orders": 1}
    assert expire.run(workspace, AS_OF, context(dry_run=True)) == {"quarantine/orders": 1}
    maintain = MaintainOperator(task_id="maintain", tables=[table.name], asset=MAINTENANCE)
    assert maintain.run(workspace, AS_OF, context(dry_run=True))[table.name]["partitions_compacted"] == 1
    assert maintain.run(workspace, AS_OF, context())[table.name]["files_after"] == 1
    assert sorted(table.scan().collect()["v"]) == [0, 1, 2, 3, 4]


def test_a_short_retention_is_refused(workspace):
    maintain = MaintainOperator(task_id="maintain", tables=["records/things"], asset=MAINTENANCE)
    with pytest.raises(RetentionTooShort):
        maintain.run(workspace, AS_OF, context(retention_days=1))


def test_a_table_that_cannot_be_read_keeps_no_other_from_being_looked_after(workspace):
    shutil.rmtree(Path(workspace.lake.root) / "quarantine/orders/_delta_log")
    both = MaintainOperator(
        task_id="maintain", tables=["quarantine/orders", "records/things"], asset=MAINTENANCE
    )
    with pytest.raises(ExceptionGroup, match="1 of 2 tables") as failed:
        both.run(workspace, AS_OF, context())
    assert failed.value.exceptions[0].__notes__ == ["in quarantine/orders"]
    assert len(workspace.lake.records("things").open().file_uris()) == 1
