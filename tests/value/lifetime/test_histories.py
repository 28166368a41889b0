"""Grouping loses nothing, and what no customer can have is refused."""

import numpy as np
import polars as pl
import pytest

from perennial.value.lifetime.histories import Distinct, Histories, SummaryError


def summary(n: int, seed: int = 1) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    age = rng.integers(0, 200, n)
    frequency = rng.poisson(age / 60)
    recency = np.where(frequency > 0, rng.integers(0, age + 1), 0)
    return pl.DataFrame({"frequency": frequency, "recency": recency / 7, "age": age / 7})


def test_the_groups_are_the_customers():
    rows = summary(5000)
    grouped = Histories.grouped(rows)
    assert grouped.total == 5000
    assert len(grouped.age) == rows.n_unique() < 5000
    again = np.repeat(np.arange(len(grouped.age)), grouped.customers.astype(int))
    columns = [grouped.frequency[again], grouped.recency[again], grouped.age[again]]
    assert np.array_equal(np.column_stack(columns), rows.sort(rows.columns).cast(pl.Float64).to_numpy())


def test_distinct_pairs_lead_back_to_each_triple():
    grouped = Histories.grouped(summary(2000))
    for distinct, columns in [
        (grouped.until_age, (grouped.frequency, grouped.age)),
        (grouped.until_recency, (grouped.frequency, grouped.recency)),
        (grouped.frequencies, (grouped.frequency,)),
    ]:
        assert all(
            np.array_equal(found[distinct.of_triple], column)
            for found, column in zip(distinct.columns, columns, strict=True)
        )
        assert distinct.total(grouped.customers).sum() == 2000
    assert len(Distinct.of(np.array([1.0, 2.0, 1.0])).columns[0]) == 2


@pytest.mark.parametrize("size", [300, 1000, 3000])
def test_a_sample_stands_for_all(size):
    grouped = Histories.grouped(summary(20_000))
    sample = grouped.sample(size)
    assert len(sample.age) <= size + 1
    assert sample.total == pytest.approx(grouped.total)
    assert sample.mean_age == pytest.approx(grouped.mean_age, rel=0.1)
    assert grouped.sample(10**6) is grouped


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ((1, 3.0, 2.0), "1 of 2 rows are with a recency beyond the age"),
        ((-1, 0.0, 2.0), "1 of 2 rows are negative"),
        ((0, 1.0, 2.0), "1 of 2 rows are with a recency and no repeat purchase"),
        ((1, float("nan"), 2.0), "1 of 2 rows are null or not finite"),
        ((None, 1.0, 2.0), "1 of 2 rows are null or not finite"),
    ],
)
def test_what_no_customer_can_have_is_refused(row, message):
    rows = pl.DataFrame([(1, 1.0, 2.0), row], schema=["frequency", "recency", "age"], orient="row")
    with pytest.raises(SummaryError, match=message):
        Histories.grouped(rows)


def test_a_missing_column_is_named():
    with pytest.raises(SummaryError, match="no column recency, age; it has frequency"):
        Histories.grouped(pl.DataFrame({"frequency": [1]}))
