"""The operator that asks providers: whom it asks, and what becomes of one that cannot be asked."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from perennial.errors import TerminalError
from perennial.operators.assets import RESPONSES
from perennial.operators.responses import AskProvidersOperator
from perennial.settings import REPOSITORY, Settings
from perennial.stages.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path, store_url: str, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("AIRFLOW_CONN_PERENNIAL_STORE", store_url)
    places = Settings(REPOSITORY / "include", str(tmp_path / "lake"), str(tmp_path), tmp_path / "spool")
    return Workspace(places)


def asked(workspace: Workspace) -> dict[str, Any]:
    operator = AskProvidersOperator(task_id="ask", asset=RESPONSES)
    return operator.run(workspace, datetime(2026, 1, 2, tzinfo=UTC), {})


def test_the_shipped_documents_ask_nobody(workspace: Workspace) -> None:
    assert asked(workspace) == {}
    assert not workspace.lake.email_events.exists()


def test_a_connection_that_cannot_be_used_fails_the_task(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "activations").mkdir()
    document = {
        "title": "x", "destination": {"kind": "klaviyo", "connection": "shop"}, "audiences": ["best"],
    }  # fmt: skip
    (tmp_path / "activations" / "x.yaml").write_text(json.dumps(document))
    connection = {"conn_type": "klaviyo", "host": "https://elsewhere.example.com", "password": "secret-4711"}
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", json.dumps(connection))
    with pytest.raises(TerminalError, match=r"connection shop: host: .*elsewhere") as raised:
        asked(Workspace(replace(workspace.settings, include=tmp_path)))
    assert "4711" not in str(raised.value)
