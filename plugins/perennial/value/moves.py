"""Entries near the borders of windows in; what a window gains and loses from one day to the next, out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from perennial.value.entries import DAY
from perennial.value.lifetime.histories import Indices
from perennial.value.totals import UNTIL
from perennial.value.windows import Window

INDEX = "index"
NEVER = np.iinfo(np.int32).max
EPOCH = date(1970, 1, 1)
Days = NDArray[np.int32]


@dataclass(frozen=True)
class Moves:
    """What adds up: whose (an index), on which day, how much; and from which day on it is superseded."""

    index: Indices
    day: Days
    """Ascending."""
    amounts: Mapping[str, NDArray[np.int64]]
    until: Days | None = None

    @classmethod
    def of(cls, rows: pl.DataFrame, names: list[str]) -> Self:
        """From rows with `index`, `day`, columns of these names, and `__until` if they can be superseded."""
        rows = rows.sort(DAY)
        until = None
        if UNTIL in rows.columns:
            until = rows[UNTIL].to_physical().cast(pl.Int32).fill_null(NEVER).to_numpy()
        return cls(
            rows[INDEX].to_numpy().astype(np.intp),
            rows[DAY].to_physical().cast(pl.Int32).to_numpy(),
            {name: rows[name].to_numpy() for name in names},
            until,
        )

    def step(self, old: Window, new: Window) -> Iterator[tuple[Indices | slice, int]]:
        """Which rows to add (1) and which to take away (-1), as the window moves on."""
        before, after = (number(old.start), number(old.end)), (number(new.start), number(new.end))
        entering = self._between(max(before[1], after[0]), after[1])
        leaving = self._between(before[0], min(after[0], before[1]))
        if self.until is None:
            yield entering, 1
            yield leaving, -1
            return
        # What comes is not counted if it is had again before the window ends; what goes was not, either.
        yield _where(entering, self.until[entering] >= after[1]), 1
        yield _where(leaving, self.until[leaving] >= before[1]), -1
        staying = self._between(max(before[0], after[0]), before[1])
        again = self.until[staying]
        yield _where(staying, (again >= before[1]) & (again < after[1])), -1

    def _between(self, start: int, end: int) -> slice:
        left, right = np.searchsorted(self.day, [start, end])
        return slice(int(left), max(int(left), int(right)))


def number(day: date) -> int:
    """Days since 1970."""
    return (day - EPOCH).days


def _where(part: slice, holds: NDArray[np.bool_]) -> Indices:
    return np.asarray(np.flatnonzero(holds) + part.start)
