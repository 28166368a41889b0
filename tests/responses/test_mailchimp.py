"""Mailchimp's webhook and its reports: what both tell lands once, and nothing is asked for twice."""

from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from perennial.activation.kept import Kept
from perennial.lake.catalog import Lake
from perennial.lake.tables import Table
from perennial.responses import mailchimp, mailchimp_reports
from perennial.responses.asking import ask
from perennial.responses.land import fresh_of

from .mailchimp_account import ANN, BOB, CY, account, reader

NOW = datetime(2017, 12, 27, tzinfo=UTC)
BEGUN = datetime(2017, 12, 26, 4, tzinfo=UTC)
KEPT = Kept({"17": frozenset({"best"})}, [(datetime(2017, 12, 26, 5, tzinfo=UTC), date(2017, 12, 26))], BEGUN)
NOBODY = pl.LazyFrame(schema={"email_sha256": pl.String(), "person_id": pl.String()})


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


def events(lake: Lake) -> list[tuple[str, str, str]]:
    """Who, what, and at which minute and second."""
    names = {sha256(each.encode()).hexdigest(): each[:3].strip("@") for each in (ANN, BOB, CY)}
    rows = lake.email_events.scan().collect().iter_rows(named=True)
    return sorted(
        (names[row["email_sha256"]], row["event_type"], row["event_time"].strftime("%M:%S")) for row in rows
    )


def test_reports_become_responses(lake: Lake) -> None:
    stand_in, asking = account(KEPT)
    stand_in.receive(ANN, BOB)
    stand_in.receive(CY, status="hard")
    stand_in.act(ANN, "open", 61)
    stand_in.act(ANN, "click", 70, url="https://shop.example.com")
    stand_in.act(CY, "bounce", 5, type="hard")
    stand_in.left.append({"email_address": BOB, "timestamp": "2017-12-26T09:02:00+00:00"})
    stand_in.complaints.append({"email_address": BOB, "date": "2017-12-26T09:02:01+00:00"})
    report = ask(asking, "responses/m", lake, NOW)
    assert (report.landed.received, report.landed.landed, report.landed.unknown_people) == (10, 10, 10)
    assert report.unclear == {
        "news": "campaign news ('News') was not sent to the list of one audience of ours, and its name has no"
        " audience:<name> in it"
    }
    assert events(lake) == [
        ("ann", "clicked", "01:10"), ("ann", "delivered", "00:00"), ("ann", "opened", "01:01"),
        ("ann", "sent", "00:00"), ("bob", "complained", "02:01"), ("bob", "delivered", "00:00"),
        ("bob", "sent", "00:00"), ("bob", "unsubscribed", "02:00"), ("cy", "bounced", "00:05"),
        ("cy", "sent", "00:00"),
    ]  # fmt: skip
    rows = lake.email_events.scan().collect()
    assert rows["send_id"].n_unique() == 3
    assert set(rows.select("campaign_id", "campaign_name", "audience", "sent_as_of", "provider").rows()) == {
        ("ours", "Thanks", "best", date(2017, 12, 26), "mailchimp")
    }
    assert rows.filter(pl.col("event_type") == "bounced")["bounce_class"].to_list() == ["hard"]


def test_what_was_read_is_not_asked_for_again(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailchimp_reports, "PAGE", 2)
    stand_in, asking = account(KEPT)
    stand_in.receive(ANN, BOB, CY)
    stand_in.act(ANN, "open", 61)
    assert ask(asking, "responses/m", lake, NOW).landed.landed == 7
    version = lake.email_events.version()
    stand_in.asked.clear()
    again = ask(reader(stand_in, KEPT), "responses/m", lake, NOW).landed
    assert (again.landed, lake.email_events.version()) == (0, version)
    assert set(stand_in.asked) == {
        "/reports",
        "/campaigns/ours",
        "/campaigns/news",
        "/reports/ours/email-activity",
    }
    stand_in.act(BOB, "open", 61)
    stand_in.act(ANN, "open", 59)
    stand_in.act(ANN, "open", 4000)
    more = ask(reader(stand_in, KEPT), "responses/m", lake, NOW).landed
    assert more.landed == 3, "also what was told late"


