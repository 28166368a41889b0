"""The mail hook, against a mail server on loopback."""

import json
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest
from smtp_server import Mailbox, running_smtp

from perennial.hooks.mail import MailHook, MailRefused, NotSent, smtp_client


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with running_smtp() as box:
        yield box


def hook(monkeypatch: pytest.MonkeyPatch, connection: dict[str, Any]) -> MailHook:
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(connection))
    return MailHook()


def message() -> EmailMessage:
    message = EmailMessage()
    message["Subject"], message["To"] = "Grüße", "ann@example.com, bob@example.org"
    message.set_content(".\nA line with a dot only, and ümläute\n")
    return message


def test_a_message_arrives_as_it_is(box: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    hook(monkeypatch, box.connection()).send(message())
    (got,) = box.messages
    assert (got["subject"], got["from"]) == ("Grüße", "perennial@example.com")
    assert box.recipients == [["ann@example.com", "bob@example.org"]]
    assert got.get_content().replace("\r\n", "\n") == ".\nA line with a dot only, and ümläute\n"


def test_what_may_pass_is_told_from_what_may_not(box: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    mail = hook(monkeypatch, box.connection())
    box.answer = 451
    with pytest.raises(NotSent, match="code 451"):
        mail.send(message())
    box.answer = 554
    with pytest.raises(MailRefused, match="code 554"):
        mail.send(message())
    assert box.messages == []


def test_some_recipients_are_refused(box: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    mail = hook(monkeypatch, box.connection())
    box.refused = {"bob@example.org": 550}
    with pytest.raises(MailRefused, match=r"1 of the recipients were refused, at example.org") as error:
        mail.send(message())
    assert "bob" not in str(error.value)
    assert box.recipients == [["ann@example.com"]]
    box.refused["ann@example.com"] = 450
    with pytest.raises(MailRefused, match="every recipient with code 550"):
        mail.send(message())


def test_a_server_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = {
        **Mailbox(port=1).connection(),
        "extra": {"disable_ssl": True, "disable_tls": True, "from_email": "a@b.c"},
    }
    with pytest.raises(NotSent, match="smtp_default"):
        hook(monkeypatch, connection).send(message())


def test_a_connection_without_a_sender(box: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MailRefused, match="from_email is missing"):
        hook(monkeypatch, box.connection(from_email="")).send(message())


def test_a_connection_for_many_messages(box: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    hook(monkeypatch, box.connection())
    client = smtp_client("smtp_default")
    assert client.noop()[0] == 250
    client.quit()
    hook(monkeypatch, {**box.connection(), "port": 1})
    with pytest.raises(NotSent, match="connection smtp_default: ConnectionRefusedError"):
        smtp_client("smtp_default")
    with pytest.raises(MailRefused, match="connection nowhere: there is none"):
        smtp_client("nowhere")
