"""The courier, against a mail server on loopback: what it knows of each message is what the server knows."""

import smtplib
import socket
from collections.abc import Iterator

import pytest
from smtp_server import Mailbox, running_smtp

from perennial.campaigns.message import Envelope
from perennial.campaigns.smtp import Courier, SenderRefusedError, ServerUnavailableError


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with running_smtp() as box:
        yield box


@pytest.fixture
def courier(box: Mailbox) -> Iterator[Courier]:
    courier = Courier(lambda: smtplib.SMTP("127.0.0.1", box.port, timeout=5), per_connection=3)
    yield courier
    courier.close()


def envelope(to: str = "ann@example.com", text: str = "hello") -> Envelope:
    return Envelope("b@example.com", to, "0a" * 24, f"Subject: x\r\n\r\n{text}\r\n".encode())


def test_a_connection_is_kept_for_so_many_messages(box: Mailbox, courier: Courier) -> None:
    outcomes = [courier.deliver(envelope(f"p{n}@example.com")) for n in range(7)]
    assert {outcome.state for outcome in outcomes} == {"sent"}
    assert box.recipients == [[f"p{n}@example.com"] for n in range(7)]
    assert (courier.connections, box.connections) == (3, 3)


def test_content_arrives_as_it_is(box: Mailbox, courier: Courier) -> None:
    courier.deliver(envelope(text=".\r\n..two\r\n.end"))
    assert box.messages[0].get_content().replace("\r\n", "\n") == ".\n..two\n.end\n"


def test_a_refusal_ends_neither_the_connection_nor_the_next_message(box: Mailbox, courier: Courier) -> None:
    box.refused = {"no@example.com": 550, "later@example.com": 450}
    states = [courier.deliver(envelope(f"{to}@example.com")).state for to in ("no", "later", "ann")]
    assert states == ["bounced", "deferred", "sent"]
    assert box.connections == 1
    box.answer = 554
    assert courier.deliver(envelope()).state == "bounced"
    box.answer = 451
    assert courier.deliver(envelope()).state == "deferred"


def test_no_answer_to_the_content_is_a_doubt(box: Mailbox, courier: Courier) -> None:
    box.on_content = lambda to: to != ["gone@example.com"]
    assert courier.deliver(envelope("gone@example.com")).state == "doubtful"
    assert courier.deliver(envelope()).state == "sent"
    assert box.connections == 2


def test_a_connection_that_the_server_closed_meanwhile_is_made_anew(box: Mailbox, courier: Courier) -> None:
    assert courier.deliver(envelope()).state == "sent"
    courier._client.sock.shutdown(socket.SHUT_RDWR)  # type: ignore[union-attr]
    assert courier.deliver(envelope()).state == "sent"
    assert box.connections == 2


def test_a_refused_sender_is_nobodys_bounce(box: Mailbox, courier: Courier) -> None:
    box.sender = 550
    with pytest.raises(SenderRefusedError, match="refuses the sender with code 550"):
        courier.deliver(envelope())
    box.sender = 421
    with pytest.raises(ServerUnavailableError):
        courier.deliver(envelope())


def test_reports_are_asked_to_name_the_message_where_the_server_can(box: Mailbox, courier: Courier) -> None:
    courier.deliver(envelope())
    courier.close()
    box.extensions = ("DSN",)
    courier.deliver(envelope())
    assert box.senders == ["<b@example.com>", f"<b@example.com> ENVID={'0a' * 24} RET=HDRS"]
