"""Iterable's exports: each line of a campaign of ours is a response."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from perennial.lake.catalog import Lake

from .iterable_account import account, reader
from .polled import ANN, BOB, NOW, asked, told


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


def test_lines_become_responses(lake: Lake) -> None:
    stand_in = account()
    stand_in.happen("emailSend", ANN, 1)
    stand_in.happen("emailSend", BOB, 1)
    stand_in.happen("emailBounce", BOB, 4, recipientState="HardBounce")
    stand_in.happen("emailOpen", ANN, 60, userAgent="Mozilla/5.0")
    stand_in.happen("emailOpen", ANN, 61, userAgent="Mozilla/5.0 (iPhone)")
    stand_in.happen("emailClick", ANN, 70, url="https://shop.example.com")
    stand_in.happen("emailUnSubscribe", ANN, 80)
    stand_in.happen("emailComplaint", BOB, 90)
    stand_in.happen("emailSend", ANN, 2, campaign=8)
    stand_in.happen("emailSend", ANN, 3, campaign=9)
    stand_in.events.append({**stand_in.events[0], "campaignId": None})
    report = asked(lambda kept: reader(stand_in, kept, ""), lake)
    assert told(lake) == [
        ("ann", "clicked", 70), ("ann", "delivered", 1), ("ann", "opened", 60), ("ann", "opened", 61),
        ("ann", "sent", 1), ("ann", "unsubscribed", 80), ("bob", "bounced", 4), ("bob", "complained", 90),
        ("bob", "sent", 1),
    ]  # fmt: skip
    assert report.unclear.keys() == {"8", "9"}
    rows = lake.email_events.scan().collect()
    assert rows.filter(event_type="bounced").select("bounce_class", "domain").rows() == [
        ("hard", "example.com")
    ]
    opens = rows.filter(event_type="opened").sort("event_time")
    assert opens["is_machine"].to_list() == [True, False]
    assert set(rows.select("campaign_id", "campaign_name", "audience", "sent_as_of").rows()) == {
        ("7", "Thanks", "best", date(2017, 12, 26))
    }


def test_sends_wait_an_hour_for_their_bounces(lake: Lake) -> None:
    stand_in = account()
    stand_in.happen("emailSend", ANN, 53_000)
    stand_in.happen("emailSend", BOB, 53_000)
    asked(lambda kept: reader(stand_in, kept, ""), lake)
    assert told(lake) == []
    stand_in.happen("emailBounce", BOB, 54_500, recipientState="SoftBounce")
    asked(lambda kept: reader(stand_in, kept, ""), lake, NOW + timedelta(hours=1))
    assert told(lake) == [
        ("ann", "delivered", 53_000), ("ann", "sent", 53_000), ("bob", "bounced", 54_500),
        ("bob", "sent", 53_000),
    ]  # fmt: skip
