"""What a mail server says in; what became of the message, out: by its reply's code and status (RFC 3463).

A first digit of 4 may pass, one of 5 will not. A permanent refusal is a hard bounce, after which the
address is not tried again, unless its status says that the address is not at fault: 5.6 is about the
content, 5.7 about policy.
"""

import re
from dataclasses import dataclass
from typing import Literal

State = Literal["sent", "deferred", "bounced", "blocked", "expired", "doubtful"]
STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
WORD = re.compile(r"[^\s<>\"']+")
NOT_THE_ADDRESS = ("5.6.", "5.7.")
LONGEST_REASON = 300


@dataclass(frozen=True)
class Outcome:
    """What became of a message."""

    state: State
    status: str | None = None
    """As RFC 3463 has it: 5.1.1."""
    reason: str | None = None
    """What the server said, without addresses."""
    events: tuple[str, ...] = ()
    """What is told of it, as `responses` knows it."""
    bounce_class: Literal["hard", "soft"] | None = None

    @classmethod
    def sent(cls, said: str) -> "Outcome":
        """The server has taken it."""
        return cls("sent", status_in(said), without_addresses(said), ("processed", "delivered"))

    @classmethod
    def refused(cls, code: int, said: str) -> "Outcome":
        """The server has not taken it."""
        status = status_in(said) or (f"{code // 100}.0.0" if code // 100 in (4, 5) else None)
        reason = without_addresses(f"{code} {said}")
        if not 500 <= code < 600:
            return cls("deferred", status, reason, ("deferred",))
        if is_hard(status or "5.0.0"):
            return cls("bounced", status, reason, ("processed", "bounce"), "hard")
        return cls("blocked", status, reason, ("processed", "bounce"), "soft")

    @classmethod
    def doubtful(cls, said: str) -> "Outcome":
        """It was handed over whole, and no answer came: it may have been taken."""
        return cls("doubtful", None, without_addresses(said))

    @classmethod
    def expired(cls) -> "Outcome":
        """It was asked to come back later until the campaign was over."""
        return cls("expired", None, None, ("processed", "bounce"), "soft")


def is_hard(status: str) -> bool:
    """Whether it is of no use to try this address again."""
    return status.startswith("5") and not status.startswith(NOT_THE_ADDRESS)


def status_in(said: str) -> str | None:
    """The status at the beginning of what a server says, if it says one."""
    found = STATUS.search(said[:40])
    return found[0] if found else None


def without_addresses(said: str) -> str:
    """One short line; who it is about does not stand in it."""
    # Word by word: a pattern of a whole address would try each letter of a long word as its beginning.
    hidden = WORD.sub(lambda word: "<address>" if "@" in word[0] else word[0], " ".join(said.split()))
    return hidden[:LONGEST_REASON]
