"""How the consents of a person went: by day, as their profiles tell it, and by what they answered."""

from datetime import UTC, datetime

import polars as pl
import pytest

from perennial.lake.responses import EMAIL_EVENTS
from perennial.stages.consents import consent_history

from .club import DAYS, profiles, workspace

NEWS = {"attribute": "newsletter", "operator": "equals", "value": "yes"}
BOUGHT = {"event": "shop", "within_last": "2 days"}


@pytest.fixture
def made(tmp_path):
    made = workspace(tmp_path, {}, {"news": NEWS, "buyers": BOUGHT})
    for day, said in zip(DAYS, ["yes", "yes", None, "yes"], strict=True):
        profiles(made, day, {"ann": 1, "bob": 2}, newsletter=[said, "yes"])
    return made


def told(made, person: str) -> list[tuple]:
    return consent_history(made, person).select("title", "given", "since", "until").rows()


def test_each_period_of_a_consent_is_told_the_newest_first(made):
    assert told(made, "ann") == [
        ("news", True, DAYS[3], None),
        ("news", False, DAYS[2], DAYS[3]),
        ("news", True, DAYS[0], DAYS[2]),
    ]
    assert told(made, "bob") == [("news", True, DAYS[0], None)]
    assert told(made, "nobody") == []


def test_who_opted_out_of_messages_is_told_too(made):
    at = datetime(2024, 3, 3, 9, tzinfo=UTC)
    row = {
        "event_id": "1", "event_type": "unsubscribed", "event_time": at, "event_date": at.date(),
        "provider": "sendgrid", "campaign_name": "Hello", "person_id": "bob",
    }  # fmt: skip
    clicked = row | {"event_id": "2", "event_type": "clicked"}
    made.lake.email_events.append(pl.DataFrame([row, clicked], schema=EMAIL_EVENTS))
    assert told(made, "bob")[0] == ("Messages of sendgrid: unsubscribed", False, at.date(), None)
    assert consent_history(made, "bob").height == 2


def test_a_consent_of_an_attribute_that_nobody_has_stops_no_page(tmp_path):
    made = workspace(tmp_path, {}, {"news": NEWS})
    profiles(made, DAYS[0], {"ann": 1})
    assert told(made, "ann") == []
