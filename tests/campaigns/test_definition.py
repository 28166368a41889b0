"""What a campaign document may say, and what is told of one that says something else."""

import re
from datetime import UTC, datetime

import pytest
from campaigns.documents import DOCUMENT, campaign
from pydantic import ValidationError

from perennial.campaigns.definition import Campaign
from perennial.settings import REPOSITORY


def test_times_are_those_of_the_documents_zone() -> None:
    here = campaign(start="2026-07-05 09:00", until="2026-07-06 21:30", timezone="Europe/Berlin")
    assert here.begins == datetime(2026, 7, 5, 7, tzinfo=UTC)
    assert here.ends == datetime(2026, 7, 6, 19, 30, tzinfo=UTC)
    assert campaign(start="2026-07-05T09:00:00+05:00").begins == datetime(2026, 7, 5, 4, tzinfo=UTC)


def test_it_is_due_from_its_start_until_its_end_and_only_when_it_is_active() -> None:
    start, end = datetime(2026, 1, 5, 9, tzinfo=UTC), datetime(2026, 1, 6, 9, tzinfo=UTC)
    assert [campaign().is_due(at) for at in (start, end.replace(minute=0, hour=8), end)] == [
        True,
        True,
        False,
    ]
    assert not campaign().is_due(start.replace(hour=8, minute=59))
    assert not campaign(state="draft").is_due(start)


def test_a_document_sends_nothing_unless_it_says_so() -> None:
    assert Campaign.model_validate({k: v for k, v in DOCUMENT.items() if k != "state"}).state == "draft"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"start": "2026-01-05"}, "a day and a time"),
        ({"start": "soon"}, "a day and a time"),
        ({"until": "2026-01-05 09:00"}, "after start"),
        ({"from": "shop"}, "an address such as"),
        ({"from": "shop@example.com\r\nBcc: all@example.com"}, "an address such as"),
        ({"return_path": "bounces+{id}@example.com"}, "the only placeholder is {reference}"),
        ({"fields": {"unsubscribe_url": "email"}}, "every template has this already"),
        ({"template": "../secrets"}, "template"),
        ({"audiences": []}, "audiences"),
        ({"pace": {"per_second": 0}}, "per_second"),
        ({"schedule": "daily"}, "schedule"),
        ({"timezone": "Berlin"}, "unknown time zone"),
    ],
)
def test_what_cannot_be_meant_is_refused(changes: dict, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        campaign(**changes)


def test_bounces_come_to_the_sender_or_to_an_address_that_names_the_message() -> None:
    assert campaign().envelope_sender("0a") == "shop@example.com"
    assert campaign(return_path="b+{reference}@example.com").envelope_sender("0a") == "b+0a@example.com"


def test_the_manual_has_every_key() -> None:
    manual = (REPOSITORY / "docs" / "campaigns.md").read_text()
    told = re.findall(r"(?m)^\| `(\w+)` \|.*\|.*\|$", manual.partition("## Templates")[0])
    assert told == [field.alias or name for name, field in Campaign.model_fields.items() if name != "name"]
