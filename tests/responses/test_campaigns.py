"""Events of our own campaigns: from the collector's log and from the ledger, each once, in the one shape."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl
import psycopg
import pytest
from campaigns.documents import AS_OF, MARK, NOW

from perennial.campaigns import events
from perennial.campaigns.ledger import migrate, open_ledger
from perennial.campaigns.log import TOPIC, tracking_log
from perennial.campaigns.outcomes import Outcome
from perennial.lake.catalog import Lake
from perennial.responses.campaigns import land_ledger, land_log, map_events
from perennial.responses.land import LandReport

TITLES = {"thanks": "Thank you"}
AT = 1_767_607_200_000_000


def event(kind: str, number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "event_id": f"e{number}", "event": kind, "at": AT + number, "message_id": MARK.message_id,
        "campaign": "thanks", "audience": "best", "as_of": "2026-01-05", "email_sha256": "ab" * 32, **changes,
    }  # fmt: skip


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


def test_an_event_in_the_one_shape() -> None:
    people = pl.LazyFrame({"email_sha256": ["ab" * 32], "person_id": ["7"]})
    mapped = map_events([(AT, [event("click", url="https://shop.example.com")])], people, TITLES)
    (row,) = mapped.responses.rows(named=True)
    assert row.pop("event_time").isoformat() == "2026-01-05T10:00:00.000001+00:00"
    assert row.pop("received_at").isoformat() == "2026-01-05T10:00:00+00:00"
    assert row == {
        "event_id": "e1", "event_type": "clicked", "event_date": AS_OF, "provider": "smtp",
        "send_id": MARK.message_id, "campaign_id": "thanks", "campaign_name": "Thank you", "audience": "best",
        "person_id": "7", "email_sha256": "ab" * 32, "bounce_class": None, "is_machine": False,
        "url": "https://shop.example.com", "bounce_reason": None, "domain": None, "sent_as_of": AS_OF,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("text", "not an object"), (event("shrug"), "unknown event type 'shrug'"),
        (event("click"), "no url"),
        (event("open", at="now"), "no time"), (event("open", at=True), "no time"),
        (event("open", message_id=""), "no message_id"),
        (event("open", email_sha256=None), "no email_sha256"),
    ],
)  # fmt: skip
def test_what_is_none_is_set_apart(broken: Any, said: str) -> None:
    people = pl.LazyFrame(schema={"email_sha256": pl.String, "person_id": pl.String})
    mapped = map_events([(AT, [broken])], people, TITLES)
    assert mapped.responses.is_empty()
    assert said in mapped.apart[0][1]


def test_a_campaign_whose_document_is_gone_keeps_its_name(lake: Lake, tmp_path: Path) -> None:
    with closing(tracking_log(tmp_path).writer(TOPIC)) as writer:
        writer.append([json.dumps({"received_at": AT, "events": [event("open")]}).encode()])
    land_log(tmp_path, lake, {})
    assert lake.email_events.scan().collect()["campaign_name"].to_list() == ["thanks"]


def test_every_partition_of_the_log_lands_once(lake: Lake, tmp_path: Path) -> None:
    def record(*events: Any) -> bytes:
        return json.dumps({"received_at": AT, "events": events}).encode()

    log = tracking_log(tmp_path)
    with closing(log.writer(TOPIC)) as one, closing(log.writer(TOPIC)) as two:
        one.append([record(event("open", 1)), record("odd")])
        two.append([record(event("open", 2)), record(event("unsubscribe", 3))])
        expected = LandReport(received=4, landed=3, apart=1, unknown_people=3)
        assert land_log(tmp_path, lake, TITLES) == expected
        assert land_log(tmp_path, lake, TITLES) == LandReport()
        two.append([record(event("unsubscribe", 3)), record("odd")])
        again = LandReport(received=2, repeated=1, apart=1)
        assert land_log(tmp_path, lake, TITLES) == again
    apart = lake.quarantine("email_events").scan().collect()
    assert apart["id"].n_unique() == 2
    assert apart["raw"].to_list() == ['"odd"', '"odd"']


@pytest.mark.store
def test_the_ledgers_events_land_once_although_a_landing_was_killed(
    lake: Lake, tmp_path: Path, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(store_url)
    with open_ledger(store_url, "thanks") as ledger:
        assert ledger.intend(MARK.message_id, "ann", "ab" * 32, "best", AS_OF, NOW, "example.com")
        ledger.conclude(MARK.message_id, Outcome.refused(550, "5.1.1 no such user"), NOW)

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(events, "landed", killed)
        with pytest.raises(KeyboardInterrupt):
            land_ledger(store_url, lake, TITLES, AT)
    assert land_ledger(store_url, lake, TITLES, AT) == LandReport(received=2, repeated=2)
    assert land_ledger(store_url, lake, TITLES, AT) == LandReport()
    rows = lake.email_events.scan().collect().sort("event_type")
    assert rows.select("event_type", "bounce_class", "bounce_reason", "domain").rows() == [
        ("bounced", "hard", "5.1.1", "example.com"), ("sent", None, None, "example.com"),
    ]  # fmt: skip
    with closing(tracking_log(tmp_path).writer(TOPIC)) as writer:
        other = event("open", 2, message_id="00000000-0000-7000-8000-000000000009")
        writer.append([json.dumps({"received_at": AT, "events": [event("open"), other]}).encode()])
    land_log(tmp_path, lake, TITLES, store_url)
    opened = lake.email_events.scan().filter(pl.col("event_type") == "opened").collect().sort("event_id")
    assert opened["domain"].to_list() == ["example.com", None], "only the ledger knows it"
    with psycopg.connect(store_url) as connection:
        assert connection.execute("SELECT bool_and(landed) FROM campaigns.event").fetchone() == (True,)
