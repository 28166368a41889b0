"""The values of one large group in, their ranks out, and after a few of them changed, whose ranks changed.

`NTILE(n)` needs no sorted order: only where one bucket ends and the next begins. Values are counted by the
leading bits of a number that grows with them. Whoever shares these bits with a border is compared exactly;
all others have the rank of their bits. When some values change, only they are looked at, and those near
borders: where bits are those of one small whole number, only those between where a border was and is.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perennial.value.lifetime.histories import Floats, Indices

Values = NDArray[np.int64] | Floats
Ranks = NDArray[np.int16]
Known = NDArray[np.bool_]
BITS = 18
NONE = 1 << BITS
"""The code of what is not known."""
SMALL = (1 << BITS - 8) - 1
"""Whole numbers up to it have a code each."""
NARROW = 1 << 31
"""Whole numbers that differ by less are compared together with their places, as one number."""


def buckets_of(ranks: NDArray[np.int64], sizes: NDArray[np.int64] | int, buckets: int) -> Ranks:
    """SQL's `NTILE(buckets)` from ranks (1 is first) among `sizes` rows."""
    small, surplus = np.divmod(sizes, buckets)
    cut = surplus * (small + 1)
    in_large = (ranks - 1) // (small + 1) + 1
    in_small = surplus + (ranks - 1 - cut) // np.maximum(small, 1) + 1
    return np.asarray(np.where(ranks <= cut, in_large, in_small), dtype=np.int16)


@dataclass(frozen=True)
class Steps:
    """The ranks of those with equal values, by where they stand: the borders cut them there."""

    rows: Indices
    """The first and the last of each rank, ascending."""
    ranks: Ranks

    def of(self, rows: Indices) -> Ranks:
        """The ranks of some."""
        return np.asarray(self.ranks[np.minimum(np.searchsorted(self.rows, rows), len(self.ranks) - 1)])

    def differing(self, other: "Steps") -> Iterator[slice]:
        """From where to where others would have another rank."""
        ends = np.union1d(self.rows, other.rows)
        differ = self.of(ends) != other.of(ends)
        for begin, end in zip(np.append(0, ends[:-1] + 1)[differ], ends[differ], strict=True):
            yield slice(begin, end + 1)
        if self.ranks[-1] != other.ranks[-1]:
            yield slice(ends[-1] + 1, None)


