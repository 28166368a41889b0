"""The erasure's form: an identity or its SHA-256 goes in, and nothing that names anybody comes out."""

import json
import logging
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from perennial.lake.erasure import erased
from perennial.operators.access import AccessRequestOperator
from perennial.operators.assets import ACCESS_REQUESTS, ERASURES
from perennial.operators.context import RunRefused
from perennial.operators.erasure import ErasePersonOperator
from perennial.settings import REPOSITORY, Settings
from perennial.stages import privacy
from perennial.stages.erasure import certificates
from perennial.stages.workspace import Workspace

ADDRESS = "Anna.Zimmermann@example.com"
DIGEST = sha256(ADDRESS.lower().encode()).hexdigest()
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store_url: str) -> Workspace:
    monkeypatch.setenv("PERENNIAL_LAKE", str(tmp_path / "lake"))
    monkeypatch.setenv("AIRFLOW_CONN_PERENNIAL_STORE", store_url)
    made = Workspace(Settings(REPOSITORY / "include", str(tmp_path / "lake"), str(tmp_path), tmp_path))
    rows = pl.DataFrame({"household_id": ["1", "2"], "email": [ADDRESS, "b@example.com"]})
    made.lake.records("contacts").replace(rows)
    return made


def execute(**params: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Run the operator as a task does; returns what goes to XCom, and to the asset's event."""
    form = {
        "namespace": "email",
        "value": None,
        "value_sha256": None,
        "reason": None,
        "dry_run": False,
    } | params
    run = SimpleNamespace(conf=form, partition_key=None, logical_date=NOW, run_after=NOW, run_id="manual-1")
    event = SimpleNamespace(extra={}, add_partitions=lambda _: None)
    dag, events = SimpleNamespace(params=form), {ERASURES: event}
    context: Any = {"params": form, "dag": dag, "dag_run": run, "outlet_events": events}
    return ErasePersonOperator(task_id="erase", asset=ERASURES).execute(context), event.extra


@pytest.mark.store
@pytest.mark.parametrize("given", [{"value": f" {ADDRESS} "}, {"value_sha256": DIGEST}])
def test_neither_logs_nor_results_name_the_person(workspace, caplog, given):
    with caplog.at_level(logging.DEBUG):
        dry, _ = execute(**given, dry_run=True)
        assert dry == {"would_be_removed": {"records/contacts": 1}}
        result, event = execute(**given)
    assert result["removed"][0]["rows"] == 1
    assert result["requested_at"] == NOW.isoformat()
    for text in (json.dumps([dry, result, event]), caplog.text):
        assert "zimmermann" not in text.lower()
    assert workspace.lake.records("contacts").scan().collect()["household_id"].to_list() == ["2"]
    assert certificates(workspace.lake.root).scan().collect()["request"].to_list() == ["manual-1"]
    gone = erased(workspace.lake.root).filter(namespace="email").collect()
    assert gone["value_sha256"].to_list() == [DIGEST]
    assert gone["erased_at"][0] == NOW < datetime.now(UTC) + timedelta(days=1)


@pytest.mark.store
def test_a_form_that_says_too_little_or_too_much_is_refused(workspace):
    for params in ({}, {"value": ADDRESS, "value_sha256": DIGEST}):
        with pytest.raises(RunRefused, match="either the value or its SHA-256"):
            execute(**params)
    with pytest.raises(RunRefused, match="64 hexadecimal digits") as refused:
        execute(value_sha256=ADDRESS)
    assert ADDRESS not in str(refused.value)


@pytest.mark.store
def test_an_access_request_puts_a_file_into_the_store_and_its_counts_into_the_trail(workspace, store_url):
    form = {"namespace": "email", "value": ADDRESS, "value_sha256": None, "reason": "letter", "keep_days": 3}
    run = SimpleNamespace(
        conf=form, partition_key=None, logical_date=NOW, run_after=NOW, run_id="access-1",
        triggering_user_name="ursel",
    )  # fmt: skip
    event = SimpleNamespace(extra={}, add_partitions=lambda _: None)
    context: Any = {
        "params": form, "dag": SimpleNamespace(params=form), "dag_run": run,
        "outlet_events": {ACCESS_REQUESTS: event},
    }  # fmt: skip
    counts = AccessRequestOperator(task_id="collect", asset=ACCESS_REQUESTS).execute(context)
    assert counts["rows"] == {"lake/records/contacts": 1}
    assert "zimmermann" not in json.dumps([counts, event.extra]).lower()
    now = datetime.now(UTC)
    assert (privacy.fetch(store_url, "access-1", now) or b"").startswith(b"PK")
    assert privacy.fetch(store_url, "access-1", now + timedelta(days=4)) is None
    entry = privacy.trail(store_url, now)[0]
    assert (entry.kind, entry.request, entry.asked_by, entry.reason) == (
        "access",
        "access-1",
        "ursel",
        "letter",
    )
    execute(value=ADDRESS, reason="again")
    assert privacy.fetch(store_url, "access-1", now) is None, "whoever is erased has no file any more"
    erased_, *_ = privacy.trail(store_url, now)
    assert (erased_.kind, erased_.reason) == ("erasure", "again")
    assert erased_.what["removed"] == {"records/contacts": 1}
