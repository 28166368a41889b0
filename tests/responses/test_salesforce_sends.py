"""Marketing Cloud's tracking events: those of e-mails whose names say an audience land, in UTC."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from perennial.lake.catalog import Lake
from perennial.responses.salesforce_sends import ADDRESSLESS

from .polled import ANN, BOB, asked, told
from .salesforce_account import account, reader


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


def test_tracking_events_become_responses(lake: Lake) -> None:
    stand_in = account()
    stand_in.happen("SentEvent", ANN, 1)
    stand_in.happen("SentEvent", BOB, 1)
    stand_in.happen("SentEvent", "0033k00002abcde", 1)
    stand_in.happen("BounceEvent", BOB, 4, BounceCategory="Block bounce", SMTPCode="571")
    stand_in.happen("OpenEvent", ANN, 60)
    stand_in.happen("ClickEvent", ANN, 70, URL="https://shop.example.com/?a=1&b=2")
    stand_in.happen("UnsubEvent", ANN, 80)
    stand_in.happen("SentEvent", ANN, 2, campaign="8")
    report = asked(lambda kept: reader(stand_in, kept, ""), lake)
    assert told(lake) == [
        ("ann", "clicked", 70), ("ann", "delivered", 1), ("ann", "opened", 60), ("ann", "sent", 1),
        ("ann", "unsubscribed", 80), ("bob", "bounced", 4), ("bob", "sent", 1),
    ]  # fmt: skip
    assert report.unclear.keys() == {"7", "8"}
    assert report.unclear["7"] == ADDRESSLESS
    rows = lake.email_events.scan().collect()
    (bounce,) = rows.filter(event_type="bounced").rows(named=True)
    assert bounce["event_time"] == datetime(2017, 12, 26, 9, 0, 4, 130_000, tzinfo=UTC)
    assert (bounce["bounce_class"], bounce["bounce_reason"], bounce["domain"]) == (
        "soft",
        "571",
        "example.com",
    )
    assert rows.filter(event_type="clicked")["url"].to_list() == ["https://shop.example.com/?a=1&b=2"]
    assert set(rows.select("campaign_id", "campaign_name", "audience", "sent_as_of").rows()) == {
        ("7", "thanks audience-best", "best", date(2017, 12, 26))
    }
