"""A campaign on its way, with a real ledger and mail server; killed, it sends nobody the same twice."""

import json
import os
import signal
import smtplib
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from campaigns.documents import AS_OF, NOW, SIGNER, composer, people
from smtp_server import Mailbox, running_smtp

from perennial.activation.limiter import Limiter
from perennial.campaigns.ledger import Ledger
from perennial.campaigns.log import TOPIC, tracking_log
from perennial.campaigns.opt_outs import absorb
from perennial.campaigns.rendering import TemplateError
from perennial.campaigns.send import Sending
from perennial.campaigns.smtp import Courier, SenderRefusedError
from perennial.campaigns.streaks import EverythingDeferredError, EverythingRefusedError
from perennial.campaigns.suppressions import suppress

pytestmark = pytest.mark.store
PEOPLE = people("ann", "bob", "cyn", "dan")


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with running_smtp() as box:
        yield box


def sending(folder: Path, ledger: Ledger, box: Mailbox, hours: float = 0, **changes) -> Sending:
    courier = Courier(lambda: smtplib.SMTP("127.0.0.1", box.port, timeout=5))
    now = NOW + timedelta(hours=hours)
    made = composer(folder, **changes)
    return Sending(ledger, made, courier, Limiter([]), lambda: now)


def test_everybody_gets_it_once_however_often_it_is_run(tmp_path: Path, ledger: Ledger, box: Mailbox) -> None:
    report = sending(tmp_path, ledger, box).send(PEOPLE, AS_OF)
    assert (report.recipients, report.sent) == (4, 4)
    assert [message["subject"] for message in box.messages][:2] == ["Thank you, Ann", "Thank you, Bob"]
    assert box.connections == 1
    more = people("ann", "bob", "cyn", "dan", "eve")
    report = sending(tmp_path, ledger, box, hours=5).send(more, AS_OF)
    assert (report.earlier, report.sent) == (4, 1)
    assert Counter(map(tuple, box.recipients)) == {
        (f"{n}@example.com",): 1 for n in ("ann", "bob", "cyn", "dan", "eve")
    }


def test_nobody_is_sent_it_when_it_is_over(tmp_path: Path, ledger: Ledger, box: Mailbox) -> None:
    made = sending(tmp_path, ledger, box, until="2026-01-05 11:00")
    made.clock = lambda: NOW + timedelta(hours=2 * (len(box.messages) >= 3))
    report = made.send(PEOPLE, AS_OF)
    assert (report.sent, report.too_late, len(box.messages)) == (3, 1, 3)


def test_a_dry_run_makes_every_e_mail_and_sends_none(tmp_path: Path, ledger: Ledger, box: Mailbox) -> None:
    report = sending(tmp_path, ledger, box).send(PEOPLE, AS_OF, dry_run=True)
    assert (report.due, report.sent, box.connections, ledger.counts()) == (4, 0, 0, {})


def test_an_error_for_the_last_one_sends_nothing_to_the_first(
    tmp_path: Path, ledger: Ledger, box: Mailbox
) -> None:
    late = PEOPLE.rows.with_columns(PEOPLE.rows["field:first_name"].replace("Dan", None))
    with pytest.raises(TemplateError, match="has no value for somebody: first_name"):
        sending(tmp_path, ledger, box).send(type(PEOPLE)(late, 0, 0), AS_OF)
    assert (box.connections, ledger.counts()) == (0, {})


def test_what_is_refused_for_now_is_tried_later_and_what_is_refused_for_good_never(
    tmp_path: Path, ledger: Ledger, box: Mailbox
) -> None:
    box.refused = {"ann@example.com": 450, "bob@example.com": 550}
    report = sending(tmp_path, ledger, box).send(PEOPLE, AS_OF)
    assert (report.sent, report.deferred, report.bounced) == (2, 1, 1)
    assert sending(tmp_path, ledger, box, hours=0.2).send(PEOPLE, AS_OF).earlier == 4
    box.refused = {}
    report = sending(tmp_path, ledger, box, hours=0.3).send(PEOPLE, AS_OF)
    assert (report.earlier, report.sent) == (3, 1)
    assert box.recipients[-1] == ["ann@example.com"]
    assert ledger.counts() == {"bounced": 1, "sent": 3}


def test_who_unsubscribes_while_it_is_sent_is_not_sent_it(
    tmp_path: Path, ledger: Ledger, box: Mailbox
) -> None:
    def unsubscribed(to: list[str]) -> bool:
        digest = PEOPLE.rows.filter(email="cyn@example.com")["email_sha256"][0]
        event = {
            "event": "unsubscribe",
            "email_sha256": digest,
            "at": 1,
            "message_id": "0" * 32,
            "campaign": "x",
        }
        with closing(tracking_log(tmp_path).writer(TOPIC)) as writer:
            writer.append([json.dumps({"received_at": 1, "events": [event]}).encode()])
        absorb(tracking_log(tmp_path), ledger.connection, NOW)
        return True

    box.on_content = unsubscribed
    report = sending(tmp_path, ledger, box).send(PEOPLE, AS_OF)
    assert (report.sent, report.suppressed) == (3, 1)
    assert ["cyn@example.com"] not in box.recipients
    assert sending(tmp_path, ledger, box).send(PEOPLE, AS_OF).suppressed == 1


def test_a_server_that_refuses_the_sender_leaves_nobody_in_doubt(
    tmp_path: Path, ledger: Ledger, box: Mailbox
) -> None:
    box.sender = 553
    with pytest.raises(SenderRefusedError):
        sending(tmp_path, ledger, box).send(PEOPLE, AS_OF)
    assert ledger.counts() == {"deferred": 1}
    box.sender = 250
    assert sending(tmp_path, ledger, box).send(PEOPLE, AS_OF).sent == 4


