"""Keys of people in; ranges of keys, each of no more people than memory takes with ease, out."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import polars as pl


@dataclass(frozen=True)
class KeyRange:
    """Keys from `first` on and before `end`, in the order of their bytes; None: there is no such end."""

    first: str | None = None
    end: str | None = None

    def holds(self, key: pl.Expr) -> pl.Expr:
        """Whether a key is among them."""
        after = pl.lit(True) if self.first is None else key >= self.first
        return after if self.end is None else after & (key < self.end)


EVERY_KEY = KeyRange()


def ranges(keys: pl.Series, size: int) -> Iterator[KeyRange]:
    """Ranges that hold all keys that there can be, each no more than `size` of these."""
    # The order of texts is that of their bytes, in Polars as in PostgreSQL's collation "C".
    edges = keys.unique().sort().gather_every(size)[1:]
    for first, end in pairwise([None, *edges, None]):
        yield KeyRange(first, end)