@dataclass(frozen=True)
class Borders:
    """Where buckets begin and end: the rank of each code, if all who have it are in one bucket."""

    ranks: Ranks
    mixed: list[int]
    """Codes of several values with a border among them, which does not show by the code."""
    steps: dict[int, Steps]
    """Codes of one value with a border among those who have it."""

    def at(self, code: int) -> Steps:
        """The ranks of those with a code of one value."""
        nobody = np.zeros(1, dtype=np.intp)
        return self.steps.get(code) or Steps(nobody, self.ranks[code : code + 1])


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
        self._borders = self._find_borders()
        ranks[:] = self._ranked(None)
        if values.dtype.kind == "i":
            self.totals = np.zeros(buckets + 1, dtype=np.int64)
            np.add.at(self.totals, ranks, values)

    def update(self, rows: Indices, before: Values) -> Indices:
        """Look again at rows (each once) that had other values before; returns whose ranks changed."""
        values, borders = self._values[rows], self._borders
        np.subtract.at(self._counts, self._codes[rows], 1)
        self._codes[rows] = np.where(self._known[rows], codes_of(values), np.int32(NONE))
        np.add.at(self._counts, self._codes[rows], 1)
        if self.totals is not None:
            np.add.at(self.totals, self._ranks[rows], values - before)
        self._borders = self._find_borders()
        near = self._near(rows, borders)
        ranks = self._ranked(near)
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

    def _find_borders(self) -> Borders:
        """Find where buckets begin and end now."""
        self._upto = np.cumsum(self._counts[:NONE])
        self.size = int(self._upto[-1])
        ends = self._ends()
        edges = np.unique(np.concatenate([[1], ends, ends + 1]))
        self._places = edges[(edges >= 1) & (edges <= self.size)]
        bins = np.searchsorted(self._upto, self.size - np.clip(ends, 1, max(self.size, 1)) + 1)
        found, self._edges = Borders(_ranks_of_bins(bins), [], {}), {}
        least, most = codes_of(np.array([-SMALL, SMALL]))
        for code in np.unique(np.searchsorted(self._upto, self.size - self._places + 1)).tolist():
            if self._values.dtype.kind == "i" and least <= code <= most:
                at, ranks = self._places_in(code)
                rows = _the_nth(self._codes == code, at)
                found.steps[code] = Steps(rows, ranks)
                self._know(code, at, self._values[rows])
            else:
                found.mixed.append(code)
        return found

    def _places_in(self, code: int) -> tuple[Indices, Ranks]:
        """The first and the last of each rank among those with a code, 0 being the first; and the ranks."""
        above = self.size - int(self._upto[code])
        before = int(self._upto[code - 1]) if code else 0
        places = self._places[(self._places > above) & (self._places <= self.size - before)]
        return places - above - 1, buckets_of(places, self.size, self.buckets)

    def _know(self, code: int, at: Indices, values: Values) -> None:
        """Keep the values of those at places among the ones with a code."""
        places = self.size - int(self._upto[code]) + 1 + at
        self._edges |= dict(zip(places.tolist(), values.tolist(), strict=True))

    def _ranked(self, rows: Indices | None) -> Ranks:
        """The ranks of some, or of everybody."""
        codes = self._codes if rows is None else self._codes[rows]
        ranks: Ranks = self._borders.ranks[codes]
        for code, steps in self._borders.steps.items():
            here = np.flatnonzero(codes == code)
            ranks[here] = steps.of(here if rows is None else rows[here])
        for code, here in _close(codes, self._borders.mixed):
            ranks[here] = self._exactly(code, here if rows is None else rows[here])
        return ranks

    def _near(self, moved: Indices, before: Borders) -> Indices:
        """Those who moved, those whom borders passed, and those who must be compared exactly."""
        after = self._borders
        marked = before.ranks != after.ranks
        marked[[*before.mixed, *after.mixed]] = True
        stepped = {*before.steps, *after.steps}
        marked[[*stepped, NONE]] = False
        taken = marked[self._codes] if marked.any() else np.zeros(len(self._codes), dtype=bool)
        taken[moved] = True
        for code in stepped:
            for part in before.at(code).differing(after.at(code)):
                taken[part] |= self._codes[part] == code
        return np.flatnonzero(taken)

    def _exactly(self, code: int, rows: Indices) -> Ranks:
        """Rank those (ascending) who share a code with a border."""
        values, (at, of_edge) = self._values[rows], self._places_in(code)
        least, most = values.min(), values.max()
        # Edges are both ends of each bucket: whoever stands between two of them has the rank of either.
        if least == most:
            found = np.repeat(least, len(at))
            result = Steps(rows[at], of_edge).of(rows)
        elif values.dtype.kind == "i" and int(most) - int(least) < NARROW:
            keys = ((most - values) << 32) | np.arange(len(rows))
            borders = np.partition(keys, at)[at]
            found = most - (borders >> 32)
            result = Steps(borders, of_edge).of(keys)
        else:
            order = np.argsort(-values, kind="stable")
            found = values[order[at]]
            result = np.empty(len(rows), dtype=np.int16)
            result[order] = Steps(at, of_edge).of(np.arange(len(rows)))
        self._know(code, at, found)
        return result


def _ranks_of_bins(bins: Indices) -> Ranks:
    """The rank of each code, from those at which the ranks end; it is not exact at these themselves."""
    ranks, above = np.zeros(NONE + 1, dtype=np.int16), NONE
    for rank, bin_ in enumerate(bins.tolist(), 1):
        ranks[bin_:above] = rank
        above = bin_
    return ranks


def _the_nth(holds: Known, wanted: Indices) -> Indices:
    """Where it holds for the n-th time, 0 being the first; for several n, a fifth of `flatnonzero`'s time."""
    bits = np.packbits(holds, bitorder="little")
    words = np.append(bits, np.zeros(-len(bits) % 8, dtype=np.uint8)).view(np.uint64)
    upto = np.cumsum(np.bitwise_count(words), dtype=np.int64)
    found = np.searchsorted(upto, wanted, side="right")
    left = wanted - np.where(found > 0, upto[found - 1], 0)
    here = [np.flatnonzero(holds[64 * word : 64 * word + 64])[n] for word, n in zip(found, left, strict=True)]
    return 64 * found + np.array(here, dtype=np.intp)


def _close(codes: NDArray[np.int32], shared: list[int]) -> Iterator[tuple[int, Indices]]:
    """Of each code that is shared with a border, who has it (ascending): these bits do not say their rank."""
    if not shared:
        return
    number = np.zeros(NONE + 1, dtype=np.int16)
    number[shared] = np.arange(1, len(shared) + 1)
    numbers = number[codes]
    close = np.flatnonzero(numbers)
    those = close[np.argsort(numbers[close], kind="stable")]
    sizes = np.bincount(numbers[close], minlength=len(shared) + 1)[1:]
    yield from zip(shared, np.split(those, np.cumsum(sizes)[:-1]), strict=False)


def codes_of(values: Values) -> NDArray[np.int32]:
    """Numbers below 2^BITS that never fall where the values grow."""
    bits = (values.astype(np.float32) + np.float32(0)).view(np.int32)
    # Of negative floats the bits grow with the magnitude.
    ordered = bits ^ ((bits >> 31) & np.int32(0x7FFFFFFF))
    return np.asarray((ordered >> (32 - BITS)) + (1 << (BITS - 1)), dtype=np.int32)
