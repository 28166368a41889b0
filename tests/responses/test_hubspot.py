"""HubSpot's events: those of our audience's e-mails land, with what HubSpot says of them."""

from datetime import date
from pathlib import Path

import pytest

from perennial.lake.catalog import Lake
from perennial.responses import hubspot

from .hubspot_account import Account, account, reader
from .polled import ANN, BOB, asked, told


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


@pytest.fixture
def stand_in() -> Account:
    return account()


def run(stand_in: Account, lake: Lake) -> dict[str, str]:
    return dict(asked(lambda kept: reader(stand_in, kept, ""), lake).unclear)


def test_events_become_responses(lake: Lake, stand_in: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hubspot, "PAGE", 3)
    stand_in.happen("SENT", ANN, 1)
    stand_in.happen("DELIVERED", ANN, 2)
    stand_in.happen("OPEN", ANN, 60, filteredEvent=True)
    stand_in.happen("OPEN", ANN, 61, obsoletedBy={"id": "h4", "created": 1})
    stand_in.happen("OPEN", ANN, 62)
    stand_in.happen("CLICK", ANN, 70, url="https://shop.example.com")
    stand_in.happen("STATUSCHANGE", ANN, 80, subscriptions=[{"id": 7, "status": "UNSUBSCRIBED"}])
    stand_in.happen("STATUSCHANGE", ANN, 81, portalSubscriptionStatus="SUBSCRIBED")
    stand_in.happen("SPAMREPORT", ANN, 90)
    stand_in.happen("SENT", BOB, 1)
    stand_in.happen(
        "BOUNCE", BOB, 3, category="UNKNOWN_USER", status="5.1.1", response="no such bob@example.com"
    )
    stand_in.happen("STATUSCHANGE", BOB, 4, portalSubscriptionStatus="UNSUBSCRIBED", bounced=True)
    stand_in.happen("SENT", ANN, 5, campaign=8)
    stand_in.happen("SENT", ANN, 6, campaign=9)
    stand_in.happen("PROCESSED", ANN, 0)
    unclear = run(stand_in, lake)
    assert told(lake) == [
        ("ann", "clicked", 70), ("ann", "complained", 90), ("ann", "delivered", 2), ("ann", "opened", 60),
        ("ann", "opened", 62), ("ann", "sent", 1), ("ann", "unsubscribed", 80), ("bob", "bounced", 3),
        ("bob", "sent", 1),
    ]  # fmt: skip
    assert unclear.keys() == {"8", "9"}
    assert unclear["9"] == "campaign 9 is no longer there"
    rows = lake.email_events.scan().collect()
    (bounce,) = rows.filter(event_type="bounced").rows(named=True)
    assert (bounce["bounce_class"], bounce["bounce_reason"], bounce["domain"]) == (
        "hard", "UNKNOWN_USER", "example.com",
    )  # fmt: skip
    opens = rows.filter(event_type="opened").sort("event_time")
    assert opens["is_machine"].to_list() == [True, False]
    assert rows["send_id"].n_unique() == 2
    assert set(rows.select("campaign_id", "campaign_name", "audience", "sent_as_of").rows()) == {
        ("7", "Thanks", "best", date(2017, 12, 26))
    }


def test_a_bounce_without_a_category_has_the_servers_code(lake: Lake, stand_in: Account) -> None:
    stand_in.happen("BOUNCE", BOB, 3, response="452 4.2.2 mailbox of bob@example.com is full")
    run(stand_in, lake)
    (row,) = lake.email_events.scan().collect().rows(named=True)
    assert (row["bounce_class"], row["bounce_reason"]) == ("soft", "4.2.2")
