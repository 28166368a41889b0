"""The operator that asks providers: whom it asks, and what becomes of one that cannot be asked."""

import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import TaskDeferred

from perennial.errors import TerminalError
from perennial.operators import responses
from perennial.operators.assets import RESPONSES
from perennial.operators.responses import AskProvidersOperator, together
from perennial.settings import REPOSITORY, Settings
from perennial.stages import responses as stage
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


def told(**asked: Any) -> dict[str, Any]:
    return {"asked": {"received": 1, "landed": 1, "unclear": {}, **asked}}


def test_for_what_a_provider_works_on_the_task_defers(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes: list[Any] = [
        {"quick": told(), "slow": told(pending=["1001", "1002"])},
        {"slow": told(unclear={"5": "no audience"})},
    ]  # fmt: skip
    asked_for: list[Any] = []

    def ask_providers(*_: Any, only: Any = None, **__: Any) -> Any:
        asked_for.append(only and sorted(only))
        return iter(passes[len(asked_for) - 1].items())

    monkeypatch.setattr(stage, "ask_providers", ask_providers)
    monkeypatch.setattr(stage, "connections", lambda _: {"eloqua": ["slow"], "braze": ["quick"]})
    with pytest.raises(TaskDeferred) as deferred:
        asked(workspace)
    trigger, kwargs = deferred.value.trigger, deferred.value.kwargs
    assert (trigger.kind, trigger.connection, trigger.jobs) == ("eloqua", "slow", ["1001", "1002"])
    assert trigger.latest == kwargs["since"] + responses.LONGEST
    json.dumps(kwargs)

    again = AskProvidersOperator(task_id="ask", asset=RESPONSES)
    again._since, again._before = kwargs["since"], kwargs["before"]
    counts = again.run(workspace, datetime(2026, 1, 2, tzinfo=UTC), {})
    assert asked_for == [None, ["slow"]], "who has told all is not asked again"
    assert counts["quick"] == told()
    assert counts["slow"]["asked"] == {"received": 2, "landed": 2, "unclear": {"5": "no audience"}}


def test_after_half_an_hour_the_rest_is_left_to_the_next_run(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "ask_providers", lambda *_, **__: iter({"slow": told(pending=["1"])}.items()))
    monkeypatch.setattr(stage, "connections", lambda _: {"eloqua": ["slow"]})
    operator = AskProvidersOperator(task_id="ask", asset=RESPONSES)
    operator._since = time.time() - responses.LONGEST
    counts = operator.run(workspace, datetime(2026, 1, 2, tzinfo=UTC), {})
    assert counts["slow"]["asked"]["pending"] == ["1"]


def test_what_two_parts_of_a_run_told_is_added_up() -> None:
    assert together({"a": told()}, {"b": told()}) == {"a": told(), "b": told()}
