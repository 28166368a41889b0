"""Eloqua's activities: what each becomes, and exports that take longer than a run."""

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import psycopg
import pytest

from perennial.activation import ledger
from perennial.activation.destinations.base import JobFailedError, JobUnknownError
from perennial.lake.catalog import Lake
from perennial.responses import eloqua

from .eloqua_account import Instance, account, reader
from .polled import ANN, BOB, NOW, New, asked, told

pytestmark = pytest.mark.store


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


@pytest.fixture
def stand_in() -> Instance:
    return account()


@pytest.fixture
def new(stand_in: Instance, store_url: str) -> New:
    ledger.migrate(store_url)
    with psycopg.connect(store_url) as connection:
        connection.execute("TRUNCATE activation.export")
    return lambda kept: reader(stand_in, kept, store_url)


def test_activities_become_responses(lake: Lake, stand_in: Instance, new: New) -> None:
    stand_in.happen("EmailSend", ANN, 1)
    stand_in.happen("EmailSend", BOB, 1)
    stand_in.happen(
        "Bounceback", BOB, 5, SmtpErrorCode="550", SmtpStatusCode="5.1.1", SmtpMessage="no bob@x.com"
    )
    stand_in.happen("EmailOpen", ANN, 60)
    stand_in.happen("EmailClickthrough", ANN, 70, EmailClickedThruLink="https://shop.example.com")
    stand_in.happen("Unsubscribe", ANN, 80)
    stand_in.happen("EmailSend", ANN, 90, campaign="6")
    report = asked(new, lake)
    assert told(lake) == [
        ("ann", "clicked", 70), ("ann", "delivered", 1), ("ann", "opened", 60), ("ann", "sent", 1),
        ("ann", "unsubscribed", 80), ("bob", "bounced", 5), ("bob", "sent", 1),
    ]  # fmt: skip
    assert list(report.unclear) == ["6"]
    if stand_in.document:
        checked = {"POST createActivityExport 201", "POST createSync 201", "GET getSyncData 200"}
        assert checked <= stand_in.document.checked
    rows = lake.email_events.scan().collect()
    (bounce,) = rows.filter(event_type="bounced").rows(named=True)
    assert (bounce["bounce_class"], bounce["bounce_reason"], bounce["domain"]) == (
        "hard",
        "5.1.1",
        "example.com",
    )
    assert rows.filter(event_type="clicked")["url"].to_list() == ["https://shop.example.com"]
    assert set(rows.select("campaign_id", "campaign_name", "audience", "sent_as_of").rows()) == {
        ("5", "Thanks audience:best as_of:2017-12-25", "best", date(2017, 12, 25))
    }
    assert rows["send_id"].n_unique() == 2


@pytest.mark.parametrize("said", ["4.2.2", "5.7.1"])
def test_a_bounce_that_may_pass_is_soft(lake: Lake, stand_in: Instance, new: New, said: str) -> None:
    stand_in.happen("Bounceback", BOB, 5, SmtpStatusCode=said)
    asked(new, lake)
    rows = lake.email_events.scan().collect()
    assert rows.select("bounce_class", "bounce_reason").rows() == [("soft", said)]


def test_an_export_that_takes_long_is_left_to_a_later_run(lake: Lake, stand_in: Instance, new: New) -> None:
    stand_in.happen("EmailOpen", ANN, 60)
    stand_in.busy = True
    report = asked(new, lake)
    assert len(report.pending) == len(eloqua.TYPES)
    assert report.as_dict()["pending"] == list(report.pending)
    asked(new, lake, NOW + timedelta(hours=1))
    assert len(stand_in.asked) == len(eloqua.TYPES), "no other is begun beside it"
    stand_in.busy = False
    stand_in.happen("EmailOpen", BOB, 51_000)
    report = asked(new, lake, NOW + timedelta(hours=1))
    assert (report.pending, told(lake)) == ([], [("ann", "opened", 60), ("bob", "opened", 51_000)])


@pytest.mark.parametrize("error", [JobFailedError, JobUnknownError])
def test_an_export_that_fails_or_is_forgotten_is_asked_for_anew(
    lake: Lake, stand_in: Instance, new: New, error: type[Exception]
) -> None:
    stand_in.happen("Bounceback", ANN, 60)
    stand_in.busy = True
    asked(new, lake)
    stand_in.busy = False
    if error is JobUnknownError:
        stand_in.syncs = {name: each for name, each in stand_in.syncs.items() if name != "1000"}
    stand_in.broken = True
    with pytest.raises(error):
        asked(new, lake)
    stand_in.broken = False
    stand_in.syncs["1000"] = stand_in.syncs.get("1000", stand_in.syncs["1001"])
    asked(new, lake)
    assert told(lake) == [("ann", "bounced", 60)]


def test_large_exports_are_read_in_pages(
    lake: Lake, stand_in: Instance, new: New, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(eloqua, "PAGE", 2)
    for second in range(5):
        stand_in.happen("EmailOpen", ANN, second)
    assert asked(new, lake).landed.landed == 5
    assert lake.email_events.scan().select(pl.len()).collect().item() == 5
