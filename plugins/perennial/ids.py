"""Names for new things: unique everywhere, and in the order of the time that is passed in."""

import os

_WIDTH = 10
_POOL = _WIDTH * 512
"""Bytes of randomness that are asked for at once: asking costs more than all the rest."""
_LOW, _HIGH = (1 << 62) - 1, ((1 << 12) - 1) << 62
_MARKS = 7 << 76 | 1 << 63
"""The version and the variant, in their places."""
_random = memoryview(b"")


os.register_at_fork(after_in_child=lambda: globals().update(_random=memoryview(b"")))


def uuid7s(count: int, milliseconds: int) -> list[str]:
    """UUIDs of version 7 for that many milliseconds since 1970; each is greater than the one before it."""
    first = _fresh() >> 7  # 73 of 74 bits: there is room to count up
    return [_uuid7(milliseconds, first + number) for number in range(count)]


def _fresh() -> int:
    global _random
    if not _random:
        _random = memoryview(os.urandom(_POOL))
    number = int.from_bytes(_random[:_WIDTH], "big")
    _random = _random[_WIDTH:]
    return number


def _uuid7(milliseconds: int, tail: int) -> str:
    text = f"{milliseconds << 80 | (tail & _HIGH) << 2 | tail & _LOW | _MARKS:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
