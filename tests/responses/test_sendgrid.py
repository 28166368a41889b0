"""Events of SendGrid's webhook become responses, or are set apart with a reason; none is lost."""

from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any

import polars as pl
import pytest
from response_events import event

from perennial.lake.responses import EMAIL_EVENTS
from perennial.responses.sendgrid import map_events
from perennial.responses.shape import Mapped

ANN = sha256(b"ann@example.com").hexdigest()
IDENTITIES = pl.LazyFrame({"email_sha256": [ANN], "person_id": ["7"]})


def _map(*events: Any) -> Mapped:
    return map_events([(1_514_279_000_000_000, list(events))], IDENTITIES)


def test_an_open_becomes_a_response() -> None:
    mapped = _map(event("open", email=" Ann@Example.com", sg_machine_open=True))
    assert mapped.apart == []
    assert mapped.responses.schema == EMAIL_EVENTS
    assert mapped.responses.row(0, named=True) == {
        "event_id": "event-1",
        "event_type": "opened",
        "event_time": datetime(2017, 12, 26, 9, 0, 1, tzinfo=UTC),
        "event_date": date(2017, 12, 26),
        "provider": "sendgrid",
        "send_id": f"14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0/{ANN[:16]}",
        "campaign_id": "27c21bbf-a12c-440b-b8bf-c526975328ca",
        "campaign_name": "Thank you",
        "audience": "best",
        "person_id": "7",
        "email_sha256": ANN,
        "bounce_class": None,
        "is_machine": True,
        "url": None,
        "sent_as_of": date(2017, 12, 26),
        "received_at": datetime(2017, 12, 26, 9, 3, 20, tzinfo=UTC),
        "bounce_reason": None,
        "domain": "example.com",
    }


@pytest.mark.parametrize(
    ("kind", "changes", "event_type", "bounce_class"),
    [
        ("processed", {}, "sent", None),
        ("delivered", {}, "delivered", None),
        ("deferred", {}, "deferred", None),
        ("dropped", {}, "dropped", None),
        ("bounce", {"type": "bounce", "status": "5.1.1"}, "bounced", "hard"),
        ("bounce", {"type": "blocked", "status": "4.2.2"}, "bounced", "soft"),
        ("bounce", {"type": "expired"}, "bounced", "soft"),
        ("click", {"url": "https://shop.example.com/"}, "clicked", None),
        ("unsubscribe", {}, "unsubscribed", None),
        ("group_unsubscribe", {"asm_group_id": 1}, "unsubscribed", None),
        ("spamreport", {}, "complained", None),
    ],
)
def test_every_kind_has_its_type(
    kind: str, changes: dict[str, Any], event_type: str, bounce_class: str | None
) -> None:
    row = _map(event(kind, **changes)).responses.row(0, named=True)
    assert (row["event_type"], row["bounce_class"], row["url"]) == (
        event_type,
        bounce_class,
        changes.get("url"),
    )
    assert row["is_machine"] is False


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"bounce_classification": "Invalid Address", "status": "5.1.1"}, "Invalid Address"),
        ({"bounce_classification": "Unclassified", "status": "5.7.1"}, "5.7.1"),
        ({"bounce_classification": "<ann@example.com>: unknown", "status": "5.1.1"}, "5.1.1"),
        (
            {"reason": "550 5.1.1 ann@example.com: no such user", "status": "550 ann@example.com"},
            "Unclassified",
        ),
        ({}, "Unclassified"),
    ],
)
def test_the_reason_of_a_bounce_is_a_class_and_never_the_servers_words(said: Any, reason: str) -> None:
    row = _map(event("bounce", type="bounce", **said)).responses.row(0, named=True)
    assert row["bounce_reason"] == reason


@pytest.mark.parametrize(
    ("kind", "said", "is_machine"),
    [
        ("open", {"sg_machine_open": True}, True),
        ("open", {"sg_machine_open": False, "useragent": "Mozilla/5.0"}, True),
        ("open", {"sg_machine_open": False, "useragent": "Mozilla/5.0 (Windows NT 10.0)"}, False),
        ("open", {}, False),
        ("click", {"useragent": "Mozilla/5.0"}, False),
    ],
)
def test_opens_by_machines_are_known_by_their_flag_or_by_apples_proxy(
    kind: str, said: Any, is_machine: bool
) -> None:
    assert _map(event(kind, **said)).responses["is_machine"].to_list() == [is_machine]


def test_a_stranger_has_no_person() -> None:
    assert _map(event("open", email="eve@example.com")).responses["person_id"].to_list() == [None]


def test_an_unreadable_snapshot_day_is_no_day() -> None:
    rows = _map(event("open", category="audience:best"), event("open", category=["audience:best", "as_of:x"]))
    assert rows.responses["sent_as_of"].to_list() == [None, None]


@pytest.mark.parametrize(
    ("odd", "reason"),
    [
        (event("group_resubscribe"), "unknown event type 'group_resubscribe'"),
        (event("open", event=None), "unknown event type None"),
        (event("open", event=["open"]), "unknown event type"),
        (event("open", category="cat facts"), "no category audience:<name>"),
        (event("open", sg_event_id=""), "no sg_event_id"),
        (event("open", sg_message_id=None), "no sg_message_id"),
        (event("open", singlesend_id=5), "no singlesend_id"),
        (event("open", email=None), "no email"),
        (event("open", timestamp="soon"), "no timestamp"),
        (event("open", timestamp=True), "no timestamp"),
        (event("open", timestamp=10**15), "no timestamp"),
        ("text", "not an object"),
        (None, "not an object"),
    ],
)
def test_what_is_no_response_is_set_apart(odd: Any, reason: str) -> None:
    mapped = _map(odd, event("open"))
    ((kept, why),) = mapped.apart
    assert kept == odd
    assert reason in why
    assert mapped.responses.height == 1
