"""The values of one large group in, their ranks out, and after a few of them changed, whose ranks changed.

`NTILE(n)` needs no sorted order: only where one bucket ends and the next begins. Values are counted by the
leading bits of a number that grows with them. Whoever shares these bits with a border is compared exactly;
all others have the rank of their bits. When some values change, only they are looked at, and those near
borders.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from perennial.value.lifetime.histories import Floats, Indices

Values = NDArray[np.int64] | Floats
Ranks = NDArray[np.int16]
Known = NDArray[np.bool_]
BITS = 18
NONE = 1 << BITS
"""The code of what is not known."""
NARROW = 1 << 31
"""Whole numbers that differ by less are compared together with their places, as one number."""


def buckets_of(ranks: NDArray[np.int64], sizes: NDArray[np.int64] | int, buckets: int) -> Ranks:
    """SQL's `NTILE(buckets)` from ranks (1 is first) among `sizes` rows."""
    small, surplus = np.divmod(sizes, buckets)
    cut = surplus * (small + 1)
    in_large = (ranks - 1) // (small + 1) + 1
    in_small = surplus + (ranks - 1 - cut) // np.maximum(small, 1) + 1
    return np.asarray(np.where(ranks <= cut, in_large, in_small), dtype=np.int16)


class Order:
    """Ranks in descending order; of equal values the one that stands first comes first."""

    def __init__(self, values: Values, known: Known, ranks: Ranks, buckets: int) -> None:
        """Fills `ranks`. All arrays are those of who asks: `update` finds new values in their place."""
        self.buckets, self.size = buckets, 0
        self.totals: NDArray[np.int64] | None = None
        """Of each rank, what its values come to; None for floats, whose sums are not exact."""
        self._values, self._known, self._ranks = values, known, ranks
        self._codes = np.where(known, codes_of(values), np.int32(NONE))
        self._counts = np.bincount(self._codes, minlength=NONE + 1)
        self._edges: dict[int, int | float] = {}
        upto = self._find_borders()
        ranks[:] = self._ranked(None, upto)
        if values.dtype.kind == "i":
            self.totals = np.zeros(buckets + 1, dtype=np.int64)
            np.add.at(self.totals, ranks, values)

    def update(self, rows: Indices, before: Values) -> Indices:
        """Look again at rows (each once) that had other values before; returns whose ranks changed."""
        values, bins = self._values[rows], self._bins
        np.subtract.at(self._counts, self._codes[rows], 1)
        self._codes[rows] = np.where(self._known[rows], codes_of(values), np.int32(NONE))
        np.add.at(self._counts, self._codes[rows], 1)
        if self.totals is not None:
            np.add.at(self.totals, self._ranks[rows], values - before)
        upto = self._find_borders()
        near = self._near(rows, bins)
        ranks = self._ranked(near, upto)
        differ = ranks != self._ranks[near]
        changed: Indices = near[differ]
        if self.totals is not None:
            np.subtract.at(self.totals, self._ranks[changed], self._values[changed])
            np.add.at(self.totals, ranks[differ], self._values[changed])
        self._ranks[changed] = ranks[differ]
        return changed

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

    def _find_borders(self) -> NDArray[np.int64]:
        """Find where buckets begin and end now; returns how many have each code, or a lower one."""
        upto = np.cumsum(self._counts[:NONE])
        self.size = int(upto[-1])
        ends = self._ends()
        edges = np.unique(np.concatenate([[1], ends, ends + 1]))
        self._places = edges[(edges >= 1) & (edges <= self.size)]
        # Codes of the last of each bucket; and those of everybody who is the first or the last of one.
        self._bins = np.searchsorted(upto, self.size - np.clip(ends, 1, max(self.size, 1)) + 1)
        self._shared = np.unique(np.searchsorted(upto, self.size - self._places + 1))
        return upto

    def _ranked(self, rows: Indices | None, upto: NDArray[np.int64]) -> Ranks:
        """The ranks of some, or of everybody."""
        codes = self._codes if rows is None else self._codes[rows]
        ranks = _ranks_of_bins(self._bins)[codes]
        self._edges = {}
        for bin_, here in _close(codes, self._shared):
            above = self.size - int(upto[bin_])
            inside = (self._places > above) & (self._places <= above + len(here))
            those = here if rows is None else rows[here]
            ranks[here] = self._exactly(those, above, self._places[inside])
        return ranks

    def _near(self, moved: Indices, bins: Indices) -> Indices:
        """Those who moved, those at a border, and those between where one was (`bins`) and where it is."""
        marked = np.zeros(NONE + 1, dtype=bool)
        marked[self._shared] = True
        for old, new in zip(bins, self._bins, strict=True):
            marked[min(old, new) : max(old, new) + 1] = True
        marked[NONE] = False
        taken = marked[self._codes]
        taken[moved] = True
        return np.flatnonzero(taken)

    def _exactly(self, rows: Indices, above: int, edges: NDArray[np.int64]) -> Ranks:
        """Rank those who share a border's bits (ascending); `above` stand before them."""
        values, at = self._values[rows], edges - above - 1
        least, most = values.min(), values.max()
        # Edges are both ends of each bucket: whoever stands between two of them has the rank of either.
        of_edge = buckets_of(edges, self.size, self.buckets)
        if least == most:
            found = np.repeat(least, len(at))
            # The edges cut them where they stand.
            result = np.repeat(np.append(of_edge, of_edge[-1]), np.diff(at, prepend=-1, append=len(rows) - 1))
        elif values.dtype.kind == "i" and int(most) - int(least) < NARROW:
            keys = ((most - values) << 32) | np.arange(len(rows))
            borders = np.partition(keys, at)[at]
            found = most - (borders >> 32)
            result = of_edge[np.minimum(np.searchsorted(borders, keys), len(of_edge) - 1)]
        else:
            order = np.argsort(-values, kind="stable")
            found = values[order[at]]
            result = np.empty(len(rows), dtype=np.int16)
            result[order] = buckets_of(above + 1 + np.arange(len(rows)), self.size, self.buckets)
        self._edges |= dict(zip(edges.tolist(), found.tolist(), strict=True))
        return np.asarray(result, dtype=np.int16)


def _ranks_of_bins(bins: Indices) -> Ranks:
    """The rank of each code, from those at which the ranks end; it is not exact at these themselves."""
    ranks, above = np.zeros(NONE + 1, dtype=np.int16), NONE
    for rank, bin_ in enumerate(bins.tolist(), 1):
        ranks[bin_:above] = rank
        above = bin_
    return ranks


def _close(codes: NDArray[np.int32], shared: Indices) -> Iterator[tuple[int, Indices]]:
    """Of each code that is shared with a border, who has it (ascending): these bits do not say their rank."""
    number = np.zeros(NONE + 1, dtype=np.int16)
    number[shared] = np.arange(1, len(shared) + 1)
    numbers = number[codes]
    close = np.flatnonzero(numbers)
    those = close[np.argsort(numbers[close], kind="stable")]
    sizes = np.bincount(numbers[close], minlength=len(shared) + 1)[1:]
    yield from zip(shared.tolist(), np.split(those, np.cumsum(sizes)[:-1]), strict=False)


def codes_of(values: Values) -> NDArray[np.int32]:
    """Numbers below 2^BITS that never fall where the values grow."""
    bits = (values.astype(np.float32) + np.float32(0)).view(np.int32)
    # Of negative floats the bits grow with the magnitude.
    ordered = bits ^ ((bits >> 31) & np.int32(0x7FFFFFFF))
    return np.asarray((ordered >> (32 - BITS)) + (1 << (BITS - 1)), dtype=np.int32)
