"""Keys of people in; ranges of keys, each of no more people than memory takes with ease, out."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import TypeVar

import polars as pl

T = TypeVar("T")


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


def ahead(items: Iterator[T]) -> Iterator[T]:
    """The same items, each made while the one before it is made use of."""
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as pool:
        following = pool.submit(lambda: [*islice(items, 1)])
        while found := following.result():
            following = pool.submit(lambda: [*islice(items, 1)])
            yield found[0]
