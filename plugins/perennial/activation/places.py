"""Who has requests under way at a provider in; how many another process may have, out.

All that use a connection share as many places as the provider takes requests at a time. Each is lent some
for a moment, and asks again: as soon as somebody else waits, it gets no more than its part. What is lent to
a process that died comes back when its time is over.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

SLICE = 2.0
"""Seconds after which somebody who has places asks for them again."""
LENT = 150.0
"""Seconds after which they come back by themselves: longer than a request waits and takes."""


@dataclass(frozen=True)
class Holder:
    """A process that has requests under way, or waits for a place."""

    held: int
    wants: int
    turn: float
    """When it was its turn last: the longer ago, the earlier it gets something."""
    until: float


@dataclass(frozen=True)
class Places:
    """What is lent at a provider that takes so many requests at a time."""

    most: int
    holders: Mapping[str, Holder]

    @classmethod
    def read(cls, most: int, kept: Mapping[str, Any]) -> "Places":
        """From how they are kept."""
        return cls(most, {name: Holder(**each) for name, each in kept.items()})

    def kept(self) -> dict[str, Any]:
        """As plain values."""
        return {name: asdict(each) for name, each in self.holders.items()}

    def ask(self, name: str, busy: int, wants: int, now: float) -> tuple["Places", int]:
        """Lend somebody what is its part now, and say how many that are.

        Those that it makes use of beyond its part stay its own until their requests are over.
        """
        alive = {other: each for other, each in self.holders.items() if each.until > now}
        mine = alive.get(name, Holder(0, wants, now, now))
        # Who had something goes to the end of the line.
        turn = now if mine.held else mine.turn
        line = {**alive, name: Holder(mine.held, wants, turn, now + LENT)}
        free = self.most - sum(each.held for other, each in line.items() if other != name)
        lent = max(0, min(self._part(line, name), free))
        return Places(self.most, {**line, name: Holder(max(busy, lent), wants, turn, now + LENT)}), lent

    def leave(self, name: str) -> "Places":
        """Take everything back from somebody."""
        return Places(self.most, {other: each for other, each in self.holders.items() if other != name})

    def _part(self, holders: Mapping[str, Holder], name: str) -> int:
        """How many are somebody's, if all places are given out one by one, in turn."""
        line = sorted(holders, key=lambda each: (holders[each].turn, each))
        given, left = dict.fromkeys(line, 0), self.most
        while left and (wanting := [each for each in line if given[each] < holders[each].wants]):
            for each in wanting[:left]:
                given[each] += 1
            left -= len(wanting[:left])
        return given[name]
