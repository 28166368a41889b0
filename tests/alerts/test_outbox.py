"""Notices are kept once, sent until they are taken, and given up after a day."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from perennial.alerts.notice import Channel, Notice
from perennial.alerts.outbox import Outbox, migrate

pytestmark = pytest.mark.store
NOW = datetime(2026, 1, 2, 3, tzinfo=UTC)
SLACK, MAIL = Channel("slack", "ops"), Channel("email", "smtp_default", "ann@example.com")


def notice(key: str) -> Notice:
    return Notice(key, "failure", "audiences", "run 1", f"{key} failed.", "why", "http://host/x", 3)


@pytest.fixture
def outbox(store_url):
    migrate(store_url)
    with psycopg.connect(store_url, autocommit=True) as connection:
        connection.execute("TRUNCATE alerts.notice CASCADE")
        yield Outbox(connection)


class Line:
    """A channel that is down as often as it is told to be."""

    def __init__(self, down: int = 0) -> None:
        self.down = down
        self.heard: list[tuple[Channel, Notice]] = []

    def __call__(self, channel: Channel, said: Notice) -> None:
        if channel == SLACK and self.down:
            self.down -= 1
            raise ConnectionError("nobody there")
        self.heard.append((channel, said))


def test_a_notice_is_kept_and_sent_once(outbox):
    line = Line()
    assert outbox.put(notice("a"), [SLACK, MAIL], NOW)
    assert not outbox.put(notice("a"), [SLACK], NOW)
    assert outbox.deliver(line, NOW) == {"delivered": 2, "waiting": 0, "given_up": 0}
    assert sorted(line.heard, key=str) == sorted([(SLACK, notice("a")), (MAIL, notice("a"))], key=str)
    assert outbox.deliver(line, NOW + timedelta(days=2))["delivered"] == 0


def test_what_is_not_taken_is_tried_at_growing_intervals_and_keeps_nothing_else_waiting(outbox):
    line = Line(down=2)
    outbox.put(notice("a"), [SLACK, MAIL], NOW)
    assert outbox.deliver(line, NOW) == {"delivered": 1, "waiting": 1, "given_up": 0}
    assert outbox.deliver(line, NOW + timedelta(minutes=4))["waiting"] == 0, "too early"
    assert outbox.deliver(line, NOW + timedelta(minutes=5))["waiting"] == 1
    assert outbox.deliver(line, NOW + timedelta(minutes=14))["delivered"] == 0, "the wait has doubled"
    (kept,) = outbox.newest(9)
    assert (kept.delivered, kept.waiting) == (
        ["e-mail to ann@example.com"],
        ["slack ops (ConnectionError: nobody there)"],
    )
    assert outbox.deliver(line, NOW + timedelta(minutes=15))["delivered"] == 1


def test_after_a_day_it_is_given_up_and_said_so(outbox):
    outbox.put(notice("a"), [SLACK], NOW)
    line = Line(down=99)
    assert outbox.deliver(line, NOW + timedelta(hours=25)) == {"delivered": 0, "waiting": 0, "given_up": 1}
    assert outbox.deliver(line, NOW + timedelta(hours=99)) == {"delivered": 0, "waiting": 0, "given_up": 0}
    assert outbox.newest(9)[0].undelivered == ["slack ops (ConnectionError: nobody there)"]


def test_two_who_deliver_at_once_send_nothing_twice(outbox, store_url):
    outbox.put(notice("a"), [SLACK, MAIL], NOW)
    line, others = Line(), []
    with psycopg.connect(store_url, autocommit=True) as connection:

        def while_another_tries(channel, said):
            others.append(Outbox(connection).deliver(line, NOW))
            line(channel, said)

        outbox.deliver(while_another_tries, NOW)
    assert len(line.heard) == 2
    assert all(sum(each.values()) == 0 for each in others)


def test_unseen_ones_come_first_until_somebody_has_seen_them(outbox):
    for n, key in enumerate("abc"):
        outbox.put(notice(key), [], NOW + timedelta(minutes=n))
    newest = outbox.newest(9)
    assert [each.notice.key for each in newest] == ["c", "b", "a"]
    assert outbox.see("ann", NOW, newest[0].notice_id) == 1
    assert [(e.notice.key, e.seen_by) for e in outbox.newest(9)] == [("b", None), ("a", None), ("c", "ann")]
    assert outbox.unseen() == 2
    assert outbox.see("bob", NOW) == 2
    assert outbox.unseen() == 0
    assert outbox.see("bob", NOW) == 0
    assert outbox.forget(NOW + timedelta(days=90, seconds=90)) == 2


def test_good_news_does_not_hide_trouble(outbox):
    outbox.put(notice("a"), [], NOW)
    outbox.put(replace(notice("b"), event="success"), [], NOW + timedelta(minutes=1))
    assert [each.notice.key for each in outbox.newest(1)] == ["a"]


def test_a_store_without_alerts_has_none(store_url):
    with psycopg.connect(store_url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA alerts CASCADE")
        assert Outbox(connection).newest(9) == []
