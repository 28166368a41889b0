"""Names for new things: unique everywhere, and in the order of the time that is passed in."""

import os

_COUNTED = 1 << 48
"""The last twelve digits count: making a name takes far less time than asking for new randomness."""
_head, _count = "", _COUNTED


def uuid7s(count: int, milliseconds: int) -> list[str]:
    """UUIDs of version 7 for that many milliseconds since 1970; each is greater than the one before it.

    A process draws 26 random bits now and then, and a random beginning of the 48 bits that it counts on from.
    """
    global _head, _count
    if _count + count >= _COUNTED:
        _renew()
    first, _count = _count, _count + count
    time = f"{milliseconds:012x}"
    start = f"{time[:8]}-{time[8:]}-7{_head}-"
    return [f"{start}{number:012x}" for number in range(first, first + count)]


def _renew() -> None:
    """A new beginning: at the first call of a process, and when its count is used up."""
    global _head, _count
    drawn = int.from_bytes(os.urandom(10), "big")
    _head = f"{drawn & 0xFFF:03x}-{0x8000 | drawn >> 12 & 0x3FFF:04x}"
    _count = drawn >> 26 & (_COUNTED - 1) >> 1


os.register_at_fork(after_in_child=_renew)
