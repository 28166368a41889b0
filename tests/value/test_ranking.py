"""Ranks by counting are those of NTILE by sorting, whatever the values look like and however they change."""

from collections import Counter

import duckdb
import numpy as np
import polars as pl
import pytest

from perennial.value.order import buckets_of
from perennial.value.ranking import FEW, Ranking

RANDOM = np.random.default_rng(20171231)
SIZE = 3 * FEW
VALUES = {
    "skewed, with refunds": (RANDOM.pareto(1.1, SIZE) * 10_000).astype(np.int64) - 500,
    "few distinct": RANDOM.integers(0, 12, SIZE),
    "all equal": np.full(SIZE, 7),
    "close together and great": RANDOM.integers(0, 2_000, SIZE) + 2**40,
    "far apart": RANDOM.integers(-(2**60), 2**60, SIZE),
    "floats on both sides of zero": RANDOM.normal(0, 3, SIZE),
    "zeros of both signs": np.where(RANDOM.random(SIZE) < 0.5, 0.0, -0.0),
}
# One group is counted, the others are sorted together.
STARTS = np.array([0, 10, 10, 2 * FEW + 11, 2 * FEW + 50, SIZE - 7, SIZE])
GROUPS = np.repeat(np.arange(len(STARTS) - 1), np.diff(STARTS))


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


def in_sql(values: np.ndarray, known: np.ndarray, buckets: int) -> pl.DataFrame:
    """What another engine says: (id, grp, value, decile), 0 for who has no rank."""
    frame = pl.DataFrame({"id": np.arange(SIZE), "grp": GROUPS, "value": values, "known": known})
    assert frame.height == SIZE
    found = duckdb.sql(f"""
        SELECT id, grp, value, CASE WHEN known THEN
            ntile({buckets}) OVER (PARTITION BY grp, known ORDER BY value + 0 DESC, id)
        ELSE 0 END AS decile
        FROM frame ORDER BY id
    """)
    assert found is not None
    return pl.DataFrame(found.pl())


def summed(ranked: pl.DataFrame) -> list[tuple]:
    value = pl.col("value")
    total = pl.lit(None) if ranked.schema["value"] == pl.Float64 else value.sum().cast(pl.Int64)
    groups = ranked.filter(pl.col("decile") > 0).group_by("grp", "decile")
    every = groups.agg(
        pl.len().alias("customers"), total, value.min().alias("least"), value.max().alias("most")
    )
    return every.sort("grp", "decile").rows()


@pytest.mark.parametrize("buckets", [4, 10, 100])
@pytest.mark.parametrize("name", VALUES)
def test_ranks_and_sums_are_right_and_stay_so_while_values_change(name, buckets):
    random = np.random.default_rng(7)
    known = random.random(SIZE) < 0.9
    values = np.where(known, VALUES[name], 0)
    ranking = Ranking(values, known, STARTS, buckets)
    for size in (0, 1, 300, 20_000):
        before = ranking.ranks.copy()
        rows = np.sort(random.choice(SIZE, size, replace=False))
        # Some come or go, others take each other's values.
        old = values[rows]
        known[rows] = random.random(size) < 0.8
        values[rows] = np.where(known[rows], random.permutation(VALUES[name][rows]), 0)
        changed = ranking.update(rows, old)
        expected = in_sql(values, known, buckets)
        assert ranking.ranks.tolist() == expected["decile"].to_list()
        assert changed.tolist() == np.flatnonzero(before != ranking.ranks).tolist()
        assert ranking.summary().rows() == summed(expected)


@pytest.mark.parametrize("left", [0, 3, FEW + 1])
def test_a_large_group_may_become_a_small_one_and_an_empty_one(left):
    values, known = np.arange(SIZE), np.ones(SIZE, dtype=bool)
    ranking = Ranking(values, known, np.array([0, SIZE]), 10)
    gone = np.arange(left, SIZE)
    old = values[gone]
    values[gone], known[gone] = 0, False
    ranking.update(gone, old)
    assert ranking.ranks[left:].max(initial=0) == 0
    assert ranking.ranks[:left].tolist() == buckets_of(np.arange(left, 0, -1), left, 10).tolist()
    assert ranking.summary()["customers"].sum() == left


def test_nobody_gives_no_ranks():
    nothing = np.empty(0, dtype=np.int64)
    ranking = Ranking(nothing, nothing.astype(bool), np.array([0]), 10)
    assert ranking.ranks.tolist() == []
    assert ranking.summary().is_empty()
