"""The operators of activation, the sandbox and responses, once round: lake, provider, webhook, lake."""

import asyncio
import json
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import psycopg
import pytest
from airflow.providers.standard.operators import hitl
from airflow.sdk import DAG
from airflow.sdk.exceptions import (
    AirflowSkipException,
    DownstreamTasksSkipped,
    TaskAwaitingInput,
    TaskDeferred,
)
from esp_process import Esp, running_esp, service, until
from identity_rows import mapping

from perennial.errors import TerminalError, TransientError
from perennial.identity.values import EMAIL_SHA256, sha256
from perennial.local.credentials import key_pair
from perennial.local.ports import free_ports
from perennial.operators.activation import ActivateOperator, moment
from perennial.operators.approval import ApproveActivationOperator
from perennial.operators.assets import RESPONSES, SENT, activation
from perennial.operators.responses import LandResponsesOperator
from perennial.operators.sandbox import SendSandboxCampaignsOperator
from perennial.settings import Settings
from perennial.stages.workspace import Workspace
from perennial.triggers.provider import ProviderTrigger

AS_OF = datetime(2017, 12, 26, tzinfo=UTC)
PARTITION = "2017-12-25"
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
        abandoned_browse_product=pl.lit("974108"),
        abandoned_browse_price=pl.lit("1.99").cast(pl.Decimal(18, 2)),
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


