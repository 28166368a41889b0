"""Links of e-mails: what a token stands for is kept, and leads where it says; nothing else is taken."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest
from starlette.testclient import TestClient

from perennial.campaigns.log import TOPIC, tracking_log
from perennial.campaigns.tokens import Mark, Signer, Use
from perennial.collector.app import create_app
from perennial.collector.limits import Limits
from perennial.collector.tracking import PIXEL

from .place import Place

SIGNER = Signer.of("k" * 32)
MARK = Mark("0198aabb-ccdd-7eee-8fff-001122334455", "thanks", "best", date(2026, 1, 5), "ab" * 32)
URL = "https://shop.example.com/a?b=1&c=%20d#e"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def client(place: Place) -> Iterator[TestClient]:
    settings = replace(place.settings(), tracking=SIGNER)
    with TestClient(create_app(settings), follow_redirects=False) as opened:
        yield opened


def kept(place: Place) -> list[dict]:
    log = tracking_log(place.root / "spool")
    records = [r for p in log.partitions(TOPIC) for r in log.read(TOPIC, p, 0, 1 << 24)[0]]
    return [event for record in records for event in json.loads(record)["events"]]


def test_the_picture_tells_that_it_was_opened(client: TestClient, place: Place) -> None:
    response = client.get(f"/o/{SIGNER.token('open', MARK)}", headers={"user-agent": "Thunderbird"})
    assert (response.status_code, response.content) == (200, PIXEL)
    assert response.headers["content-type"] == "image/gif"
    assert "no-store" in response.headers["cache-control"]
    (event,) = kept(place)
    assert len(event.pop("event_id")) == 36
    assert event.pop("at") > 1_700_000_000_000_000
    assert event == {
        "event": "open", "message_id": MARK.message_id, "campaign": "thanks", "audience": "best",
        "as_of": "2026-01-05", "email_sha256": "ab" * 32, "machine": False,
    }  # fmt: skip


def test_a_machine_that_opens_everything_is_told_apart(client: TestClient, place: Place) -> None:
    client.get(f"/o/{SIGNER.token('open', MARK)}", headers={"user-agent": "Mozilla/5.0"})
    assert kept(place)[0]["machine"] is True


def test_a_click_leads_on_and_each_counts(client: TestClient, place: Place) -> None:
    for _ in range(2):
        response = client.get(f"/c/{SIGNER.token('click', MARK, URL)}")
        assert (response.status_code, response.headers["location"]) == (302, URL)
    events = kept(place)
    assert [(event["event"], event["url"]) for event in events] == [("click", URL)] * 2
    assert events[0]["event_id"] != events[1]["event_id"]


def test_to_look_at_a_link_without_following_it_counts_nothing(client: TestClient, place: Place) -> None:
    assert client.head(f"/c/{SIGNER.token('click', MARK, URL)}").status_code == 302
    assert client.head(f"/o/{SIGNER.token('open', MARK)}").status_code == 200
    assert kept(place) == []


def test_to_open_the_page_is_no_decision_and_its_button_is(client: TestClient, place: Place) -> None:
    address = f"/u/{SIGNER.token('unsubscribe', MARK)}"
    page = client.get(address)
    assert page.status_code == 200
    assert '<form method="post"><button type="submit">Unsubscribe</button></form>' in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert page.headers["referrer-policy"] == "no-referrer"
    assert kept(place) == []
    done = client.post(address)
    assert done.status_code == 200
    assert "You are unsubscribed" in done.text
    assert "<form" not in done.text
    assert [event["event"] for event in kept(place)] == ["unsubscribe"]


def test_one_click_may_come_again(client: TestClient, place: Place) -> None:
    for _ in range(2):
        assert client.post(f"/u/{SIGNER.token('unsubscribe', MARK)}", data=ONE_CLICK).status_code == 200
    first, second = kept(place)
    assert first["event_id"] == second["event_id"], "it lands once"


@pytest.mark.parametrize("kind", ["o", "c", "u"])
def test_nobody_elses_tokens(client: TestClient, place: Place, kind: str) -> None:
    uses: dict[str, Use] = {"o": "click", "c": "unsubscribe", "u": "open"}
    use = uses[kind]
    tokens = [
        SIGNER.token(use, MARK, URL),
        Signer.of("x" * 32).token("click", MARK, URL),
        "x",
        "%2e%2e",
        "x" * 5000,
    ]
    for token in tokens:
        assert client.get(f"/{kind}/{token}").status_code == 404
        if kind == "u":
            assert client.post(f"/{kind}/{token}", data=ONE_CLICK).status_code == 404
    assert kept(place) == []


def test_no_redirect_goes_where_the_token_does_not_say(client: TestClient) -> None:
    token = SIGNER.token("click", MARK, URL)
    response = client.get(f"/c/{token}?url=https://evil.example&next=//evil.example")
    assert response.headers["location"] == URL


def test_statistics_wait_for_the_disk_and_people_do_not(place: Place) -> None:
    settings = replace(place.settings(Limits(free_bytes=1 << 60)), tracking=SIGNER)
    with TestClient(create_app(settings), follow_redirects=False) as client:
        assert client.get(f"/c/{SIGNER.token('click', MARK, URL)}").status_code == 302
        assert client.get(f"/o/{SIGNER.token('open', MARK)}").status_code == 200
        assert client.post(f"/u/{SIGNER.token('unsubscribe', MARK)}").status_code == 503
        assert 'refused_total{reason="lost_busy"} 2' in client.get("/metrics").text
    assert kept(place) == []


def test_a_large_form_is_not_read(client: TestClient, place: Place) -> None:
    assert client.post(f"/u/{SIGNER.token('unsubscribe', MARK)}", content=b"x" * 5000).status_code == 413
    assert kept(place) == []


def test_without_a_key_links_lead_nowhere(place: Place) -> None:
    with TestClient(create_app(place.settings())) as client:
        response = client.get(f"/o/{SIGNER.token('open', MARK)}")
        assert (response.status_code, response.json()["error"]) == (503, "no_key")


def test_several_collectors_take_them_at_once(place: Place) -> None:
    settings = replace(place.settings(), tracking=SIGNER)
    with TestClient(create_app(settings)) as one, TestClient(create_app(settings)) as two:
        for client in (one, two, one):
            assert client.post(f"/u/{SIGNER.token('unsubscribe', MARK)}", data=ONE_CLICK).status_code == 200
    assert tracking_log(place.root / "spool").partitions(TOPIC) == [0, 1]
    assert len(kept(place)) == 3
