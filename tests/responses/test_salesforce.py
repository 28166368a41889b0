"""Salesforce's notifications become responses: sends say what and to whom, the rest is of a send."""

from collections.abc import Collection
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any

import polars as pl
import pytest

from perennial.responses.salesforce import UNKNOWN, Known, map_events, sends
from perennial.responses.shape import Mapped

ANN = sha256(b"ann@example.com").hexdigest()
PEOPLE = pl.LazyFrame({"email_sha256": [ANN], "person_id": ["7"]})
KEY = "winter.audience-best.as_of-2017-12-26"


def event(kind: str, key: str = "NA", **info: Any) -> dict[str, Any]:
    """As the provider documents it."""
    return {
        "eventCategoryType": kind, "timestampUTC": 1_514_278_801_530, "compositeId": "2001070.44609.4153.1",
        "composite": {"jobId": "2001070", "batchId": "4153", "listId": "44609", "subscriberId": "1251"},
        "definitionKey": key, "definitionId": "466651f2", "mid": 1447640, "eid": 1447640, "info": info,
    }  # fmt: skip


def sent(key: str = KEY, kind: str = "EmailSent", **more: Any) -> dict[str, Any]:
    info = {"to": "Ann@example.com", "subscriberKey": "1", "messageKey": "f2b21aa0", "status": "Sent"}
    return event(f"TransactionalSendEvents.{kind}", key, **info, **more)


OPEN = event("EngagementEvents.EmailOpen", ipAddress="52.5.174.125", userAgent="Mozilla/4.0", location={})
CLICK = event("EngagementEvents.EmailClick", contentLink="https://shop.example.com/?a=b", jobUrlId="74165311")
LEFT = event("EngagementEvents.EmailUnsubscribe", to="ann@example.com", unsubscribeMethod="Click")


def mapped(*events: Any, known: Known | None = None) -> Mapped:
    def earlier(ids: Collection[str]) -> Known:
        return {each: row for each, row in (known or {}).items() if each in ids}

    return map_events([(1, list(events))], PEOPLE, earlier)


def test_a_send_says_all() -> None:
    (row,) = mapped(sent()).responses.rows(named=True)
    assert row.pop("event_id").startswith("salesforce/")
    assert row.pop("received_at")
    assert row == {
        "event_type": "sent", "event_time": datetime(2017, 12, 26, 9, 0, 1, 530_000, tzinfo=UTC),
        "event_date": date(2017, 12, 26), "provider": "salesforce", "send_id": "2001070.4153.44609.1251",
        "campaign_id": KEY, "campaign_name": KEY, "audience": "best", "person_id": "7", "email_sha256": ANN,
        "bounce_class": None, "bounce_reason": None, "domain": "example.com",
        "is_machine": False, "url": None, "sent_as_of": date(2017, 12, 26),
    }  # fmt: skip


def test_the_rest_is_of_a_send_of_the_same_post_or_of_an_earlier_one() -> None:
    first = mapped(OPEN, sent(), CLICK, LEFT)
    assert first.apart == []
    rows = {row["event_type"]: row for row in first.responses.iter_rows(named=True)}
    assert rows.keys() == {"sent", "opened", "clicked", "unsubscribed"}
    assert {(row["audience"], row["person_id"], row["sent_as_of"]) for row in rows.values()} == {
        ("best", "7", date(2017, 12, 26))
    }
    assert rows["clicked"]["url"] == "https://shop.example.com/?a=b"
    known = sends(first.responses.lazy(), ["2001070.4153.44609.1251", "other"])
    later = mapped(OPEN, known=known)
    assert later.responses.drop("received_at").equals(
        first.responses.filter(pl.col("event_type") == "opened").drop("received_at")
    ), "and an event that comes again is the same"


def test_of_an_unknown_send_it_is_set_apart() -> None:
    assert mapped(OPEN).apart == [(OPEN, UNKNOWN)]


@pytest.mark.parametrize(
    ("kind", "more", "event_type", "bounce"),
    [
        ("EmailNotSent", {"reason": "unsubscribed", "statusCode": "1"}, "dropped", None),
        ("EmailBounced", {"bounceCode": "HARD", "smtpReason": "5.1.1"}, "bounced", "hard"),
        ("EmailBounced", {"bounceCode": "SOFT"}, "bounced", "soft"),
    ],
)
def test_what_did_not_arrive(kind: str, more: dict[str, str], event_type: str, bounce: str | None) -> None:
    (row,) = mapped(sent(kind=kind, **more)).responses.rows(named=True)
    assert (row["event_type"], row["bounce_class"], row["audience"]) == (event_type, bounce, "best")
    assert row["bounce_reason"] == more.get("smtpReason")


def test_the_messages_key_may_say_it_too() -> None:
    one = sent("winter")
    one["info"]["messageKey"] = "audience:lapsing as_of:2017-12-25 4711"
    (row,) = mapped(one).responses.rows(named=True)
    assert (row["campaign_id"], row["audience"], row["sent_as_of"]) == (
        "winter",
        "lapsing",
        date(2017, 12, 25),
    )


@pytest.mark.parametrize(
    ("odd", "reason"),
    [
        (sent("winter"), "neither the definition's key 'winter' nor the message's"),
        (event("TransactionalSendEvents.SmsSent"), "unknown event type 'TransactionalSendEvents.SmsSent'"),
        ({**sent(), "timestampUTC": "soon"}, "no timestampUTC"),
        ({**sent(), "composite": {}}, "no jobId"),
        ({**sent(), "info": None}, "has audience-<name>|no to"),
        (5, "not an object"),
    ],
)
def test_what_is_no_response_is_set_apart(odd: Any, reason: str) -> None:
    ((kept, why),) = mapped(odd).apart
    assert kept == odd
    assert any(each in why for each in reason.split("|"))
