"""Campaigns once round: lake, mail server, the recipient's browser, the collector, and the lake again."""

import json
import mailbox
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import psycopg
import pytest
import requests
import yaml
from campaigns.conftest import TABLES
from campaigns.documents import DOCUMENT, HTML, KEY, TEXT
from campaigns.test_notifications import report
from esp_process import service
from identity_rows import mapping
from smtp_server import Mailbox, running_smtp

from perennial.campaigns.ledger import migrate
from perennial.campaigns.tokens import Signer
from perennial.errors import TerminalError, TransientError
from perennial.identity.values import EMAIL_SHA256, sha256
from perennial.local.ports import free_ports
from perennial.operators.assets import BOUNCES, CAMPAIGNS, RESPONSES
from perennial.operators.campaigns import ReadBouncesOperator, SendCampaignsOperator
from perennial.operators.responses import LandResponsesOperator
from perennial.settings import REPOSITORY, Settings
from perennial.stages.workspace import Workspace

pytestmark = pytest.mark.store
TODAY = datetime.now(UTC).date()
NAMES = ["ann", "bob", "cyn", "dan"]


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with running_smtp() as box:
        yield box


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The collector as a process, and its spool."""
    spool = tmp_path_factory.mktemp("spool")
    port = free_ports({"collector": None})["collector"]
    settings = {
        "PERENNIAL_SPOOL": str(spool),
        "PERENNIAL_COLLECTOR_PORT": str(port),
        "PERENNIAL_TRACKING_KEY": KEY,
    }
    with service("perennial.collector", port, settings):
        yield f"http://127.0.0.1:{port}", spool


@pytest.fixture
def include(tmp_path: Path) -> Path:
    folder = tmp_path / "include"
    (folder / "campaigns" / "templates").mkdir(parents=True)
    (folder / "audiences").mkdir()
    (folder / "profiles").mkdir()
    ours = REPOSITORY / "include" / "profiles" / "household.yaml"
    (folder / "profiles" / "household.yaml").write_text(ours.read_text())
    for name in ("best", "lapsing"):
        rule = {"attribute": "first_name", "operator": "known"}
        (folder / "audiences" / f"{name}.yaml").write_text(yaml.safe_dump({"title": name, "rule": rule}))
    (folder / "campaigns" / "templates" / "thanks.html").write_text(HTML)
    (folder / "campaigns" / "templates" / "thanks.txt").write_text(TEXT)
    return folder


@pytest.fixture
def workspace(
    tmp_path: Path, include: Path, box: Mailbox, collector: tuple[str, Path], store_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Workspace:  # fmt: skip
    """A lake with four people, an empty ledger, and connections to the mail server and the store."""
    mailbox.Maildir(tmp_path / "bounces", create=True).close()
    environment = {
        "PERENNIAL_INCLUDE": include, "PERENNIAL_LAKE": tmp_path / "lake", "PERENNIAL_SPOOL": collector[1],
        "PERENNIAL_TRACKING_KEY": KEY, "PERENNIAL_COLLECTOR_URL": collector[0],
        "PERENNIAL_BOUNCES": tmp_path / "bounces",
        "AIRFLOW_CONN_SMTP_DEFAULT": json.dumps(box.connection()),
        "AIRFLOW_CONN_PERENNIAL_STORE": store_url,
    }  # fmt: skip
    for name, value in environment.items():
        monkeypatch.setenv(name, str(value))
    migrate(store_url)
    with psycopg.connect(store_url) as connection:
        # The log is that of all tests: what one has read of it stays read.
        for table in {*TABLES} - {"position"}:
            connection.execute(f"TRUNCATE campaigns.{table} CASCADE")
    workspace = Workspace(Settings.from_env())
    fill(workspace, TODAY)
    return workspace


def fill(workspace: Workspace, day: date) -> None:
    profiles = pl.DataFrame(
        {"person_id": NAMES, "first_name": [name.title() for name in NAMES]}
    ).with_columns(email=pl.format("{}@example.com", "person_id"), as_of=pl.lit(day))
    workspace.lake.profiles.replace(profiles, day)
    if not workspace.lake.identities.exists():
        hashed = profiles.select(
            namespace=pl.lit(EMAIL_SHA256), value=sha256(pl.col("email")), person_id="person_id"
        )
        workspace.lake.identities.append(mapping(hashed))
    members = profiles.select(
        audience=pl.lit("best"), person_id="person_id", status=pl.lit("entered"), as_of="as_of"
    )
    workspace.lake.membership.replace(members, day)


def document(include: Path, name: str = "thanks", **changes: Any) -> None:
    start = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    content = {**DOCUMENT, "name": name, "start": start, **changes}
    (include / "campaigns" / f"{name}.yaml").write_text(yaml.safe_dump(content))


def run(operator: Any, asset: Any, **params: Any) -> dict[str, Any]:
    event = SimpleNamespace(extra=None)
    context: Any = {
        "params": params,
        "dag_run": SimpleNamespace(conf=params),
        "dag": SimpleNamespace(params=dict.fromkeys(["campaign", "dry_run", "replay"])),
        "outlet_events": {asset: event},
    }
    counts: dict[str, Any] = operator(task_id="t", asset=asset).execute(context)
    return counts


def send(**params: Any) -> dict[str, Any]:
    return run(SendCampaignsOperator, CAMPAIGNS, **params)


def land(workspace: Workspace) -> dict[str, Any]:
    now = datetime.now(UTC)
    return dict(LandResponsesOperator(task_id="land", asset=RESPONSES).run(workspace, now, {}))


def links(box: Mailbox, to: str) -> dict[str, str]:
    (message,) = [each for each in box.messages if each["to"] == f"{to}@example.com"]
    body = message.get_body(("html",))
    assert body is not None
    found = re.findall(r'"(http://127[^"]*/([ocu])/[\w-]+)"', body.get_content())
    return {kind: url for url, kind in found}


def test_once_round(workspace: Workspace, box: Mailbox, include: Path) -> None:
    document(include)
    box.refused = {"dan@example.com": 550}
    assert send()["thanks"]["sent"] == 3
    browser = requests.Session()
    assert browser.get(links(box, "ann")["o"], timeout=10).headers["content-type"] == "image/gif"
    clicked = browser.get(links(box, "ann")["c"], timeout=10, allow_redirects=False)
    assert clicked.headers["location"] == "https://shop.example.com/a?b=1&c=2"
    (bob,) = [each for each in box.messages if each["to"] == "bob@example.com"]
    one_click = str(bob["list-unsubscribe"]).strip("<>")
    assert browser.post(one_click, data={"List-Unsubscribe": "One-Click"}, timeout=10).status_code == 200

    report = land(workspace)
    assert (report["landed"], report["apart"], report["unknown_people"]) == (11, 0, 0)
    rows = workspace.lake.email_events.scan().collect()
    assert sorted(rows.select("person_id", "event_type").rows()) == [
        ("ann", "clicked"), ("ann", "delivered"), ("ann", "opened"), ("ann", "sent"),
        ("bob", "delivered"), ("bob", "sent"), ("bob", "unsubscribed"),
        ("cyn", "delivered"), ("cyn", "sent"), ("dan", "bounced"), ("dan", "sent"),
    ]  # fmt: skip
    common = {
        "provider": "smtp",
        "campaign_id": "thanks",
        "campaign_name": "Thank you",
        "audience": "best",
        "sent_as_of": TODAY,
    }
    assert rows.select(common.keys()).unique().rows(named=True) == [common]
    assert rows.group_by("person_id").agg(pl.col("send_id").n_unique())["send_id"].to_list() == [1] * 4
    assert rows.filter(event_type="clicked")["url"].to_list() == ["https://shop.example.com/a?b=1&c=2"]
    assert rows.filter(event_type="bounced")["bounce_class"].to_list() == ["hard"]
    assert land(workspace)["received"] == 0

    # Who unsubscribed, and who cannot be reached, get no other campaign either.
    document(include, "again", template="thanks")
    box.refused, box.recipients[:] = {}, []
    counts = send()
    assert (counts["again"]["sent"], counts["again"]["suppressed"]) == (2, 2)
    assert (counts["thanks"]["sent"], counts["thanks"]["earlier"]) == (0, 4)
    assert sorted(box.recipients) == [["ann@example.com"], ["cyn@example.com"]]


def test_a_bounce_that_is_reported_later(
    workspace: Workspace, box: Mailbox, include: Path, tmp_path: Path
) -> None:
    document(include)
    send()
    (message,) = [each for each in box.messages if each["to"] == "ann@example.com"]
    reference = str(message["message-id"]).strip("<>").split("@")[0]
    mailbox.Maildir(tmp_path / "bounces").add(report("postfix", message=reference))
    assert run(ReadBouncesOperator, BOUNCES) == {
        "read": 1, "bounced": 1, "complained": 0, "other": 0, "unknown": 0,
    }  # fmt: skip
    land(workspace)
    bounced = workspace.lake.email_events.scan().filter(event_type="bounced").collect()
    assert bounced.select("person_id", "bounce_class", "send_id").rows() == [
        ("ann", "hard", Signer.of(KEY).dereferenced(reference))
    ]


def test_one_campaign_that_is_wrong_keeps_no_other_from_being_sent(
    workspace: Workspace, box: Mailbox, include: Path
) -> None:
    document(include)
    document(include, "broken", template="absent")
    document(include, "unreadable", colour="red")
    with pytest.raises(
        TerminalError, match=r"absent\.html: there is no such file(.|\n)*colour: Extra inputs"
    ):
        send()
    assert len(box.messages) == 4


def test_a_mail_server_that_is_not_there_is_tried_again(
    workspace: Workspace, box: Mailbox, include: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document(include)
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps({**box.connection(), "port": 1}))
    with pytest.raises(TransientError, match="smtp_default: ConnectionRefusedError"):
        send()
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(box.connection()))
    assert send()["thanks"]["sent"] == 4


@pytest.mark.parametrize(
    ("changes", "params", "said"),
    [
        ({}, {"campaign": "other"}, "there is no campaign other; known: thanks"),
        ({"state": "draft"}, {"campaign": "thanks"}, "not due: its state is draft"),
        ({"audiences": ["best", "worst"]}, {}, "no audience worst; declared: best, lapsing"),
        ({"purpose": "email"}, {}, "it cannot be told who consents to email: nothing is sent"),
        ({"connection": "absent"}, {}, "connection absent: there is none; create one of type SMTP"),
        ({}, {"replay": True}, "name the campaign of which"),
    ],
)
def test_what_cannot_be_sent_is_told(
    workspace: Workspace,
    box: Mailbox,
    include: Path,
    changes: dict[str, Any],
    params: dict[str, Any],
    said: str,
) -> None:
    document(include, **changes)
    with pytest.raises(TerminalError, match=said):
        send(**params)
    assert box.messages == []


def test_audiences_that_are_old_are_not_mailed(
    workspace: Workspace, box: Mailbox, include: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document(include)
    monkeypatch.setenv("PERENNIAL_LAKE", str(tmp_path / "another"))
    with pytest.raises(TerminalError, match="the newest audiences are those as of no day"):
        send()
    day = TODAY - timedelta(days=3)
    fill(Workspace(Settings.from_env()), day)
    with pytest.raises(TerminalError, match=f"as of {day}, and max_age_days is 2"):
        send()
    document(include, max_age_days=4)
    assert send()["thanks"]["as_of"] == day.isoformat()
    assert len(box.messages) == 4


def test_whoever_is_held_out_gets_nothing_and_is_recorded_before_the_rest_is_sent(
    workspace: Workspace, box: Mailbox, include: Path, store_url: str
) -> None:
    document(include, holdout="50%")
    assert send(campaign="thanks", dry_run=True)["thanks"]["held_out"] > 0
    assert box.messages == []
    report = send()["thanks"]
    with psycopg.connect(store_url) as connection:
        arms: dict[str, str] = dict(connection.execute(
            "SELECT person_id, arm FROM activation.assignment WHERE activation = 'campaign/thanks'"
        ).fetchall())  # fmt: skip
    assert sorted(arms) == NAMES
    treated = [name for name in NAMES if arms[name] == "treated"]
    assert (report["sent"], report["held_out"]) == (len(treated), len(NAMES) - len(treated))
    assert 0 < len(treated) < len(NAMES)
    assert sorted(to for recipients in box.recipients for to in recipients) == [
        f"{name}@example.com" for name in treated
    ]
    assert send()["thanks"]["sent"] == 0


def test_a_draft_can_be_tried(workspace: Workspace, box: Mailbox, include: Path) -> None:
    document(include, state="draft")
    assert send() == {}
    assert send(campaign="thanks", dry_run=True)["thanks"]["due"] == 4
    assert box.messages == []


def test_a_campaign_that_is_over_is_finished(workspace: Workspace, box: Mailbox, include: Path) -> None:
    document(include)
    box.refused = {"ann@example.com": 450}
    assert send()["thanks"]["deferred"] == 1
    document(include, until=(datetime.now(UTC) - timedelta(minutes=1)).isoformat())
    assert send() == {"thanks": {"expired": 1}}
    assert send() == {}


def test_what_is_in_doubt_is_told_and_replayed_on_demand(
    workspace: Workspace, box: Mailbox, include: Path
) -> None:
    document(include)
    box.on_content = lambda to: to != ["bob@example.com"]
    assert send()["thanks"]["in_doubt"] == 1
    box.on_content = lambda to: True
    assert send()["thanks"]["in_doubt"] == 1
    assert send(campaign="thanks", replay=True)["thanks"]["sent"] == 1
    assert box.recipients[-1] == ["bob@example.com"]


def test_without_a_mailbox_no_bounces_are_read(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PERENNIAL_BOUNCES")
    assert run(ReadBouncesOperator, BOUNCES) == {"skipped": "PERENNIAL_BOUNCES is not set"}
