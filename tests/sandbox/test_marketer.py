"""The demo's calendar, and a campaign's way: sandbox, signed webhook, collector, lake."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
import requests
from esp_process import Esp, running_esp, service, until

from perennial.activation.definition import Activation
from perennial.documents import load
from perennial.errors import TerminalError
from perennial.lake.catalog import Lake
from perennial.local.credentials import key_pair
from perennial.local.ports import free_ports
from perennial.responses.land import land_all
from perennial.responses.log import webhook_log
from perennial.sandbox.marketer import WEEKDAYS, Calendar, Marketer

INCLUDE = Path(__file__).resolve().parents[2] / "include"
TITLES = {
    "top_spenders": "Top spenders",
    "lapsing": "Lapsing",
    "deli_not_produce": "Deli without produce",
    "left_behind": "Left something behind",
}
CALENDAR = load(INCLUDE / "sandbox" / "campaigns.yaml", Calendar)
ACTIVATION = load(INCLUDE / "activations" / "email.yaml", Activation)
TUESDAY = datetime(2017, 12, 26, tzinfo=UTC)


@dataclass(frozen=True)
class Stack:
    """The sandbox and the collector, as processes."""

    esp: Esp
    spool: Path


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("stack")
    private_key, public_key = key_pair()
    (folder / "key.pem").write_text(private_key)
    port = free_ports({"collector": None})["collector"]
    collector = {
        "PERENNIAL_STATE": str(folder),
        "PERENNIAL_SPOOL": str(folder / "spool"),
        "PERENNIAL_COLLECTOR_PORT": str(port),
        "PERENNIAL_SENDGRID_WEBHOOK_KEY": public_key,
    }
    sandbox = {
        "PERENNIAL_SANDBOX_WEBHOOK_URL": f"http://127.0.0.1:{port}/webhooks/sendgrid",
        "PERENNIAL_SANDBOX_PRIVATE_KEY": str(folder / "key.pem"),
    }
    with running_esp(folder, **sandbox) as esp:
        _fill(esp)
        # The collector starts late: what was sent before waits in the sandbox's outbox.
        Marketer(esp.url, esp.api_key).send(CALENDAR, TUESDAY, ACTIVATION, TITLES)
        with service("perennial.collector", port, collector):
            yield Stack(esp, webhook_log(folder / "spool").spool / "sendgrid")


def _fill(esp: Esp) -> None:
    field = {"name": "spend_decile_12m", "field_type": "Number"}
    field_id = esp.call("POST", "/v3/marketing/field_definitions", json=field)["id"]
    for title in TITLES.values():
        listing = esp.call("POST", "/v3/marketing/lists", json={"name": f"Perennial: {title}"})
        contacts = [
            {
                "email": f"{title.split()[0].lower()}{n}@example.com",
                "custom_fields": {field_id: str(n % 10 + 1)},
            }
            for n in range(400)
        ]
        body = {"list_ids": [listing["id"]], "contacts": contacts}
        esp.call("PUT", "/v3/marketing/contacts", json=body)
    until(lambda: esp.call("GET", "/sandbox/status")["contacts"] == 1600)


def test_each_audience_gets_one_to_three_campaigns_a_week() -> None:
    sends = Counter(c.audience for c in CALENDAR.campaigns for _ in c.weekdays)
    assert sends.keys() == TITLES.keys() == set(ACTIVATION.audiences)
    assert all(1 <= count <= 3 for count in sends.values())
    assert {day for c in CALENDAR.campaigns for day in c.weekdays} == set(WEEKDAYS)


def test_a_campaigns_events_arrive_in_the_lake_once(stack: Stack, tmp_path: Path) -> None:
    until(lambda: stack.esp.call("GET", "/sandbox/status")["pending"] == 0)
    posted = stack.esp.call("GET", "/sandbox/status")["delivered"]
    lake = Lake(str(tmp_path))
    report = land_all(stack.spool, lake)
    assert report.received == posted
    assert report.repeated > 0, "the sandbox delivers some events twice"
    assert report.apart == 0
    events = lake.email_events.scan().collect()
    assert events["event_id"].n_unique() == events.height == report.landed
    assert set(events["audience"]) == {"top_spenders"}
    assert set(events["sent_as_of"]) == {TUESDAY.date()}
    sent = events.filter(event_type="sent")
    assert sent.height == 400
    assert sent["event_time"].unique().to_list() == [TUESDAY + timedelta(hours=9)]
    assert set(events["campaign_name"]) == {"Thank you: your own prices for the week"}
    opens = events.filter(event_type="opened").filter(~pl.col("is_machine"))
    assert 0.1 < opens["send_id"].n_unique() / 400 < 0.5


def test_a_campaign_is_sent_once(stack: Stack) -> None:
    before = stack.esp.call("GET", "/sandbox/status")
    again = Marketer(stack.esp.url, stack.esp.api_key).send(CALENDAR, TUESDAY, ACTIVATION, TITLES)
    assert again == {
        "campaigns": 1,
        "recipients": 400,
        "by_campaign": {"Thank you: your own prices for the week": 400},
    }
    after = stack.esp.call("GET", "/sandbox/status")
    assert {**after, "pending": 0, "delivered": 0} == {**before, "pending": 0, "delivered": 0}
    assert after["pending"] + after["delivered"] == before["pending"] + before["delivered"]


def test_a_list_that_is_missing_says_what_to_do(stack: Stack) -> None:
    marketer = Marketer(stack.esp.url, stack.esp.api_key)
    with pytest.raises(TerminalError, match="was the list 'Perennial: Elsewhere' activated"):
        marketer.send(CALENDAR, TUESDAY, ACTIVATION, dict.fromkeys(TITLES, "Elsewhere"))


def test_the_page_says_what_it_is(stack: Stack) -> None:
    page = requests.get(stack.esp.url, timeout=5)
    assert page.status_code == 200
    assert "stand-in for SendGrid, for demos and tests" in page.text
    assert "Perennial: Top spenders" in page.text
    assert "@example.com" not in page.text


def test_the_api_needs_its_key(stack: Stack) -> None:
    for method, path in (
        ("GET", "/v3/marketing/lists"), ("PUT", "/v3/marketing/contacts"), ("GET", "/v3/suppression/bounces"),
        ("POST", "/sandbox/campaigns"), ("POST", "/sandbox/faults"), ("DELETE", "/sandbox/state"),
    ):  # fmt: skip
        assert requests.request(method, stack.esp.url + path, timeout=5, json={}).status_code == 401, path
