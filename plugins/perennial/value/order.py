"""The values of one large group in, their ranks out, and after a few of them changed, whose ranks changed.

`NTILE(n)` needs no sorted order: only where one bucket ends and the next begins. Values are counted by the
leading bits of a number that grows with them. Whoever shares these bits with a border is compared exactly;
all others have the rank of their bits. When some values change, only they are looked at, and those near
borders.
"""

import numpy as np
from numpy.typing import NDArray

from perennial.value.lifetime.histories import Floats, Indices

Values = NDArray[np.int64] | Floats
Ranks = NDArray[np.int16]
Known = NDArray[np.bool_]
Ties = NDArray[np.int32]
BITS = 20
NONE = 1 << BITS
"""The code of what is not known."""
NARROW = 1 << 31
"""Whole numbers that differ by less are compared together with their ties, as one number."""


def buckets_of(ranks: NDArray[np.int64], sizes: NDArray[np.int64] | int, buckets: int) -> Ranks:
    """SQL's `NTILE(buckets)` from ranks (1 is first) among `sizes` rows."""
    small, surplus = np.divmod(sizes, buckets)
    cut = surplus * (small + 1)
    in_large = (ranks - 1) // (small + 1) + 1
    in_small = surplus + (ranks - 1 - cut) // np.maximum(small, 1) + 1
    return np.asarray(np.where(ranks <= cut, in_large, in_small), dtype=np.int16)


class Order:
    """Ranks in descending order; of equal values the one with the smaller tie comes first."""

    def __init__(self, values: Values, known: Known, ties: Ties, buckets: int) -> None:
        self.buckets, self.ranks = buckets, np.zeros(len(values), dtype=np.int16)
        self.size = 0
        self.totals: NDArray[np.int64] | None = None
        """Of each rank, what its values come to; None for floats, whose sums are not exact."""
        self._values, self._ties = values.copy(), ties
        self._codes = np.where(known, codes_of(values), NONE).astype(np.int32)
        self._counts = np.bincount(self._codes, minlength=NONE + 1)
        self._bins = np.empty(0, dtype=np.intp)
        self._edges: dict[int, int | float] = {}
        if values.dtype.kind == "i":
            self.totals = np.zeros(buckets + 1, dtype=np.int64)
            self.totals[0] = self._values.sum()
        self._settle(np.arange(len(values)))

    def update(self, rows: Indices, values: Values, known: Known) -> Indices:
        """Take new values of some rows (each once); returns whose ranks changed."""
        np.subtract.at(self._counts, self._codes[rows], 1)
        self._codes[rows] = np.where(known, codes_of(values), NONE)
        np.add.at(self._counts, self._codes[rows], 1)
        if self.totals is not None:
            np.add.at(self.totals, self.ranks[rows], values - self._values[rows])
        self._values[rows] = values
        return self._settle(rows)

    def borders(self) -> tuple[NDArray[np.int64], list[int | float], list[int | float]]:
        """Of each rank that somebody has: how many, the least and the greatest value."""
        ends = self._ends()
        begins = np.concatenate([[0], ends[:-1]])
        sizes = ends - begins
        taken = sizes > 0
        most = [self._edges[int(rank) + 1] for rank in begins[taken]]
        return sizes[taken], [self._edges[int(rank)] for rank in ends[taken]], most

    def _ends(self) -> NDArray[np.int64]:
        """The last position of each bucket, 1 being the first position."""
        small, surplus = divmod(self.size, self.buckets)
        bucket = np.arange(1, self.buckets + 1)
        return bucket * small + np.minimum(bucket, surplus)

    def _settle(self, moved: Indices) -> Indices:
        """Find the borders, and rank again whom they may have passed."""
        upto = np.cumsum(self._counts[:NONE])
        self.size = int(upto[-1])
        ends = self._ends()
        edges = np.unique(np.concatenate([[1], ends, ends + 1]))
        edges = edges[(edges >= 1) & (edges <= self.size)]
        bins = np.searchsorted(upto, self.size - np.clip(ends, 1, max(self.size, 1)) + 1)
        rows = self._near(moved, bins, edges, upto)
        codes = self._codes[rows]
        ranks = np.zeros(len(rows), dtype=np.int16)
        known = codes < NONE
        ranks[known] = buckets_of(self.size - upto[codes[known]] + 1, self.size, self.buckets)
        self._edges = {}
        for bin_ in np.unique(np.searchsorted(upto, self.size - edges + 1)) if self.size else []:
            here = np.flatnonzero(codes == bin_)
            above = self.size - int(upto[bin_])
            ranks[here] = self._exactly(
                rows[here], above, edges[(edges > above) & (edges <= above + len(here))]
            )
        differ = ranks != self.ranks[rows]
        changed: Indices = rows[differ]
        if self.totals is not None:
            np.subtract.at(self.totals, self.ranks[changed], self._values[changed])
            np.add.at(self.totals, ranks[differ], self._values[changed])
        self.ranks[changed] = ranks[differ]
        return changed

    def _near(
        self, moved: Indices, bins: Indices, edges: NDArray[np.int64], upto: NDArray[np.int64]
    ) -> Indices:
        """Those who moved, those at a border, and those between where one was and where it is."""
        if len(moved) == len(self._codes):
            self._bins = bins
            return moved
        marked = np.zeros(NONE + 1, dtype=bool)
        marked[np.searchsorted(upto, self.size - edges + 1)] = True
        for old, new in zip(self._bins, bins, strict=True):
            marked[min(old, new) : max(old, new) + 1] = True
        marked[NONE] = False
        self._bins = bins
        taken = marked[self._codes]
        taken[moved] = True
        return np.flatnonzero(taken)

    def _exactly(self, rows: Indices, above: int, edges: NDArray[np.int64]) -> Ranks:
        """Rank those who share a border's bits; `above` stand before them."""
        values, ties, at = self._values[rows], self._ties[rows], edges - above - 1
        if values.dtype.kind == "i" and int(values.max()) - int(values.min()) < NARROW:
            keys = ((values.max() - values) << 32) | ties
            borders = np.partition(keys, at)[at]
            found = values.max() - (borders >> 32)
            ranks = buckets_of(edges, self.size, self.buckets)
            # Edges are both ends of each bucket: whoever stands between two of them has the rank of either.
            result = ranks[np.minimum(np.searchsorted(borders, keys), len(ranks) - 1)]
        else:
            order = np.lexsort((ties, -values))
            found = values[order[at]]
            result = np.empty(len(rows), dtype=np.int16)
            result[order] = buckets_of(above + 1 + np.arange(len(rows)), self.size, self.buckets)
        self._edges |= dict(zip(edges.tolist(), found.tolist(), strict=True))
        return np.asarray(result, dtype=np.int16)


def codes_of(values: Values) -> NDArray[np.int32]:
    """Numbers below 2^BITS that never fall where the values grow."""
    bits = (values.astype(np.float32) + np.float32(0)).view(np.int32)
    # Of negative floats the bits grow with the magnitude.
    ordered = bits ^ ((bits >> 31) & np.int32(0x7FFFFFFF))
    return np.asarray((ordered >> (32 - BITS)) + (1 << (BITS - 1)), dtype=np.int32)
