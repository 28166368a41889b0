"""Klaviyo's events: those of campaigns of ours land, each once; only the last hour is read again."""

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from perennial.activation.kept import Kept
from perennial.lake.catalog import Lake
from perennial.responses import klaviyo
from perennial.responses.asking import ask

from .klaviyo_account import NINE, Klaviyo, account, reader

NOW = datetime(2017, 12, 27, tzinfo=UTC)
BEGUN = datetime(2017, 12, 26, 4, tzinfo=UTC)
KEPT = Kept({"L1": frozenset({"best"})}, [(datetime(2017, 12, 26, 5, tzinfo=UTC), date(2017, 12, 26))], BEGUN)
ANN, BOB = "ann@example.com", "bob@example.com"


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


@pytest.fixture
def stand_in() -> Klaviyo:
    made = account()
    made.happen("M1", ANN, 1)
    made.happen("M2", ANN, 60, machine_open=True)
    made.happen("M3", ANN, 70, URL="https://shop.example.com")
    made.happen("M4", BOB, 5, **{"Bounce Type": "Soft"})
    made.happen("M1", BOB, 50)
    made.happen("M1", ANN, 51, message="F1")
    made.happen("M1", ANN, 52, message="C2-m")
    made.happen("M5", ANN, 53)
    return made


def test_events_of_our_campaigns_become_responses(lake: Lake, stand_in: Klaviyo) -> None:
    report = ask(reader(stand_in, KEPT), "responses/k", lake, NOW)
    rows = lake.email_events.scan().collect().sort("event_time", "event_type")
    told = rows.select("event_type", pl.col("event_time").dt.second(), "bounce_class", "is_machine", "url")
    assert told.rows() == [
        ("delivered", 1, None, False, None), ("sent", 1, None, False, None),
        ("bounced", 5, "soft", False, None), ("delivered", 50, None, False, None),
        ("sent", 50, None, False, None), ("opened", 0, None, True, None),
        ("clicked", 10, None, False, "https://shop.example.com"),
    ]  # fmt: skip
    assert rows["send_id"].n_unique() == 2
    assert set(rows.select("campaign_id", "campaign_name", "audience", "sent_as_of").rows()) == {
        ("C1", "Thanks", "best", date(2017, 12, 26))
    }
    assert report.landed.landed == 7
    assert report.landed.repeated == 1, "who bounced first and got it then was sent it once"
    assert list(report.unclear) == ["C2"], "of the flow nothing is said"


def test_each_metric_is_read_on_from_where_it_was(
    lake: Lake, stand_in: Klaviyo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(klaviyo, "PAGE", 2)
    ask(reader(stand_in, KEPT), "responses/k", lake, NOW)
    assert set(stand_in.asked) == {(name, int(BEGUN.timestamp())) for name in ("M1", "M2", "M3", "M4")}
    stand_in.asked.clear()
    version = lake.email_events.version()
    assert ask(reader(stand_in, KEPT), "responses/k", lake, NOW).landed.landed == 0
    assert lake.email_events.version() == version
    assert ("M1", NINE + 52 - klaviyo.OVERLAP) in stand_in.asked
    assert ("M2", NINE + 60 - klaviyo.OVERLAP) in stand_in.asked
    stand_in.happen("M2", BOB, 59)
    stand_in.happen("M2", BOB, 90_000)
    assert ask(reader(stand_in, KEPT), "responses/k", lake, NOW).landed.landed == 2


def test_before_anything_was_sent_nothing_is_asked(lake: Lake, stand_in: Klaviyo) -> None:
    assert ask(reader(stand_in, Kept({}, [], None)), "responses/k", lake, NOW).landed.received == 0
    assert stand_in.asked == []
