"""A mailbox of reports in; bounces and complaints in the ledger, out.

The mailbox is a Maildir, into which mail servers deliver, and programs such as `mbsync` copy what lies on
an IMAP server. A message is taken into the ledger before it is moved from `new` to `cur`: taken twice, it
changes nothing.
"""

import hashlib
import os
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

from perennial.campaigns.events import arrived, tell
from perennial.campaigns.notifications import Notice, notices, read, references
from perennial.campaigns.outcomes import Outcome
from perennial.campaigns.suppressions import suppress
from perennial.campaigns.tokens import Signer
from perennial.errors import TerminalError

SEEN = ":2,S"
"""How a Maildir marks what was read."""
LARGEST = 1024 * 1024
"""Bytes of a report; a larger message is none."""


class MailboxMissingError(TerminalError):
    """There is no Maildir where one should be."""


@dataclass
class MailboxReport:
    """What became of each message: read = bounced + complained + other + unknown."""

    read: int = 0
    bounced: int = 0
    """Reports of messages of ours that could not be delivered."""
    complained: int = 0
    other: int = 0
    """Delays and successes, and what is no report."""
    unknown: int = 0
    """Reports that name no message of ours."""

    def as_dict(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


def take(folder: Path, url: str, signer: Signer, now: datetime) -> MailboxReport:
    """Take in every new message of the Maildir."""
    if not (folder / "new").is_dir() or not (folder / "cur").is_dir():
        raise MailboxMissingError(f"{folder}: expected a Maildir, with the folders new, cur and tmp")
    report = MailboxReport()
    with psycopg.connect(url, autocommit=True) as connection:
        for path in sorted((folder / "new").iterdir()):
            if path.is_file() and not path.name.startswith("."):
                kind = "other" if path.stat().st_size > LARGEST else _take(path, connection, signer, now)
                setattr(report, kind, getattr(report, kind) + 1)
                report.read += 1
                os.replace(path, folder / "cur" / f"{path.name.split(':')[0]}{SEEN}")
    return report


def _take(path: Path, connection: psycopg.Connection, signer: Signer, now: datetime) -> str:
    content = path.read_bytes()
    try:
        message = read(content)
        found = notices(message)
        ours = references(message, signer) if found else []
    except Exception:
        # Anybody can send anything to a mailbox; what Python's parser stumbles over is no report.
        return "other"
    telling = [each for each in found if each.kind in ("bounced", "complained")]
    if found and not ours:
        return "unknown"
    with connection.transaction():
        # A report, whatever it says, tells that the message was taken.
        arrived(connection, ours, now)
        for notice in telling:
            for message_id in ours:
                _record(connection, message_id, notice, hashlib.sha256(content).hexdigest()[:16], now)
    return telling[0].kind if telling else "other"


def _record(
    connection: psycopg.Connection, message_id: str, notice: Notice, digest: str, now: datetime
) -> None:
    bounced = notice.kind == "bounced"
    row = connection.execute(
        "SELECT campaign, email_sha256, state FROM campaigns.message WHERE message_id = %s::uuid",
        (message_id,),
    ).fetchone()
    if row is None:
        return
    campaign, email_sha256, _ = row
    if bounced:
        connection.execute(
            "UPDATE campaigns.message SET state = %s, status = %s, reason = %s, updated_at = %s"
            " WHERE message_id = %s::uuid",
            ("bounced" if notice.hard else "blocked", notice.status, notice.reason, now, message_id),
        )
    outcome = Outcome(
        "bounced",
        notice.status if bounced else None,
        events=("bounce" if bounced else "spamreport",),
        bounce_class="hard" if notice.hard else "soft",
    )
    tell(connection, message_id, f"{message_id}/report-{digest}", outcome, now)
    if notice.hard or not bounced:
        suppress(connection, {email_sha256: now}, "bounce" if bounced else "complaint", campaign)
