"""Events as they come in; all events of some people, quickly, out.

Most events lie sorted by a number of their person, so that those of a few people are found by searching; what
came lately lies beside them, and is sorted in when there is much of it.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from perennial.identity.people import PERSON

SHARE = 4
"""What lies beside is sorted in when it is more than one part in so many."""
FEW = 50_000
"""And not before it is so much."""
People = NDArray[np.uint64]


def numbers(people: pl.Series) -> People:
    """A number for each person; that two share one costs a moment, and changes nothing."""
    return people.hash(seed=7).to_numpy()


class Remembered:
    """One dataset's events."""

    def __init__(self, events: pl.DataFrame) -> None:
        self._beside = events.clear()
        self._sort(events)

    @property
    def schema(self) -> pl.Schema:
        """The columns of events."""
        return self._sorted.schema

    def add(self, events: pl.DataFrame) -> None:
        """Take in what came."""
        self._beside = pl.concat([self._beside, events.select(self.schema.names())])
        if self._beside.height > max(FEW, self._sorted.height // SHARE):
            everything = pl.concat([self._sorted, self._beside])
            self._beside = self._beside.clear()
            self._sort(everything)

    def of(self, people: pl.Series) -> pl.DataFrame:
        """All events of these people (each once), and perhaps some of others."""
        wanted = np.sort(numbers(people))
        begins = np.searchsorted(self._keys, wanted, side="left")
        ends = np.searchsorted(self._keys, wanted, side="right")
        sizes = ends - begins
        places = np.repeat(begins - np.concatenate([[0], np.cumsum(sizes)[:-1]]), sizes) + np.arange(
            sizes.sum()
        )
        found = self._sorted[places] if len(places) else self._sorted.clear()
        beside = self._beside.filter(pl.col(PERSON).is_in(people.implode()))
        return pl.concat([found, beside])

    def people(self, which: pl.Expr) -> pl.Series:
        """Of whom there is such an event; may name somebody twice."""
        return pl.concat([frame.filter(which)[PERSON] for frame in (self._sorted, self._beside)])

    def _sort(self, events: pl.DataFrame) -> None:
        keys = numbers(events[PERSON])
        order = np.argsort(keys, kind="stable")
        self._sorted, self._keys = events[order] if len(order) else events, keys[order]