def test_killed_between_stretches_it_goes_on_and_doubles_nothing(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailchimp_reports, "PAGE", 2)
    stand_in, _ = account(KEPT)
    stand_in.receive(ANN, BOB, CY)
    for number, email in enumerate((ANN, BOB, CY)):
        stand_in.act(email, "open", 60 + number)
    append, appended = Table.append, []

    def killed(table: Table, *args: Any, **kwargs: Any) -> int:
        appended.append(1)
        if len(appended) in (2, 4):
            raise KeyboardInterrupt
        return append(table, *args, **kwargs)

    monkeypatch.setattr(Table, "append", killed)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            ask(reader(stand_in, KEPT), "responses/m", lake, NOW)
    ask(reader(stand_in, KEPT), "responses/m", lake, NOW)
    rows = lake.email_events.scan().collect()
    assert (rows.height, rows["event_id"].n_unique()) == (9, 9)


def test_before_anything_was_sent_nothing_is_asked(lake: Lake) -> None:
    stand_in, asking = account(Kept({}, [], None))
    stand_in.campaigns.clear()
    assert ask(asking, "responses/m", lake, NOW).landed.received == 0
    assert stand_in.asked == ["/reports"]


def form(kind: str, **data: str) -> dict[str, str]:
    fields = {
        "action": "unsub",
        "reason": "manual",
        "email": "Ann@example.com",
        "campaign_id": "ours",
        **data,
    }
    return {
        "type": kind,
        "fired_at": "2017-12-26 09:02:00",
        **{f"data[{name}]": v for name, v in fields.items()},
    }


@pytest.mark.parametrize(
    ("event", "event_type", "bounce"),
    [
        (form("unsubscribe"), "unsubscribed", None),
        (form("unsubscribe", reason="abuse"), "complained", None),
        (form("cleaned", reason="hard"), "bounced", "hard"),
        (form("cleaned", reason="abuse"), "complained", None),
    ],
)
def test_posts_become_responses(event: dict[str, str], event_type: str, bounce: str | None) -> None:
    _, sends = account(KEPT)
    mapped = mailchimp.map_events([(1, [event])], NOBODY, sends)
    (row,) = mapped.responses.rows(named=True)
    assert (row["event_type"], row["bounce_class"], row["audience"]) == (event_type, bounce, "best")
    assert row["event_time"] == datetime(2017, 12, 26, 9, 2, tzinfo=UTC)


def test_what_the_webhook_told_the_report_does_not_double(lake: Lake) -> None:
    stand_in, asking = account(KEPT)
    mapped = mailchimp.map_events([(1, [form("unsubscribe"), form("unsubscribe")])], NOBODY, asking)
    lake.email_events.append(fresh_of(mapped.responses, lake.email_events))
    stand_in.left.append({"email_address": ANN, "timestamp": "2017-12-27T00:00:01+00:00"})
    assert ask(asking, "responses/m", lake, NOW).landed.repeated == 1
    assert events(lake) == [("ann", "unsubscribed", "02:00")]


@pytest.mark.parametrize(
    ("odd", "reason"),
    [
        (form("subscribe"), "type 'subscribe' is no response"),
        (form("unsubscribe", campaign_id=""), "of no campaign"),
        (form("unsubscribe", campaign_id="news"), "campaign news ('News') was not sent to"),
        (form("unsubscribe", campaign_id="gone"), "campaign gone is no longer there"),
        (form("unsubscribe", email=""), "no data[email]"),
        ({**form("unsubscribe"), "fired_at": "soon"}, "no time: 'soon'"),
        ([], "not an object"),
    ],
)
def test_what_is_no_response_is_set_apart(odd: Any, reason: str) -> None:
    _, sends = account(KEPT)
    ((kept, why),) = mailchimp.map_events([(1, [odd])], NOBODY, sends).apart
    assert kept == odd
    assert reason in why
