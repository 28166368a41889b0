"""Ranks by counting are those of NTILE by sorting, whatever the values look like."""

from collections import Counter

import duckdb
import numpy as np
import polars as pl
import pytest

from perennial.value.ranking import FEW, buckets_of, ntiles

RANDOM = np.random.default_rng(20171231)
SIZE = 3 * FEW
VALUES = {
    "skewed, with refunds": (RANDOM.pareto(1.1, SIZE) * 10_000).astype(np.int64) - 500,
    "few distinct": RANDOM.integers(0, 12, SIZE),
    "all equal": np.full(SIZE, 7),
    "beyond the digits of a small float": RANDOM.integers(0, 2_000, SIZE) + 2**40,
    "floats on both sides of zero": RANDOM.normal(0, 3, SIZE),
    "zeros of both signs": np.where(RANDOM.random(SIZE) < 0.5, 0.0, -0.0),
}


@pytest.mark.parametrize(
    ("customers", "sizes"),
    [
        (7, [1] * 7),
        (10, [1] * 10),
        (23, [3, 3, 3] + [2] * 7),
        (103, [11, 11, 11] + [10] * 7),
        (1, [1]),
    ],
)
def test_sizes_are_those_of_the_standard(customers, sizes):
    buckets = buckets_of(np.arange(1, customers + 1), customers, 10).tolist()
    assert buckets == sorted(buckets)
    assert [Counter(buckets)[b] for b in sorted(set(buckets))] == sizes


@pytest.mark.parametrize("buckets", [4, 10, 100])
@pytest.mark.parametrize("name", VALUES)
def test_many_customers_are_ranked_as_by_sorting(name, buckets):
    values, known = VALUES[name], RANDOM.random(SIZE) < 0.9
    # One group is counted, the others are sorted together.
    starts = np.array([0, 10, 10, 2 * FEW + 11, 2 * FEW + 50, SIZE - 7, SIZE])
    group = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    frame = pl.DataFrame({"id": np.arange(SIZE), "grp": group, "value": values, "known": known})
    expected = duckdb.sql(f"""
        SELECT id, CASE WHEN known THEN
            ntile({buckets}) OVER (PARTITION BY grp, known ORDER BY value + 0 DESC, id)
        ELSE 0 END AS rank
        FROM frame ORDER BY id
    """).pl()
    assert frame.height == SIZE
    assert ntiles(values, known, starts, buckets).tolist() == expected["rank"].to_list()


def test_nobody_gives_no_ranks():
    nothing = np.empty(0, dtype=np.int64)
    assert ntiles(nothing, nothing.astype(bool), np.array([0]), 10).tolist() == []
