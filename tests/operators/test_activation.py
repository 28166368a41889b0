"""The operators of activation, the sandbox and responses, once round: lake, provider, webhook, lake."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import psycopg
import pytest
from esp_process import Esp, running_esp, service, until
from identity_rows import mapping

from perennial.errors import TerminalError
from perennial.identity.values import EMAIL_SHA256, sha256
from perennial.local.credentials import key_pair
from perennial.local.ports import free_ports
from perennial.operators.activation import ActivateOperator
from perennial.operators.assets import ACTIVATION, RESPONSES, SENT
from perennial.operators.responses import LandResponsesOperator
from perennial.operators.sandbox import SendSandboxCampaignsOperator
from perennial.settings import Settings
from perennial.stages.workspace import Workspace

AS_OF = datetime(2017, 12, 26, tzinfo=UTC)
PEOPLE = 60


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """The real documents, and a lake of a few households as of a Tuesday."""
    here = Settings(
        include=Path(__file__).resolve().parents[2] / "include",
        lake=str(tmp_path / "lake"), landing=str(tmp_path / "landing"), spool=tmp_path / "spool",
    )  # fmt: skip
    workspace = Workspace(here)
    decile = pl.int_range(PEOPLE, dtype=pl.Int8) % 10 + 1
    profiles = pl.select(
        person_id=pl.int_range(PEOPLE).cast(pl.String),
        email=pl.format("household.{}@example.com", pl.int_range(PEOPLE)),
        spend_12m_decile=decile,
        spend_1m_decile=decile,
        baskets_12m_decile=decile,
        spend_12m=pl.lit("12.30").cast(pl.Decimal(18, 2)),
        age=pl.lit("25-34"),
        household_size=pl.lit("2"),
        as_of=pl.lit(AS_OF.date()),
    ).with_columns(
        pl.lit([{"key": "DELI", "value": 3}]).alias("department.spend_12m_decile"),
    )
    workspace.lake.profiles.replace(profiles, AS_OF.date())
    named = profiles.select(
        namespace=pl.lit(EMAIL_SHA256), value=sha256(pl.col("email")), person_id="person_id"
    )
    workspace.lake.identities.append(mapping(named))
    members = profiles.filter(pl.col("spend_12m_decile") <= 3).select(
        audience=pl.lit("top_spenders"), person_id="person_id", status=pl.lit("entered"), as_of="as_of"
    )
    left = members.head(1).with_columns(audience=pl.lit("lapsing"), status=pl.lit("exited"))
    workspace.lake.membership.replace(pl.concat([members, left]), AS_OF.date())
    return workspace


@pytest.fixture
def esp(
    workspace: Workspace, tmp_path: Path, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Esp]:
    """The sandbox and the collector as processes, and Airflow's connections to the sandbox and the store."""
    private_key, public_key = key_pair()
    (tmp_path / "key.pem").write_text(private_key)
    port = free_ports({"collector": None})["collector"]
    collector = {
        "PERENNIAL_SPOOL": str(workspace.settings.spool),
        "PERENNIAL_COLLECTOR_PORT": str(port),
        "PERENNIAL_SENDGRID_WEBHOOK_KEY": public_key,
    }
    sandbox = {
        "PERENNIAL_SANDBOX_WEBHOOK_URL": f"http://127.0.0.1:{port}/webhooks/sendgrid",
        "PERENNIAL_SANDBOX_PRIVATE_KEY": str(tmp_path / "key.pem"),
    }
    with service("perennial.collector", port, collector), running_esp(tmp_path, **sandbox) as esp:
        connection = {"conn_type": "http", "host": esp.url, "password": esp.api_key}
        monkeypatch.setenv("AIRFLOW_CONN_SENDGRID_DEFAULT", json.dumps(connection))
        monkeypatch.setenv("AIRFLOW_CONN_PERENNIAL_STORE", store_url)
        yield esp


def _run(operator: Any, workspace: Workspace, as_of: datetime = AS_OF, **params: Any) -> dict[str, Any]:
    counts: dict[str, Any] = operator.run(workspace, as_of, {"params": params})
    return counts


