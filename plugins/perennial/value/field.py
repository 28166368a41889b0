"""Totals of all buckets in, everybody of one grouping out: in which order they stand, and who they are."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from perennial.value.entries import PERSON
from perennial.value.lifetime.histories import Indices
from perennial.value.moves import INDEX
from perennial.value.spill import Spill
from perennial.value.sums import WHO


class People:
    """All customers, bucket after bucket, and the order in which ties between them are broken."""

    def __init__(self, buckets: Sequence[pl.Series]) -> None:
        self.offsets = np.concatenate([[0], np.cumsum([len(each) for each in buckets])]).astype(np.int64)
        self.ids = pl.concat(list(buckets)).rename(PERSON)
        self.order = np.empty(len(self.ids), dtype=np.int32)
        self.order[self.ids.arg_sort().to_numpy()] = np.arange(len(self.ids), dtype=np.int32)


class Field:
    """Everybody of a grouping: one dimension value after the other, and within it in the order of people.

    So who stands first is who comes first of equal ones.
    """

    def __init__(self, spill: Spill, people: People) -> None:
        self.spill, self.people = spill, people
        values = spill.column("dimension_value").cast(pl.Categorical)
        # The narrower they are the faster they are sorted.
        codes = values.to_physical().shrink_dtype().to_numpy()
        who = self._person()
        in_order = np.argsort(people.order[who], kind="stable")
        self._take = in_order[np.argsort(codes[in_order], kind="stable")]
        self.who = who[self._take]
        ordered = codes[self._take]
        begins = (
            np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(ordered) else np.empty(0, int)
        )
        self.starts: NDArray[np.int64] = np.r_[begins, len(ordered)].astype(np.int64)
        self.values = values.cast(pl.String).gather(self._take[begins])

    @property
    def size(self) -> int:
        """How many rows there are."""
        return len(self._take)

    def whole(self, name: str) -> NDArray[np.int64]:
        """A column of whole numbers."""
        return self.spill.column(name).to_numpy().astype(np.int64)[self._take]

    def series(self, name: str) -> pl.Series:
        """A column of any kind."""
        return self.spill.column(name).gather(self._take)

    def groups(self, rows: Indices | None = None) -> Indices:
        """Which dimension value rows belong to, as its place among the values."""
        if rows is None:
            return np.repeat(np.arange(len(self.values)), np.diff(self.starts))
        return np.searchsorted(self.starts, rows, side="right") - 1

    def keys(self, rows: Indices) -> pl.DataFrame:
        """Who rows are: (person_id, dimension_value)."""
        values = self.values.gather(self.groups(rows))
        return pl.DataFrame({PERSON: self.people.ids.gather(self.who[rows]), "dimension_value": values})

    def index(self, bucket: int) -> pl.DataFrame:
        """The rows of one bucket: (person_id, dimension_value, index)."""
        begin = sum(self.spill.heights[:bucket])
        back = np.empty(self.size, dtype=np.intp)
        back[self._take] = np.arange(self.size)
        mine = self.spill.read([WHO, "dimension_value"], bucket)
        whose = self.people.ids.gather(mine[WHO].to_numpy() + self.people.offsets[bucket])
        index = pl.Series(INDEX, back[begin : begin + mine.height])
        return mine.select("dimension_value").with_columns(whose, index)

    def _person(self) -> Indices:
        within = self.spill.column(WHO).to_numpy().astype(np.intp)
        return within + np.repeat(self.people.offsets[:-1], self.spill.heights)
