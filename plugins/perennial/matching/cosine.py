"""Texts of two sides in; the pairs whose cosine reaches a threshold out, without comparing all with all.

Only pairs are looked at that share one of the terms that few texts have: n-grams, longer n-grams and words
are taken from the rarest on, until they bring together as many pairs as there is time for. Each such pair is
then scored by all its n-grams. Of small sides every term is taken, and no pair is missed.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import sparse

from perennial.matching.terms import Side

PAIRS = 30
"""Pairs that may be looked at for each row of the longer side, terms that they share counted each."""
AT_LEAST = 2_000_000
"""Pairs that may always be looked at."""
CHUNK = 500_000
"""Pairs that are scored at a time."""


@dataclass(frozen=True)
class Blocks:
    """A number for each row of both sides: only rows with the same one are compared."""

    left: np.ndarray
    right: np.ndarray


def alike(
    left: Side, right: Side, least: float, blocks: Blocks | None = None, threads: int = 2
) -> pl.DataFrame:
    """Pairs (`left`, `right`: row numbers) with a `score` of at least `least`; symmetric in both sides."""
    ours, theirs = _rare(left, right)

    def scored(rows: slice) -> pl.DataFrame:
        found = (ours[rows] @ theirs).tocoo()
        i, j = found.row.astype(np.int64) + rows.start, found.col.astype(np.int64)
        if blocks is not None:
            same = blocks.left[i] == blocks.right[j]
            i, j = i[same], j[same]
        scores = cosines(left.vectors, right.vectors, i, j)
        enough = scores >= least
        return _frame(i[enough], j[enough], scores[enough])

    with ThreadPoolExecutor(threads) as pool:
        parts = list(pool.map(scored, _slices(ours, theirs)))
    return pl.concat([_frame(*(np.empty(0),) * 3), *parts])


def cosines(
    left: sparse.csr_array, right: sparse.csr_array, rows: np.ndarray, others: np.ndarray
) -> np.ndarray:
    """Of pairs of rows, the cosines."""
    # The order in which products are added up must not show.
    found: np.ndarray = np.round(left[rows].multiply(right[others]).sum(axis=1), 9)
    return found


def _rare(left: Side, right: Side) -> tuple[sparse.csr_array, sparse.csr_array]:
    """Which terms by which pairs are looked up the left rows have, and which of the right rows have them.

    As many of the rarest are taken as there is time for.
    """
    pairs = [_often(a) * _often(b) for a, b in zip(left.terms, right.terms, strict=True)]
    each = np.sort(np.concatenate(pairs))
    most = max(AT_LEAST, PAIRS * max(left.vectors.shape[0], right.vectors.shape[0]))
    taken = int(np.searchsorted(np.cumsum(each), most, side="right"))
    # Of terms that are equally common all are taken or none: their order must not show. Those that one pair
    # shares cost little, and are what tells most.
    limit = max(each[taken], 2) if taken < len(each) else each[-1:].max(initial=0) + 1
    kept = [np.flatnonzero((count > 0) & (count < limit)) for count in pairs]

    def chosen(side: Side) -> sparse.csr_array:
        parts = [part[:, columns].astype(bool) for part, columns in zip(side.terms, kept, strict=True)]
        return sparse.hstack(parts, format="csr")

    return chosen(left), chosen(right).T.tocsr()


def _often(matrix: sparse.csr_array) -> np.ndarray:
    return np.bincount(matrix.indices, minlength=matrix.shape[1]).astype(np.int64)


def _slices(ours: sparse.csr_array, theirs: sparse.csr_array) -> Iterator[slice]:
    """Ranges of rows that bring together about as many pairs each."""
    cost = np.cumsum(ours @ np.diff(theirs.indptr))
    start = 0
    while start < len(cost):
        before = cost[start - 1] if start else 0
        end = max(int(np.searchsorted(cost, before + CHUNK, side="right")), start + 1)
        yield slice(start, end)
        start = end


def _frame(left: np.ndarray, right: np.ndarray, score: np.ndarray) -> pl.DataFrame:
    frame = pl.DataFrame({"left": left, "right": right, "score": score})
    return frame.cast({"left": pl.UInt32, "right": pl.UInt32, "score": pl.Float64})