@pytest.fixture(autouse=True)
def _empty_ledger(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow's connection to the store, in which nothing was sent yet."""
    with psycopg.connect(store_url) as store:
        store.execute("DROP SCHEMA IF EXISTS activation CASCADE")
    monkeypatch.setenv("AIRFLOW_CONN_PERENNIAL_STORE", store_url)


def _connect(esp: Esp, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = {"conn_type": "http", "host": esp.url, "password": esp.api_key}
    monkeypatch.setenv("AIRFLOW_CONN_SENDGRID_DEFAULT", json.dumps(connection))


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Esp]:
    """The sandbox as a process."""
    with running_esp(tmp_path_factory.mktemp("sandbox")) as esp:
        yield esp


@pytest.fixture
def provider(sandbox: Esp, monkeypatch: pytest.MonkeyPatch) -> Esp:
    """The sandbox, and Airflow's connection to it."""
    _connect(sandbox, monkeypatch)
    return sandbox


@pytest.fixture
def answering(workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Esp]:
    """A sandbox whose recipients answer to a collector, and Airflow's connection to it."""
    private_key, public_key = key_pair()
    (tmp_path / "key.pem").write_text(private_key)
    port = free_ports({"collector": None})["collector"]
    collector = {
        "PERENNIAL_SPOOL": str(workspace.settings.spool),
        "PERENNIAL_COLLECTOR_PORT": str(port),
        "PERENNIAL_SENDGRID_WEBHOOK_KEY": public_key,
    }
    webhook = {
        "PERENNIAL_SANDBOX_WEBHOOK_URL": f"http://127.0.0.1:{port}/webhooks/sendgrid",
        "PERENNIAL_SANDBOX_PRIVATE_KEY": str(tmp_path / "key.pem"),
    }
    with service("perennial.collector", port, collector), running_esp(tmp_path, **webhook) as esp:
        _connect(esp, monkeypatch)
        yield esp


@pytest.fixture
def asking(workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The documents, but the activation asks first; the bodies of the forms that are shown."""
    include, forms = tmp_path / "include", list[str]()
    shutil.copytree(workspace.settings.include, include)
    with (include / "activations" / "email.yaml").open("a") as file:
        file.write("approval: {first: true, jump: 50%, hours: 2}\n")
    monkeypatch.setenv("PERENNIAL_INCLUDE", str(include))
    monkeypatch.setenv("PERENNIAL_LAKE", workspace.settings.lake)
    monkeypatch.setattr(hitl, "upsert_hitl_detail", lambda **detail: forms.append(detail["body"]))
    return forms


class Pushed:
    """A task instance that keeps what is handed over."""

    id, map_index = "ti", -1

    def __init__(self) -> None:
        self.pushed = dict[str, Any]()

    def xcom_push(self, key: str, value: Any) -> None:
        self.pushed[key] = value


def _context(run_id: str, task: Any = None, **params: Any) -> Any:
    run = SimpleNamespace(run_id=run_id, conf={}, partition_key=PARTITION, logical_date=None)
    here = Pushed()
    return {"params": params, "dag_run": run, "dag": SimpleNamespace(params={}),
            "task": task, "task_instance": here, "ti": here}  # fmt: skip


def _answer(what: str) -> dict[str, Any]:
    user = {"id": "1", "name": "ann"}
    now = datetime.now(UTC)
    return {"chosen_options": [what], "params_input": {}, "responded_at": now, "responded_by_user": user}


def _run(operator: Any, workspace: Workspace, as_of: datetime = AS_OF, **params: Any) -> dict[str, Any]:
    run = SimpleNamespace(run_id=f"manual__{params}")
    counts: dict[str, Any] = operator.run(workspace, as_of, {"params": params, "dag_run": run})
    return counts


def test_once_round(workspace: Workspace, answering: Esp) -> None:
    activate = ActivateOperator(task_id="activate", activation="email", asset=activation("email"))
    send = SendSandboxCampaignsOperator(task_id="send", activation="email", asset=SENT)
    land = LandResponsesOperator(task_id="land", asset=RESPONSES)

    counted = _run(activate, workspace, dry_run=True)
    sent = counted["upserted"]
    assert (sent + counted["held_out"], 0 < sent < 18) == (18, True)
    assert answering.call("GET", "/sandbox/status")["contacts"] == 0
    assert _run(activate, workspace)["upserted"] == sent
    assert _run(activate, workspace)["unchanged"] == sent
    assert _run(send, workspace)["recipients"] == sent
    until(lambda: answering.call("GET", "/sandbox/status")["pending"] == 0)
    report = _run(land, workspace)
    assert report["landed"] > 2 * sent
    assert (report["apart"], report["unknown_people"]) == (0, 0)
    events = workspace.lake.email_events.scan().collect()
    assert set(events["audience"]) == {"top_spenders"}
    assert set(events["sent_as_of"]) == {date(2017, 12, 26)}
    assert _run(land, workspace)["received"] == 0


def test_a_person_is_asked_before_the_first_send(asking: list[str], store_url: str) -> None:
    with DAG("asking"):
        approve = ApproveActivationOperator(task_id="approve", activation="email", hours=2)
        approve >> ActivateOperator(task_id="activate", activation="email", asset=activation("email"))
    with pytest.raises(TaskAwaitingInput) as waiting:
        approve.execute(_context("one"))
    assert waiting.value.timeout == timedelta(hours=2)
    assert approve.defaults == ["Reject"]
    # Of eighteen people, four are held out.
    assert "(`top_spenders`) |  | 14 | sent for the first time |" in asking[0]
    assert "connection `sendgrid_default`" in asking[0]
    declined = _context("one", task=approve)
    with pytest.raises(DownstreamTasksSkipped) as skipped:
        approve.execute_complete(declined, _answer("Reject"))
    assert skipped.value.tasks == ["activate"]
    report = declined["ti"].pushed["report"]
    assert report["skipped"] == "declined by ann: nothing was sent"
    assert report["audiences"]["top_spenders"] == 14
    with psycopg.connect(store_url) as store:
        answers = store.execute("SELECT DISTINCT approved, answered_by FROM activation.approval").fetchall()
    assert answers == [(False, "ann")]

    with pytest.raises(TaskAwaitingInput):
        approve.execute(_context("two"))
    assert approve.execute_complete(_context("two"), _answer("Approve"))["skipped"] == ""
    assert approve.execute(_context("three")) == {"approval": "not needed"}
    assert len(asking) == 2


def test_nobody_is_asked_about_a_dry_run(asking: list[str]) -> None:
    approve = ApproveActivationOperator(task_id="approve", activation="email", hours=2)
    assert approve.execute(_context("dry", dry_run=True)) == {"approval": "not needed"}


def test_outside_of_its_dates_nothing_is_sent(workspace: Workspace, asking: list[str]) -> None:
    document = workspace.settings.include / "activations" / "email.yaml"
    include = Path(os.environ["PERENNIAL_INCLUDE"])
    (include / "activations" / "email.yaml").write_text(document.read_text() + "end: 2017-12-26\n")
    there = Workspace(replace(workspace.settings, include=include))
    activate = ActivateOperator(task_id="activate", activation="email", asset=activation("email"))
    with pytest.raises(AirflowSkipException, match="as of 2017-12-26: it ended with 2017-12-25"):
        _run(activate, there)


def test_a_run_about_no_day_takes_the_newest_that_was_evaluated(workspace: Workspace) -> None:
    run = SimpleNamespace(
        partition_key=None, logical_date=None, run_after=datetime(2026, 5, 4, 3, tzinfo=UTC)
    )
    assert moment(workspace, {"params": {}, "dag_run": run}) == AS_OF
    assert moment(workspace, {"params": {"as_of": "2017-12-28"}, "dag_run": run}).day == 28


def test_a_long_wait_is_deferred_and_nothing_is_sent_twice(workspace: Workspace, provider: Esp) -> None:
    activate = ActivateOperator(task_id="activate", activation="email", asset=activation("email"), patience=0)
    before = provider.requests().get("PUT /v3/marketing/contacts", 0)
    provider.fault("PUT", "/v3/marketing/contacts", status=429, headers={"Retry-After": "3600"})
    begun = time.time()
    with pytest.raises(TaskDeferred) as deferred:
        _run(activate, workspace)
    trigger: Any = deferred.value.trigger
    assert begun + 3590 < trigger.until < time.time() + 3610
    assert (trigger.kind, trigger.connection, trigger.jobs) == ("sendgrid", "sendgrid_default", [])
    assert deferred.value.method_name == "resume"

    with pytest.raises(TaskDeferred) as working:
        _run(activate, workspace)
    trigger = working.value.trigger
    (job,) = trigger.jobs
    _, arguments = trigger.serialize()
    waiting = ProviderTrigger(**{**json.loads(json.dumps(arguments)), "seconds": 0.05})
    assert waiting.jobs == [job]

    async def ended() -> Any:
        return (await asyncio.wait_for(anext(waiting.run()), 20)).payload

    assert asyncio.run(ended()) == {"ended": 1}
    report = _run(activate, workspace)
    assert report["unchanged"] + report["held_out"] == 18
    made = provider.requests()["PUT /v3/marketing/contacts"] - before
    assert made == 2, "the one that was refused, and one more"


def test_a_wait_ends_after_a_day(workspace: Workspace, provider: Esp) -> None:
    activate = ActivateOperator(task_id="activate", activation="email", asset=activation("email"))
    activate._waits_since = time.time() - 24 * 3600
    provider.fault("GET", "/v3/", status=429, headers={"Retry-After": "60"})
    with pytest.raises(TransientError, match="429"):
        _run(activate, workspace)


def test_what_was_rejected_is_sent_again_on_request(workspace: Workspace, provider: Esp) -> None:
    activate = ActivateOperator(task_id="activate", activation="email", asset=activation("email"))
    _run(activate, workspace)
    assert _run(activate, workspace, replay="rejected")["upserted"] == 0
    everybody = _run(activate, workspace, replay="all")
    assert (everybody["upserted"] + everybody["held_out"], everybody["removed"]) == (18, 0)
    assert _run(activate, workspace, replay="all")["upserted"] == 0, "a retry of the same run goes on"


def test_to_files(
    workspace: Workspace, tmp_path: Path, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_PERENNIAL_STORE", store_url)
    include = tmp_path / "include"
    shutil.copytree(workspace.settings.include, include)
    document = include / "activations" / "partner.yaml"
    document.write_text(
        "title: For a partner\ndestination: {kind: files}\nmode: full\naudiences: [top_spenders]\n"
        "files: {path: out, name: '{audience}'}\nmapping: [spend_12m]\n"
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
    activate = ActivateOperator(task_id="activate", activation="partner", asset=activation("partner"))
    settings = replace(workspace.settings, include=include, exports_folder=tmp_path / "exports")
    report = _run(activate, Workspace(settings))
    assert report["files"] == {"top_spenders.csv": 17}
    with pytest.raises(TerminalError, match="to have files again, run the day again"):
        _run(activate, Workspace(settings), replay="all")
    assert report["shared_key"] == 1
    lines = (tmp_path / "exports" / "out" / "top_spenders.csv").read_text().splitlines()
    assert lines[:2] == ["email,spend_12m", "household.0@example.com,99.00"]
    with psycopg.connect(store_url) as connection:
        query = "SELECT destination, activation, state FROM activation.run WHERE activation = 'partner'"
        assert connection.execute(query).fetchall() == [("files", "partner", "done")]


def test_a_day_that_was_not_computed_is_refused(workspace: Workspace) -> None:
    activate = ActivateOperator(task_id="activate", activation="email", asset=activation("email"))
    with pytest.raises(TerminalError, match="profiles/snapshot has nothing as of 2017-12-27"):
        _run(activate, workspace, datetime(2017, 12, 27, tzinfo=UTC))


def test_an_audience_that_is_not_declared_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    include = tmp_path / "include"
    for name in ("activations", "audiences"):
        (include / name).mkdir(parents=True)
    source = workspace.settings.include / "activations" / "email.yaml"
    (include / "activations" / "email.yaml").write_text(source.read_text())
    elsewhere = Workspace(replace(workspace.settings, include=include))
    activate = ActivateOperator(task_id="activate", activation="email", asset=activation("email"))
    with pytest.raises(
        TerminalError, match="no audience deli_not_produce, lapsing, left_behind, top_spenders"
    ):
        _run(activate, elsewhere)
