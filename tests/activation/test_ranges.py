"""Ranges of keys hold every key once, and none of them more than is asked for."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from perennial.activation.ranges import EVERY_KEY, ranges

KEYS = st.lists(st.text(max_size=4), max_size=30)


@given(known=KEYS, others=KEYS, size=st.integers(1, 8))
def test_every_key_is_in_one_range(known: list[str], others: list[str], size: int) -> None:
    found = list(ranges(pl.Series(known, dtype=pl.String), size))
    keys = pl.DataFrame({"key": sorted({*known, *others})}, schema={"key": pl.String})
    held = [set(keys.filter(within.holds(pl.col("key")))["key"]) for within in found]
    assert sorted(key for some in held for key in some) == sorted({*known, *others})
    assert all(len(some & set(known)) <= size for some in held)
    assert len(found) == max(1, -(-len(set(known)) // size))


def test_nobody_is_one_range() -> None:
    assert list(ranges(pl.Series([], dtype=pl.String), 5)) == [EVERY_KEY]