def test_a_server_that_refuses_everybody_is_not_believed_for_long(
    tmp_path: Path, ledger: Ledger, box: Mailbox
) -> None:
    many = people(*(f"p{n:02}" for n in range(30)))
    box.refused = dict.fromkeys(many.rows["email"], 550)
    with pytest.raises(EverythingRefusedError, match="the last 20 messages were all refused"):
        sending(tmp_path, ledger, box).send(many, AS_OF)
    assert ledger.counts() == {"bounced": 20}


@pytest.mark.parametrize(
    ("answer", "line", "state", "tried"), [(451, True, "deferred", 20), (250, False, "doubtful", 3)]
)
def test_a_server_that_takes_nothing_for_now_is_left_alone(
    tmp_path: Path, ledger: Ledger, box: Mailbox, answer: int, line: bool, state: str, tried: int
) -> None:
    many = people(*(f"p{n:02}" for n in range(30)))
    box.answer, box.on_content = answer, lambda to: line
    with pytest.raises(EverythingDeferredError, match=f"the last {tried} messages were all {state}"):
        sending(tmp_path, ledger, box).send(many, AS_OF)
    assert ledger.counts() == {state: tried}


def test_no_answer_is_a_doubt_that_is_told_and_can_be_replayed(
    tmp_path: Path, ledger: Ledger, box: Mailbox
) -> None:
    box.on_content = lambda to: to != ["bob@example.com"]
    report = sending(tmp_path, ledger, box).send(PEOPLE, AS_OF)
    assert (report.sent, report.in_doubt) == (3, 1)
    box.on_content = lambda to: True
    assert sending(tmp_path, ledger, box, hours=9).send(PEOPLE, AS_OF).in_doubt == 1
    ledger.replay(NOW)
    report = sending(tmp_path, ledger, box).send(PEOPLE, AS_OF)
    assert (report.sent, report.in_doubt) == (1, 0)


def test_a_click_shows_that_what_was_in_doubt_has_arrived(
    tmp_path: Path, ledger: Ledger, box: Mailbox
) -> None:
    box.on_content = lambda to: to != ["bob@example.com"]
    sending(tmp_path, ledger, box).send(PEOPLE, AS_OF)
    (row,) = ledger.connection.execute(
        "SELECT message_id FROM campaigns.message WHERE state = 'doubtful'"
    ).fetchall()
    event = {"event": "click", "email_sha256": "x", "at": 1, "message_id": str(row[0]), "campaign": "thanks"}
    with closing(tracking_log(tmp_path).writer(TOPIC)) as writer:
        writer.append([json.dumps({"received_at": 1, "events": [event]}).encode()])
    assert absorb(tracking_log(tmp_path), ledger.connection, NOW) == 0
    assert ledger.counts() == {"sent": 4}


KILLED = """
import sys, smtplib
from pathlib import Path
from campaigns.documents import AS_OF, NOW, composer, people
from perennial.activation.limiter import Limiter
from perennial.campaigns.ledger import open_ledger
from perennial.campaigns.send import Sending
from perennial.campaigns.smtp import Courier
url, port, folder = sys.argv[1:]
with open_ledger(url, "thanks") as ledger:
    courier = Courier(lambda: smtplib.SMTP("127.0.0.1", int(port)))
    sending = Sending(ledger, composer(Path(folder)), courier, Limiter([]), lambda: NOW)
    print(sending.send(people("ann", "bob", "cyn", "dan"), AS_OF).sent)
"""


@pytest.mark.parametrize("taken", [True, False])
def test_killed_while_the_server_has_a_message_nobody_gets_it_twice(
    tmp_path: Path, campaigns_url: str, box: Mailbox, taken: bool
) -> None:
    """Whether the server took it, nobody can know: it is not sent again by itself, and it is told."""
    command = [sys.executable, "-c", KILLED, campaigns_url, str(box.port), str(tmp_path)]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE)

    def kill(to: list[str]) -> bool:
        if to == ["bob@example.com"]:
            process.send_signal(signal.SIGKILL)
            process.wait()
            return taken
        return True

    box.on_content = kill
    assert process.wait(timeout=60) == -signal.SIGKILL
    process.stdout.close()  # type: ignore[union-attr]
    again = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    assert again.stdout.strip() == "2"
    counted = Counter(to for (to,) in box.recipients)
    assert counted == {"ann@example.com": 1, "cyn@example.com": 1, "dan@example.com": 1} | (
        {"bob@example.com": 1} if taken else {}
    )


def test_suppressed_addresses_are_never_even_tried(tmp_path: Path, ledger: Ledger, box: Mailbox) -> None:
    digests = dict.fromkeys(PEOPLE.rows["email_sha256"].to_list(), NOW)
    suppress(ledger.connection, digests, "complaint")
    report = sending(tmp_path, ledger, box).send(PEOPLE, AS_OF)
    assert (report.suppressed, report.sent, box.connections) == (4, 0, 0)


def test_messages_carry_their_own_names(tmp_path: Path, ledger: Ledger, box: Mailbox) -> None:
    made = sending(tmp_path, ledger, box, return_path="b+{reference}@example.com")
    made.send(PEOPLE, AS_OF)
    rows = ledger.connection.execute(
        "SELECT message_id FROM campaigns.message ORDER BY message_id"
    ).fetchall()
    named = [
        SIGNER.dereferenced(str(message["message-id"]).strip("<>").split("@")[0]) for message in box.messages
    ]
    assert named == [str(row[0]) for row in rows]
    assert [sender.partition("+")[2].partition("@")[0] for sender in box.senders] == [
        SIGNER.reference(str(row[0])) for row in rows
    ]
