"""A report of a mail server in; of which message it is and what became of that, out.

Delivery status notifications are those of RFC 3464, complaints the feedback reports of RFC 5965. Whatever
else comes to the mailbox, such as holiday notes, is none of these. A report names our message in up to
three places; only a reference that we signed counts, so that nobody can have somebody else's address
suppressed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from email.policy import Compat32
from typing import Any, Literal

from perennial.campaigns.outcomes import is_hard, without_addresses
from perennial.campaigns.tokens import Signer
from perennial.errors import TerminalError

Kind = Literal["bounced", "delayed", "delivered", "complained"]
ACTIONS: dict[str, Kind] = {
    "failed": "bounced",
    "delayed": "delayed",
    "delivered": "delivered",
    "relayed": "delivered",
    "expanded": "delivered",
}
LONGEST_HEADER = 32 * 1024
"""Characters of one header."""
MOST_PARAMETERS = 20
"""Of a content type."""
MOST_LINES = 20_000
MOST_BOUNDARIES = 20
"""Parts within parts: a report has two or three."""
STATUS = re.compile(r"([245])\.\d{1,3}\.\d{1,3}")
REFERENCE = re.compile(r"(?<![0-9a-f])[0-9a-f]{48}(?![0-9a-f])")


@dataclass(frozen=True)
class Notice:
    """What is said of one recipient of one message."""

    kind: Kind
    status: str | None
    """As RFC 3463 has it, for bounces and delays."""
    reason: str
    hard: bool = False
    """Whether it is of no use to try the address again."""


class ReportRefusedError(TerminalError):
    """A message is no report, or would take longer to read than a report can be worth."""


class _Bounded(Compat32):
    """Headers as they are written, each up to a length.

    Python's later policies take a header apart as they read it, in time that grows with the square of its
    length; what is asked for here is plain text anyhow.
    """

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        if sum(map(len, sourcelines)) > LONGEST_HEADER:
            raise ReportRefusedError(f"a header has more than {LONGEST_HEADER:,} characters")
        name, value = super().header_source_parse(sourcelines)
        if name.lower() == "content-type" and value.count(";") > MOST_PARAMETERS:
            raise ReportRefusedError(f"a content type has more than {MOST_PARAMETERS} parameters")
        return name, value


def read(content: bytes) -> Message:
    """A message as it lies in a mailbox. Raises `ReportRefusedError`."""
    # Each part that holds parts makes the parser look at every line that follows once more.
    if content.lower().count(b"boundary") > MOST_BOUNDARIES:
        raise ReportRefusedError(f"it names more than {MOST_BOUNDARIES} boundaries between parts")
    if max(content.count(b"\n"), content.count(b"\r")) > MOST_LINES:
        raise ReportRefusedError(f"it has more than {MOST_LINES:,} lines")
    return message_from_bytes(content, policy=_Bounded())


def notices(message: Message) -> list[Notice]:
    """What a message reports, one for each recipient; none for what is no report."""
    if message.get_content_type() != "multipart/report":
        return []
    parts = [part for part in message.walk() if part is not message]
    if any(part.get_content_type() == "message/feedback-report" for part in parts):
        return [Notice("complained", None, "the recipient called it spam")]
    return [
        notice
        for part in parts
        if part.get_content_type() == "message/delivery-status"
        for block in _blocks(part)
        if (notice := _notice(block))
    ]


def references(message: Message, signer: Signer) -> list[str]:
    """The ids of the messages of ours that a report names: those whose reference bears our signature."""
    found: dict[str, None] = {}
    for text in _places(message):
        for reference in REFERENCE.findall(text.lower()):
            if message_id := signer.dereferenced(reference):
                found[message_id] = None
    return list(found)


def _blocks(part: Message) -> Iterator[Message]:
    """The fields of each recipient: the first block is about the message as a whole."""
    content = part.get_payload()
    if isinstance(content, list):
        yield from (block for block in content if isinstance(block, Message) and block["action"])


def _notice(block: Message) -> Notice | None:
    kind = ACTIONS.get(str(block["action"]).split("(")[0].strip().lower())
    if kind is None:
        return None
    found = STATUS.search(str(block["status"] or ""))
    said = _plain(block["diagnostic-code"] or block["status"])
    # A report without a status that says failed means it.
    status = found[0] if found else ("5.0.0" if kind == "bounced" else None)
    hard = kind == "bounced" and is_hard(_precise(status, said))
    return Notice(kind, status, without_addresses(said), hard)


def _plain(header: Any) -> str:
    """A header's text, whatever letters it is written with."""
    try:
        return str(make_header(decode_header(str(header or ""))))
    except (ValueError, LookupError):
        return str(header)


def _precise(status: str | None, diagnostic: str) -> str:
    """Where the status only says that it failed, the mail server's own words may say why."""
    if status == "5.0.0" and (said := re.search(r"\b5\.\d{1,3}\.\d{1,3}\b", diagnostic)):
        return said[0]
    return status or "5.0.0"


def _places(message: Message) -> Iterator[str]:
    """Where it may name the message: to whom it goes, the envelope's id, the headers that it returns."""
    for header in ("to", "delivered-to", "x-original-to"):
        yield from (str(value) for value in message.get_all(header, []))
    for part in message.walk():
        if part is message:
            continue
        yield from (str(part[name] or "") for name in ("original-envelope-id", "message-id"))
        if part.get_content_type() in ("text/rfc822-headers", "message/rfc822-headers"):
            content = part.get_payload(decode=True)
            if isinstance(content, bytes):
                yield str(message_from_bytes(content, policy=_Bounded())["message-id"] or "")
