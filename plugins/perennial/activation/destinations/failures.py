"""How a request may fail, as the two roots of errors say, in words that name nobody."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from perennial.errors import TerminalError, TransientError

PREVIEW = 200
WORD = re.compile(r"[^\s\"'<>]+")
DIGEST = re.compile(r"\b[0-9a-f]{32}\b")
"""MD5 of an address names its owner to whoever has a list of addresses."""


class UnavailableError(TransientError):
    """No answer, an overloaded server, or a rate limit; `retry_after` are seconds, where they are known.

    After a time-out it is not known whether the provider took the request.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RefusedError(TerminalError):
    """The request is wrong, or the credentials lack a right; `status` is the answer's."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Problem(NamedTuple):
    """One thing that an answer complains of, and the position of the row at fault, where it is told."""

    text: str
    row: int | None = None


def seconds(header: str) -> float | None:
    """The value of `Retry-After`: seconds, or a date."""
    if header.replace(".", "", 1).isdigit():
        return float(header)
    try:
        return max(0.0, (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None


def redact(text: str) -> str:
    """A short preview without addresses, fit for a log."""
    # Word by word: a pattern of a whole address would try each letter of a long word as its beginning.
    hidden = WORD.sub(lambda word: "…@…" if "@" in word[0] or "%40" in word[0] else word[0], text)
    return DIGEST.sub("…", hidden)[:PREVIEW]
