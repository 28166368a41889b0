"""Braze's lists of people: each counts for the campaign that reached the person last."""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from perennial.lake.catalog import Lake
from perennial.responses import braze

from .braze_account import account, reader
from .polled import ANN, BOB, NINE, asked, told

DAY = 86_400


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


def test_people_who_bounced_or_left_count_for_the_campaign_that_they_got(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(braze, "PAGE", 2)
    stand_in = account()
    stand_in.happen("hard_bounces", "Bob@Example.com", 5)
    stand_in.happen("hard_bounces", "stranger@example.com", 6)
    for second in (-60, 80, 90):
        stand_in.happen("unsubscribes", ANN if second < 90 else "stranger@example.com", second)
    asked(lambda kept: reader(stand_in, kept, ""), lake)
    assert told(lake) == [("ann", "unsubscribed", 80), ("bob", "bounced", 5)], "nobody answers before"
    rows = lake.email_events.scan().collect()
    assert rows.filter(event_type="bounced").select("bounce_class", "domain").rows() == [
        ("hard", "example.com")
    ]
    assert set(rows.select("campaign_id", "campaign_name", "audience").rows()) == {
        ("a", "Thanks audience:best", "best")
    }


def test_what_comes_long_after_the_last_message_is_of_no_campaign(lake: Lake) -> None:
    stand_in = account()
    stand_in.happen("unsubscribes", ANN, 2 * DAY)
    stand_in.happen("unsubscribes", BOB, 4 * DAY)
    now = datetime.fromtimestamp(NINE + 5 * DAY, UTC)
    asked(lambda kept: reader(stand_in, kept, ""), lake, now)
    assert told(lake) == [("ann", "unsubscribed", 2 * DAY)]
    assert lake.email_events.scan().select(pl.len()).collect().item() == 1
