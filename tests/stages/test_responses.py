"""Providers beside SendGrid, once round: a real ledger, a real collector, stand-ins that are asked."""

import hmac
import json
import time
from base64 import b64encode
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psycopg
import pytest
import requests
from activation.destinations.customer_io.harness import CustomerIoHarness
from activation.destinations.stand_in import SECRET, Answer, StandIn, route
from collector.place import Place

from perennial.activation import ledger
from perennial.activation.destinations.connector import Account
from perennial.activation.destinations.registry import connector
from perennial.activation.destinations.wire import Wire
from perennial.errors import PerennialError, TerminalError
from perennial.responses.log import KEEP, SEGMENT_BYTES, webhook_log
from perennial.settings import Settings
from perennial.stages.responses import ask_providers, connections, land_posts
from perennial.stages.workspace import Workspace

NOW = datetime(2026, 1, 2, tzinfo=UTC)
SENT_AT = datetime(2026, 1, 1, 9, tzinfo=UTC)
KEYS = {f"PERENNIAL_{name}_WEBHOOK_KEY": "key" for name in ("CUSTOMER_IO", "MAILCHIMP", "SALESFORCE")}


class Providers(StandIn):
    """Customer.io's App API and Mailchimp, by what they tell of campaigns."""

    def empty(self) -> None:
        self.down = False

    def authorised(self, request: requests.PreparedRequest) -> bool:
        if self.down:
            raise Answer(503, {})
        return True

    @route("GET", "/v1/newsletters/{number}")
    def newsletter(self, body: Any, query: dict[str, str], number: str) -> Any:
        if number != "10":
            raise Answer(404, {"errors": [{"detail": "not found"}]})
        at = int(SENT_AT.timestamp())
        return {"newsletter": {"id": 10, "name": "Thanks", "recipient_segment_ids": [17], "sent_at": at}}

    @route("GET", "/3.0/campaigns/{name}")
    def campaign(self, body: Any, query: dict[str, str], name: str) -> Any:
        return {
            "id": name, "settings": {"title": "Thanks audience:best as_of:2025-12-31"},
            "send_time": SENT_AT.isoformat(), "recipients": {"list_id": "a", "segment_opts": {}},
        }  # fmt: skip

    @route("GET", "/3.0/reports")
    def reports(self, body: Any, query: dict[str, str]) -> Any:
        return {"reports": []}


def document(kind: str, connection: str) -> str:
    said = {
        "title": kind, "destination": {"kind": kind, "connection": connection}, "audiences": ["best"],
    }  # fmt: skip
    return json.dumps(said)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    include = tmp_path / "include"
    Place.make(tmp_path)
    (include / "activations").mkdir()
    for kind in ("customer_io", "mailchimp", "sendgrid"):
        (include / "activations" / f"{kind}.yaml").write_text(document(kind, f"{kind}_default"))
    return Workspace(Settings(include, str(tmp_path / "lake"), str(tmp_path / "landing"), tmp_path / "spool"))


@pytest.fixture
def url(store_url: str) -> str:
    """A ledger that has sent audience `best` to the list 17, as of the first of the year."""
    ledger.migrate(store_url)
    with psycopg.connect(store_url, autocommit=True) as connection:
        connection.execute("TRUNCATE activation.run CASCADE")
        connection.execute("TRUNCATE activation.list")
        for name in ("customer_io_default", "mailchimp_default"):
            connection.execute(
                "INSERT INTO activation.run (destination, activation, as_of, state, started_at, finished_at)"
                " VALUES (%s, 'x', '2026-01-01Z', 'done', '2026-01-01 04:00Z', '2026-01-01 05:00Z')",
                (name,),
            )
            connection.execute("INSERT INTO activation.list VALUES (%s, 'x', 'best', '17', 'Best')", (name,))
    return store_url


def account(kind: str, connection: str) -> Account:
    given = {"password": SECRET, "host": "https://us21.api.mailchimp.com", "audience_id": "a"}
    given = given if kind == "mailchimp" else {"password": SECRET, **CustomerIoHarness.given}
    return connector(kind).account(connection, given)


def wire(stand_in: Providers) -> Wire:
    return Wire(sleep=stand_in.clock.sleep, clock=stand_in.clock, adapter=stand_in)


def asked(workspace: Workspace, url: str, stand_in: Providers) -> dict[str, Any]:
    return dict(ask_providers(workspace, url, account, NOW, wire(stand_in)))


def opened(number: int, newsletter: int = 10) -> bytes:
    data = {"newsletter_id": newsletter, "delivery_id": "d1", "recipient": "ann@example.com"}
    event = {"event_id": f"c{number}", "object_type": "email", "metric": "opened", "data": data}
    return json.dumps({**event, "timestamp": int(SENT_AT.timestamp()) + number}).encode()


def post(collector: str, provider: str, body: bytes) -> None:
    at, key = str(int(time.time())), b"key"
    headers = {
        "customer_io": {
            "x-cio-timestamp": at,
            "x-cio-signature": hmac.new(key, f"v0:{at}:".encode() + body, sha256).hexdigest(),
        },
        "mailchimp": {
            "x-mailchimp-signature": f"t={at},v1="
            + hmac.new(key, f"{at}.".encode() + body, sha256).hexdigest()
        },
        "salesforce": {"x-sfmc-ens-signature": b64encode(hmac.digest(key, body, sha256)).decode()},
    }[provider]
    response = requests.post(f"{collector}/webhooks/{provider}", data=body, headers=headers, timeout=10)
    assert (response.status_code, response.json()) == (200, {"accepted": 1})


