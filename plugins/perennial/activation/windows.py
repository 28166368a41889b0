"""Calls that were taken from a window in; how many more it allows, or how long to wait, out.

A window is divided into slots. A call is booked in the slot in which it is made at the latest, and counts
until a whole window has passed since the end of that slot: so no stretch of time holds more calls than are
allowed, and two in a hundred are given away.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from perennial.activation.destinations.base import Window

SLOTS = 200
SHORTEST = 0.02
"""Seconds for which calls are taken at least: what a transaction and a network take."""
BLOCKS = 50
"""Into how many blocks a window's calls are divided, so that each needs a look at the store."""


def hold(window: Window) -> float:
    """Seconds within which calls are to be made that are taken now."""
    return max(2 * window.seconds / SLOTS, SHORTEST)


def block(window: Window) -> int:
    """How many calls are taken at a time."""
    return max(1, window.calls // BLOCKS)


@dataclass
class Taken:
    """What was taken from one window, by slot."""

    window: Window
    slots: dict[int, int] = field(default_factory=dict)

    @classmethod
    def read(cls, window: Window, slots: Mapping[str, int]) -> "Taken":
        """From how it is kept: JSON has texts for keys."""
        return cls(window, {int(slot): calls for slot, calls in slots.items()})

    @property
    def _width(self) -> float:
        return self.window.seconds / SLOTS

    def _until(self, slot: int) -> float:
        """When calls of a slot do not count any more."""
        return (slot + 1) * self._width + self.window.seconds

    def room(self, now: float) -> int:
        """How many calls may be taken now; forgets what does not count any more."""
        self.slots = {slot: calls for slot, calls in self.slots.items() if self._until(slot) > now}
        return self.window.calls - sum(self.slots.values())

    def wait(self, now: float) -> float:
        """Seconds until there is room; 0 where there is."""
        if self.room(now) > 0:
            return 0.0
        return min(map(self._until, self.slots)) - now

    def take(self, now: float, calls: int, within: float) -> int:
        """Book calls that are made within so many seconds; the slot."""
        slot = int((now + within) / self._width)
        self.slots[slot] = self.slots.get(slot, 0) + calls
        return slot

    def give_back(self, slot: int, calls: int) -> None:
        """Calls that were not made; a slot without calls is nothing to wait for."""
        if self.slots.get(slot, 0) > calls:
            self.slots[slot] -= calls
        else:
            self.slots.pop(slot, None)
