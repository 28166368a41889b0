"""The ledger: nobody twice, nobody who is suppressed, and what is in doubt stays in doubt."""

from datetime import date, timedelta
from hashlib import sha256

import psycopg
import pytest
from campaigns.documents import AS_OF, NOW

from perennial.activation import ledger as activation
from perennial.campaigns.events import landed, waiting
from perennial.campaigns.ledger import CampaignBusyError, Ledger, migrate, open_ledger
from perennial.campaigns.outcomes import Outcome
from perennial.campaigns.suppressions import suppress, suppressed
from perennial.ids import uuid7s

pytestmark = pytest.mark.store
SENT, LATER = Outcome.sent("ok"), Outcome.refused(450, "later")


def intend(ledger: Ledger, person: str = "1", now=NOW, as_of: date = AS_OF, address: str = ""):
    address = address or f"{person}@example.com"
    (name,) = uuid7s(1, 0)
    return ledger.intend(name, person, sha256(address.encode()).hexdigest(), "best", as_of, now)


def test_nobody_is_sent_it_twice(ledger: Ledger) -> None:
    first = intend(ledger)
    assert first
    assert intend(ledger) is None, "it is under way"
    ledger.conclude(first.message_id, SENT, NOW)
    assert intend(ledger, now=NOW + timedelta(days=9)) is None
    assert intend(ledger, "2", address="1@example.com") is None, "nor is their address, as somebody else's"
    assert ledger.counts() == {"sent": 1}
    assert ledger.done(NOW)["person_id"].to_list() == ["1"]


def test_another_campaign_is_another_matter(ledger: Ledger, campaigns_url: str) -> None:
    assert intend(ledger)
    with open_ledger(campaigns_url, "other") as other:
        assert intend(other)


def test_one_run_at_a_time_sends_a_campaign(ledger: Ledger, campaigns_url: str) -> None:
    with (
        pytest.raises(CampaignBusyError, match="another run sends the campaign thanks"),
        open_ledger(campaigns_url, "thanks"),
    ):
        pass


def test_what_is_deferred_is_due_again_later_and_later_and_keeps_its_name(ledger: Ledger) -> None:
    now, names = NOW, set()
    waits: list[float] = []
    for _ in range(7):
        message = intend(ledger, now=now, as_of=AS_OF + timedelta(days=len(waits)))
        assert message
        assert message.as_of == AS_OF
        names.add(message.message_id)
        ledger.conclude(message.message_id, LATER, now)
        begun = now
        while intend(ledger, now=now) is None:
            now += timedelta(minutes=15)
        waits.append((now - begun) / timedelta(hours=1))
        ledger.release(message.message_id, now)
    assert waits == [0.25, 0.5, 1, 2, 4, 4, 4]
    assert len(names) == 1


def test_a_message_that_a_run_left_in_the_middle_is_in_doubt_until_somebody_replays_it(
    ledger: Ledger,
) -> None:
    message = intend(ledger)
    assert message
    assert ledger.recover(NOW) == 1
    assert ledger.recover(NOW) == 0
    assert ledger.counts() == {"doubtful": 1}
    assert intend(ledger, now=NOW + timedelta(days=9)) is None
    assert ledger.replay(NOW) == 1
    again = intend(ledger)
    assert again
    assert again.message_id == message.message_id


@pytest.mark.parametrize("kind", ["unsubscribe", "bounce", "complaint"])
def test_who_is_suppressed_gets_nothing_deferred_messages_included(ledger: Ledger, kind) -> None:
    message = intend(ledger)
    assert message
    ledger.conclude(message.message_id, LATER, NOW)
    suppress(ledger.connection, {sha256(b"1@example.com").hexdigest(): NOW}, kind)
    assert intend(ledger, now=NOW + timedelta(days=1)) is None


def test_a_hard_bounce_suppresses_the_address_and_a_blocked_message_does_not(ledger: Ledger) -> None:
    for person, said in (("1", "5.1.1 no such user"), ("2", "5.7.1 spam")):
        message = intend(ledger, person)
        assert message
        ledger.conclude(message.message_id, Outcome.refused(550, said), NOW)
    assert suppressed(ledger.connection).to_list() == [sha256(b"1@example.com").hexdigest()]


def test_who_opted_out_at_a_provider_is_suppressed_too(ledger: Ledger, campaigns_url: str) -> None:
    activation.migrate(campaigns_url)
    ledger.connection.execute(
        "INSERT INTO activation.suppression (destination, key, kind)"
        " VALUES ('esp', ' Eve@Example.com', 'unsubscribe')"
    )
    try:
        assert suppressed(ledger.connection).to_list() == [sha256(b"eve@example.com").hexdigest()]
    finally:
        ledger.connection.execute("DELETE FROM activation.suppression")


def test_each_outcome_tells_its_events_once(ledger: Ledger) -> None:
    message = intend(ledger)
    assert message
    ledger.conclude(message.message_id, LATER, NOW)
    assert intend(ledger, now=NOW + timedelta(hours=1))
    ledger.conclude(message.message_id, SENT, NOW + timedelta(hours=1))
    events = waiting(ledger.connection)
    assert [event["event"] for event in events] == ["deferred", "delivered", "processed"]
    assert {event["as_of"] for event in events} == {"2026-01-05"}
    landed(ledger.connection, [events[0]["event_id"]])
    assert [event["event"] for event in waiting(ledger.connection)] == ["delivered", "processed"]


def test_when_it_is_over_what_still_waits_is_given_up(ledger: Ledger) -> None:
    tried, never = intend(ledger, "1"), intend(ledger, "2")
    assert tried
    assert never
    ledger.conclude(tried.message_id, LATER, NOW)
    ledger.release(never.message_id, NOW)
    assert ledger.expire(NOW) == 2
    assert ledger.expire(NOW) == 0
    events = waiting(ledger.connection)
    assert [(e["event"], e["bounce_class"]) for e in events] == [
        ("deferred", None), ("bounce", "soft"), ("processed", None),
    ]  # fmt: skip
    assert {event["message_id"] for event in events} == {tried.message_id}


def test_a_person_who_was_erased_while_they_were_sent_to_leaves_nothing(ledger: Ledger) -> None:
    message = intend(ledger)
    assert message
    ledger.connection.execute("DELETE FROM campaigns.message")
    ledger.conclude(message.message_id, Outcome.refused(550, "5.1.1 gone"), NOW)
    assert waiting(ledger.connection) == []
    assert suppressed(ledger.connection).is_empty()


def test_the_schema_can_be_made_again(campaigns_url: str) -> None:
    migrate(campaigns_url)
    with psycopg.connect(campaigns_url) as connection:
        assert connection.execute("SELECT count(*) FROM campaigns.message").fetchone() == (0,)
