"""A Maildir of reports: each is taken once, and a report that nobody of ours caused changes nothing."""

import mailbox
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from campaigns.documents import AS_OF, NOW, SIGNER
from campaigns.test_notifications import report

from perennial.campaigns.events import waiting
from perennial.campaigns.ledger import Ledger
from perennial.campaigns.mailbox import MailboxMissingError, MailboxReport, take
from perennial.campaigns.outcomes import Outcome
from perennial.campaigns.suppressions import suppressed
from perennial.ids import uuid7s

pytestmark = pytest.mark.store
LATER = NOW + timedelta(hours=1)
ANN = sha256(b"ann@example.com").hexdigest()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    mailbox.Maildir(tmp_path / "bounces", create=True).close()
    return tmp_path / "bounces"


@pytest.fixture
def reference(ledger: Ledger) -> str:
    """A message to Ann that was sent."""
    (name,) = uuid7s(1, 0)
    message = ledger.intend(name, "ann", ANN, "best", AS_OF, NOW)
    assert message
    ledger.conclude(message.message_id, Outcome.sent("ok"), NOW)
    return SIGNER.reference(message.message_id)


def delivered(folder: Path, content: bytes) -> None:
    """As a mail server delivers it."""
    box = mailbox.Maildir(folder)
    box.add(content)
    box.close()


def events(ledger: Ledger) -> list[tuple[str, str | None]]:
    return [
        (event["event"], event["bounce_class"])
        for event in waiting(ledger.connection)
        if event["at"] > int(NOW.timestamp() * 1e6)
    ]


def test_a_hard_bounce_ends_it_for_the_address(folder, reference, ledger, campaigns_url) -> None:
    delivered(folder, report("postfix", envelope=reference, message=reference))
    assert take(folder, campaigns_url, SIGNER, LATER) == MailboxReport(read=1, bounced=1)
    assert events(ledger) == [("bounce", "hard")]
    (said,) = [each["bounce_reason"] for each in waiting(ledger.connection) if each["event"] == "bounce"]
    assert said == "5.1.1"
    assert suppressed(ledger.connection).to_list() == [ANN]
    assert ledger.counts() == {"bounced": 1}
    assert take(folder, campaigns_url, SIGNER, LATER) == MailboxReport()
    assert [message.get_flags() for message in mailbox.Maildir(folder)] == ["S"]


@pytest.mark.parametrize("status", ["4.4.7", "5.7.1"])
def test_a_soft_bounce_does_not(folder, reference, ledger, campaigns_url, status: str) -> None:
    delivered(folder, report("postfix", message=reference, status=status))
    assert take(folder, campaigns_url, SIGNER, LATER).bounced == 1
    assert events(ledger) == [("bounce", "soft")]
    assert suppressed(ledger.connection).is_empty()


def test_a_complaint_ends_it_as_well(folder, reference, ledger, campaigns_url) -> None:
    delivered(folder, report("complaint", message=reference))
    assert take(folder, campaigns_url, SIGNER, LATER) == MailboxReport(read=1, complained=1)
    assert events(ledger) == [("spamreport", None)]
    assert suppressed(ledger.connection).to_list() == [ANN]


def test_taken_twice_it_is_one_bounce(folder, reference, ledger, campaigns_url) -> None:
    content = report("postfix", message=reference)
    for _ in range(2):
        delivered(folder, content)
        take(folder, campaigns_url, SIGNER, LATER)
    assert events(ledger) == [("bounce", "hard")]


def test_reports_of_others_and_other_mail_change_nothing(folder, reference, ledger, campaigns_url) -> None:
    for content in (
        report("rfc3464_simple"),
        report("postfix", message="0" * 48),
        b"Subject: I am away\n\nuntil Monday",
    ):
        delivered(folder, content)
    delivered(folder, report("postfix", message=reference).replace(b"Action: failed", b"Action: delayed"))
    assert take(folder, campaigns_url, SIGNER, LATER) == MailboxReport(read=4, unknown=2, other=2)
    assert events(ledger) == []
    assert suppressed(ledger.connection).is_empty()


def test_a_folder_that_is_no_maildir_is_told(tmp_path: Path, campaigns_url: str) -> None:
    with pytest.raises(MailboxMissingError, match="expected a Maildir, with the folders new, cur and tmp"):
        take(tmp_path, campaigns_url, SIGNER, NOW)
