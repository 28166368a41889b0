"""What is said of a bounce in; its class and its reason out, never the words, which may name the address."""

import re
from typing import Any, Literal

from perennial.campaigns.outcomes import is_hard

STATUS = re.compile(r"(?<![\d.])[45]\.\d{1,3}\.\d{1,3}(?![\d.])")
"""A status code of RFC 3463."""
REPLY = re.compile(r"(?<![\d.])[45]\d\d(?![\d.])")
"""A reply code of RFC 5321."""
WORD = re.compile(r"[A-Za-z][A-Za-z _/-]{0,59}")
Class = Literal["hard", "soft"]


def code(*said: Any) -> str | None:
    """A mail server's status code, or else its reply code, in what is said."""
    texts = [str(each) for each in said if each]
    for pattern in (STATUS, REPLY):
        for text in texts:
            if found := pattern.search(text):
                return found[0]
    return None


def class_of(found: str | None) -> Class | None:
    """Whether it is of no use to try the address again, by its code."""
    if found is None:
        return None
    return "hard" if is_hard(found if "." in found else f"{found[0]}.0.0") else "soft"


def word(said: Any) -> str | None:
    """A provider's own name of a kind of bounces, if it can be one."""
    return said if isinstance(said, str) and WORD.fullmatch(said) else None
