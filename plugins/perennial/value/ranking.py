"""Values of customers in groups in, their ranks out, and after a few changed, whose ranks changed."""

from collections.abc import Iterator
from itertools import count, repeat

import numpy as np
import polars as pl
from numpy.typing import NDArray

from perennial.value.lifetime.histories import Indices
from perennial.value.order import Known, Order, Values, buckets_of

FEW = 50_000
"""Rows of a group that are sorted faster than counted."""


class Ranking:
    """Ranks within groups that stand one after the other: group g is `starts[g]` to `starts[g + 1]`.

    Of equal values the one that stands first comes first. What is not known has no rank, which is 0.
    """

    def __init__(self, values: Values, known: Known, starts: NDArray[np.int64], buckets: int) -> None:
        """The arrays are those of who asks: `update` finds new values in their place."""
        self.ranks = np.zeros(len(values), dtype=np.int16)
        self._values, self._known, self._buckets = values, known, buckets
        self._starts, sizes = starts, np.diff(starts)
        self._orders: dict[int, Order] = {}
        small = np.ones(len(values), dtype=bool)
        for group in np.flatnonzero(sizes > FEW).tolist():
            part = slice(starts[group], starts[group + 1])
            self._orders[group] = Order(values[part], known[part], self.ranks[part], buckets)
            small[part] = False
        self._small = np.flatnonzero(small)
        few = np.flatnonzero(sizes <= FEW)
        self._small_groups = np.repeat(few, sizes[few])
        self._rank_small()

    def update(self, rows: Indices, before: Values) -> Indices:
        """Look again at rows (ascending) that had other values before; returns whose ranks changed."""
        changed = [self._rank_small()]
        for group, order in self._orders.items():
            start, end = self._starts[group], self._starts[group + 1]
            mine = slice(*np.searchsorted(rows, [start, end]))
            changed.append(start + order.update(rows[mine] - start, before[mine]))
        return np.sort(np.concatenate(changed))

    def summary(self) -> pl.DataFrame:
        """Per group and rank that somebody has: (group, decile, customers, total, least, most).

        The total is null for floats, whose sums depend on the order of adding.
        """
        large = pl.DataFrame(list(self._large()), schema=_schema(self._values), orient="row")
        if not len(self._small):
            return large
        return pl.concat([large, self._few()]).sort("group", "decile")

    def _large(self) -> Iterator[tuple[int | float | None, ...]]:
        for group, order in self._orders.items():
            sizes, least, most = order.borders()
            totals = repeat(None) if order.totals is None else order.totals[1:].tolist()
            for row in zip(count(1), sizes.tolist(), totals, least, most):
                yield group, *row

    def _few(self) -> pl.DataFrame:
        rows = self._small
        frame = pl.DataFrame(
            {"group": self._small_groups, "decile": self.ranks[rows], "value": self._values[rows]}
        )
        value = pl.col("value")
        total = value.sum() if self._values.dtype.kind == "i" else pl.lit(None)
        summed = frame.lazy().filter(pl.col("decile") > 0).group_by("group", "decile")
        return (
            summed.agg(customers=pl.len(), total=total, least=value.min(), most=value.max())
            .collect()
            .cast(pl.Schema(_schema(self._values)))
        )

    def _rank_small(self) -> Indices:
        """All small groups at once, by one sort; returns whose ranks changed."""
        known = self._known[self._small]
        rows, group = self._small[known], self._small_groups[known]
        ranks = np.zeros(len(self._small), dtype=np.int16)
        if len(rows):
            order = np.lexsort((-self._values[rows], group))
            sizes = np.bincount(group, minlength=len(self._starts) - 1)
            begins = np.cumsum(sizes) - sizes
            ordered = group[order]
            position = np.arange(len(order)) - begins[ordered] + 1
            placed = np.empty(len(rows), dtype=np.int16)
            placed[order] = buckets_of(position, sizes[ordered], self._buckets)
            ranks[known] = placed
        differ = ranks != self.ranks[self._small]
        changed: Indices = self._small[differ]
        self.ranks[changed] = ranks[differ]
        return changed


def _schema(values: Values) -> dict[str, pl.DataType]:
    kind = pl.Int64() if values.dtype.kind == "i" else pl.Float64()
    return {
        "group": pl.Int64(), "decile": pl.Int16(), "customers": pl.Int64(),
        "total": kind, "least": kind, "most": kind,
    }  # fmt: skip
