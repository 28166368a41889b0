"""Lines with delimited fields in, one record after another out: the careful way, which explains every fault.

A record that is at fault costs only its first line: the next one is read on its own, so that a quote that is
never closed does not swallow what follows it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from perennial.signals.source import Csv

NEVER_CLOSED = "a quote is opened and never closed"
TEXT_FOLLOWS = "text follows a closing quote"
NOT_UTF8 = "bytes that are no text in the encoding {}"


@dataclass(frozen=True)
class Record:
    """A record's fields, None where there is nothing at all; or why it has none. `end` is where it ends."""

    fields: list[str | None]
    raw: bytes
    lines: int
    end: int
    reason: str | None = None


def records(data: bytes, dialect: Csv, width: int | None, *, final: bool, longest: int) -> Iterator[Record]:
    """The records of whole lines; empty lines and comments come with no fields and no reason.

    `width` is how many fields each must have, `final` says that nothing follows, and `longest` up to which
    size a record is waited for. Ends before a record that is not finished.
    """
    comment = dialect.comment.encode() if dialect.comment else None
    start = 0
    while start < len(data):
        line_end = data.find(b"\n", start) + 1 or len(data)
        line = data[start:line_end]
        if not line.strip(b"\r\n") or (comment and line.startswith(comment)):
            record = Record([], line, 1, line_end)
        elif dialect.quote and dialect.quote.encode() in line:
            quoted = _quoted(data, start, dialect)
            if quoted is None and not final and len(data) - start <= longest:
                return
            record = quoted or Record([], line, 1, line_end, NEVER_CLOSED)
        else:
            record = _plain(line, line_end, dialect)
        if record.reason is None and width is not None and record.fields and len(record.fields) != width:
            record = Record([], record.raw, record.lines, record.end, _ragged(len(record.fields), width))
        if record.reason is not None and record.lines > 1:
            # Text behind a quote on another line: the one that was opened here was not meant to reach there.
            reason = NEVER_CLOSED if record.reason == TEXT_FOLLOWS else record.reason
            record = Record([], line, 1, line_end, reason)
        yield record
        start = record.end


def _plain(line: bytes, end: int, dialect: Csv) -> Record:
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        return Record([], line, 1, end, NOT_UTF8.format(dialect.encoding))
    return Record([field or None for field in _without_eol(text).split(dialect.delimiter)], line, 1, end)


def _quoted(data: bytes, start: int, dialect: Csv) -> Record | None:
    """A record with quotes in it; None if the data ends within one."""
    quote = str(dialect.quote).encode()
    closed, plain = _patterns(str(dialect.quote), dialect.delimiter)
    fields: list[bytes | None] = []
    position = start
    reason = None
    while True:
        if data.startswith(quote, position):
            match = closed.match(data, position)
            if match is None:
                return None
            fields.append(match.group(1).replace(quote * 2, quote))
            position = match.end()
            if not _ends_field(data, position, dialect):
                reason = TEXT_FOLLOWS
                position = data.find(b"\n", position)
                position = len(data) if position < 0 else position
        else:
            match = plain.match(data, position)
            value = match.group() if match else b""
            position += len(value)
            if position >= len(data) or data.startswith(b"\n", position):
                value = value.removesuffix(b"\r")
            fields.append(value or None)
        if data.startswith(dialect.delimiter.encode(), position):
            position += 1
            continue
        break
    end = (data.find(b"\n", position) + 1) or len(data)
    raw = data[start:end]
    lines = raw.count(b"\n") + (not raw.endswith(b"\n"))
    if reason is None:
        try:
            texts = [None if field is None else field.decode("utf-8") for field in fields]
        except UnicodeDecodeError:
            reason = NOT_UTF8.format(dialect.encoding)
        else:
            return Record(texts, raw, lines, end)
    return Record([], raw, lines, end, reason)


def _ends_field(data: bytes, position: int, dialect: Csv) -> bool:
    rest = data[position : position + 2]
    return rest in (b"", b"\r") or rest[:1] in (b"\n", dialect.delimiter.encode()) or rest == b"\r\n"


@lru_cache(maxsize=16)
def _patterns(quote: str, delimiter: str) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    q, d = re.escape(quote).encode(), re.escape(delimiter).encode()
    return re.compile(b"%b([^%b]*(?:%b%b[^%b]*)*)%b" % (q, q, q, q, q, q)), re.compile(b"[^%b\n]*" % d)


def _without_eol(text: str) -> str:
    return text.removesuffix("\n").removesuffix("\r")


def _ragged(found: int, expected: int) -> str:
    return f"{found} field{'s' * (found != 1)} instead of {expected}"
