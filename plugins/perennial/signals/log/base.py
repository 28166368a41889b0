"""What every log of the stream promises, and the form of a record: a message and what is known of it.

A log has topics (one a dataset), a topic has partitions, and a partition is a sequence of records. An offset
is a position in a partition: it never changes its meaning, and reading goes on from it whatever happened.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import msgspec

from perennial.errors import TerminalError, TransientError


class LogBusyError(TransientError):
    """Another process writes to this log."""


class LogUnwritableError(TransientError):
    """Not all records are durable: the disk or the broker did not take them; some of them may be there."""


class LogUnreadableError(TransientError):
    """The broker did not answer; the records are still where they were."""


class LogDamagedError(TerminalError):
    """A record is not what was written."""


class LogGapError(TerminalError):
    """The offset to read from is gone: what stood there was trimmed, or has expired."""


class Writer(Protocol):
    """Adds records to one topic."""

    def append(self, records: Sequence[bytes]) -> object:
        """Return when every record is durable; `LogUnwritableError` where not all of them are."""

    def close(self) -> None:
        """Let go of the topic."""


class StreamLog(Protocol):
    """Topics of records that survive a crash once they are acknowledged."""

    @property
    def name(self) -> str:
        """Which log it is: offsets of one log mean nothing in another."""

    def writer(self, topic: str) -> Writer:
        """A writer of the topic, which is made if need be; several may write at the same time."""

    def partitions(self, topic: str) -> list[int]:
        """The topic's partitions, in ascending order; none where nothing was ever written."""

    def read(self, topic: str, partition: int, offset: int, max_bytes: int) -> tuple[list[bytes], int]:
        """Records from `offset` on (0: the beginning), and the offset to read from next time.

        About `max_bytes` of them, at least one if there is one; none at the end of what is durable. Raises
        `LogGapError` where records from `offset` on are gone.
        """

    def end(self, topic: str, partition: int) -> int:
        """The offset after the last record: it moves when messages have come."""

    def trim(self, topic: str, partition: int, before: int) -> int:
        """Free what stands before an offset, as far as whole files allow; returns how much was freed.

        The unit is the log's own: bytes of files, or records of a broker.
        """


class Record(NamedTuple):
    """One message as it came in."""

    id: str
    """The receipt that the sender was given."""
    received_at: int
    """Microseconds since 1970, UTC."""
    source: str
    """The name of the sender's token."""
    body: bytes
    """The message, exactly as it was sent."""


class _Head(msgspec.Struct):
    id: str
    received_at: int
    source: str


_HEAD = msgspec.json.Decoder(_Head)


def pack(id: str, received_at: int, source: str, body: bytes) -> bytes:
    """A record of the log: one line of JSON about the message, then the message.

    `id` and `source` consist of characters that JSON does not escape.
    """
    return b'{"id":"%b","received_at":%d,"source":"%b"}\n%b' % (
        id.encode(),
        received_at,
        source.encode(),
        body,
    )


def unpack(record: bytes) -> Record:
    """What `pack` was given; `LogDamagedError` for anything else."""
    line, end, body = record.partition(b"\n")
    try:
        head = _HEAD.decode(line)
    except msgspec.MsgspecError:
        end = b""
    if not end:
        raise LogDamagedError(
            "a record of the log does not begin with its id, time and source; what wrote it?"
        )
    return Record(head.id, head.received_at, head.source, body)