def test_once_round(workspace: Workspace, esp: Esp) -> None:
    activate = ActivateOperator(task_id="activate", activation="email", asset=ACTIVATION)
    send = SendSandboxCampaignsOperator(task_id="send", activation="email", asset=SENT)
    land = LandResponsesOperator(task_id="land", asset=RESPONSES)

    assert _run(activate, workspace, dry_run=True)["upserted"] == 18
    assert esp.call("GET", "/sandbox/status")["contacts"] == 0
    assert _run(activate, workspace)["upserted"] == 18
    assert _run(activate, workspace)["unchanged"] == 18
    assert _run(send, workspace)["recipients"] == 18
    until(lambda: esp.call("GET", "/sandbox/status")["pending"] == 0)
    report = _run(land, workspace)
    assert report["landed"] > 36
    assert (report["apart"], report["unknown_people"]) == (0, 0)
    events = workspace.lake.email_events.scan().collect()
    assert set(events["audience"]) == {"top_spenders"}
    assert set(events["sent_as_of"]) == {date(2017, 12, 26)}
    assert _run(land, workspace)["received"] == 0


def test_to_files(
    workspace: Workspace, tmp_path: Path, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_PERENNIAL_STORE", store_url)
    include = tmp_path / "include"
    shutil.copytree(workspace.settings.include, include)
    document = include / "activations" / "partner.yaml"
    document.write_text(
        "title: For a partner\ndestination: {kind: files}\nmode: full\naudiences: [top_spenders]\n"
        f"files: {{path: {tmp_path}/out, name: '{{audience}}'}}\nmapping: [spend_12m]\n"
    )
    # Somebody shares the address of another one, and has come into the audience later.
    moved, day = pl.col("person_id") == "10", AS_OF.date()
    shared = workspace.lake.profiles.scan().with_columns(
        email=pl.when(moved).then(pl.lit("household.0@example.com")).otherwise("email"),
        spend_12m=pl.when(moved).then(pl.lit("99.00").cast(pl.Decimal(18, 2))).otherwise("spend_12m"),
    )
    workspace.lake.profiles.replace(shared.collect(), day)
    status = pl.when(pl.col("person_id") == "0").then(pl.lit("kept")).otherwise("status")
    known = workspace.lake.membership.scan().filter(as_of=day).with_columns(status=status).collect()
    workspace.lake.membership.replace(known, day)
    came = known.filter(person_id="0").with_columns(
        status=pl.lit("entered"), as_of=pl.lit(date(2017, 12, 25))
    )
    workspace.lake.membership.replace(came, date(2017, 12, 25))
    activate = ActivateOperator(task_id="activate", activation="partner", asset=ACTIVATION)
    report = _run(activate, Workspace(replace(workspace.settings, include=include)))
    assert report["files"] == {"top_spenders.csv": 17}
    assert report["shared_key"] == 1
    lines = (tmp_path / "out" / "top_spenders.csv").read_text().splitlines()
    assert lines[:2] == ["email,spend_12m", "household.0@example.com,99.00"]
    with psycopg.connect(store_url) as connection:
        query = "SELECT destination, activation, state FROM activation.run WHERE activation = 'partner'"
        assert connection.execute(query).fetchall() == [("files", "partner", "done")]


def test_a_day_that_was_not_computed_is_refused(workspace: Workspace, esp: Esp) -> None:
    activate = ActivateOperator(task_id="activate", activation="email", asset=ACTIVATION)
    with pytest.raises(TerminalError, match="profiles/snapshot has nothing as of 2017-12-27"):
        _run(activate, workspace, datetime(2017, 12, 27, tzinfo=UTC))


def test_an_audience_that_is_not_declared_is_refused(workspace: Workspace, esp: Esp, tmp_path: Path) -> None:
    include = tmp_path / "include"
    for name in ("activations", "audiences"):
        (include / name).mkdir(parents=True)
    source = workspace.settings.include / "activations" / "email.yaml"
    (include / "activations" / "email.yaml").write_text(source.read_text())
    elsewhere = Workspace(replace(workspace.settings, include=include))
    activate = ActivateOperator(task_id="activate", activation="email", asset=ACTIVATION)
    with pytest.raises(TerminalError, match="no audience deli_not_produce, lapsing, top_spenders"):
        _run(activate, elsewhere)