def ens(kind: str, key: str, **info: str) -> bytes:
    composite = {"jobId": "1", "batchId": "2", "listId": "3", "subscriberId": "4"}
    event = {
        "eventCategoryType": kind,
        "timestampUTC": int(SENT_AT.timestamp() * 1000),
        "composite": composite,
    }
    return json.dumps({**event, "definitionKey": key, "info": info}).encode()


LEFT = {
    "type": "unsubscribe", "fired_at": "2026-01-01 09:30:00", "data[reason]": "manual",
    "data[email]": "ann@example.com", "data[campaign_id]": "m1",
}  # fmt: skip
SEND = ens("TransactionalSendEvents.EmailSent", "audience-best", to="ann@example.com", messageKey="m")
OPEN = ens("EngagementEvents.EmailOpen", "NA", ipAddress="52.5.174.125")


def test_once_round(workspace: Workspace, url: str, tmp_path: Path) -> None:
    stand_in = Providers()
    with Place(tmp_path).running(**KEYS) as collector:
        for _ in range(2):
            post(collector.url, "customer_io", opened(1))
        post(collector.url, "customer_io", opened(2, newsletter=11))
        post(collector.url, "mailchimp", urlencode(LEFT).encode())
        post(collector.url, "salesforce", SEND)

        assert land_posts(workspace, NOW).landed == 1
        post(collector.url, "salesforce", OPEN)
        assert land_posts(workspace, NOW).as_dict() == {
            "received": 1, "landed": 1, "repeated": 0, "apart": 0, "unknown_people": 1,
        }  # fmt: skip

    stand_in.down = True
    down = asked(workspace, url, stand_in)
    assert [type(each).__name__ for each in down.values()] == ["UnavailableError"] * 2
    stand_in.down = False
    report = asked(workspace, url, stand_in)
    assert report["customer_io_default"]["posts"] == {
        "received": 3, "landed": 1, "repeated": 1, "apart": 1, "unknown_people": 1,
    }  # fmt: skip
    assert report["mailchimp_default"]["posts"]["landed"] == 1
    again = asked(workspace, url, stand_in)
    assert again["customer_io_default"]["posts"]["received"] == 0

    rows = workspace.lake.email_events.scan().collect().sort("provider", "event_time", "event_type")
    assert rows.select("provider", "event_type", "audience", "campaign_name", "sent_as_of").rows() == [
        ("customer_io", "opened", "best", "Thanks", date(2026, 1, 1)),
        ("mailchimp", "unsubscribed", "best", "Thanks audience:best as_of:2025-12-31", date(2025, 12, 31)),
        ("salesforce", "opened", "best", "audience-best", None),
        ("salesforce", "sent", "best", "audience-best", None),
    ]
    (apart,) = workspace.lake.quarantine("email_events").scan().collect().rows(named=True)
    assert apart["reasons"] == ["newsletter 11 is no longer there"]
    assert apart["batch"].startswith("email_events-customer_io-0-")


def test_only_accounts_that_activations_name_are_asked(
    workspace: Workspace, url: str, tmp_path: Path
) -> None:
    assert connections(workspace) == {
        "customer_io": ["customer_io_default"],
        "mailchimp": ["mailchimp_default"],
    }
    for name in ("customer_io", "mailchimp"):
        (workspace.settings.include / "activations" / f"{name}.yaml").unlink()

    def never(kind: str, connection: str) -> Account:
        raise AssertionError(f"{connection} is asked")

    assert dict(ask_providers(workspace, url, never, NOW)) == {}


def test_posts_that_nobody_can_explain_wait(workspace: Workspace, url: str, tmp_path: Path) -> None:
    with Place(tmp_path).running(**KEYS) as collector:
        post(collector.url, "customer_io", opened(1))
    document_path = workspace.settings.include / "activations" / "customer_io.yaml"
    kept = document_path.read_text()
    (workspace.settings.include / "activations" / "other.yaml").write_text(document("customer_io", "other"))
    told = asked(workspace, url, Providers())
    for name in ("customer_io_default", "other"):
        assert isinstance(told[name], TerminalError)
        assert "do not tell which of 2 accounts" in str(told[name])
    for name in ("customer_io", "other"):
        (workspace.settings.include / "activations" / f"{name}.yaml").unlink()
    told = asked(workspace, url, Providers())
    assert isinstance(told["customer_io"], PerennialError)
    assert "no activation names a connection" in str(told["customer_io"])
    document_path.write_text(kept)
    assert asked(workspace, url, Providers())["customer_io_default"]["posts"]["landed"] == 1


def test_posts_that_have_landed_are_freed_after_a_week(workspace: Workspace, tmp_path: Path) -> None:
    body = json.dumps({"received_at": 1, "events": [json.loads(SEND) | {"pad": "x" * 1000}]}).encode()
    log = webhook_log(workspace.settings.spool)
    with closing(log.writer("salesforce")) as writer:
        for _ in range(3):
            writer.append([body] * (SEGMENT_BYTES // len(body) + 1))
    files = log.spool / "salesforce" / "0"
    written = sorted(files.glob("*.log"))
    assert len(written) == 3
    now = datetime.now(UTC)
    assert land_posts(workspace, now).landed == 1
    assert sorted(files.glob("*.log")) == written, "they came just now"
    land_posts(workspace, now + KEEP + timedelta(minutes=1))
    assert sorted(files.glob("*.log")) == written[-1:]
    assert land_posts(workspace, now).received == 0
