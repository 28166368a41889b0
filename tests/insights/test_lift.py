"""What sending brought has the answers of a published randomised test, and those of SciPy."""

import numpy as np
import polars as pl
import pytest
from scipy import stats

from perennial.insights.lift import lift

HILLSTROM = {
    "mens": {"people": 21_307, "visit": 3_894, "conversion": 267},
    "womens": {"people": 21_387, "visit": 3_238, "conversion": 189},
    "none": {"people": 21_306, "visit": 2_262, "conversion": 122},
}
"""Kevin Hillstrom's MineThatData e-mail test of 64,000 customers (2008): who came, and who bought, within two
weeks of an e-mail for men, one for women, or none."""


def customers(group: str, treated: bool) -> pl.LazyFrame:
    counts = HILLSTROM[group]
    number = pl.int_range(pl.len())
    return pl.LazyFrame({"treated": [treated] * counts["people"]}).with_columns(
        visit=number < counts["visit"], conversion=number < counts["conversion"]
    )


@pytest.mark.parametrize(
    ("group", "visit", "conversion"),
    [("mens", (18.28, 7.66), (1.25, 0.68)), ("womens", (15.14, 4.52), (0.88, 0.31))],
)
def test_hillstroms_test_has_its_known_answer(group, visit, conversion):
    people = pl.concat([customers(group, True), customers("none", False)])
    found = lift(people, ["visit", "conversion"])
    for row, (mean, difference) in zip(found.to_dicts(), (visit, conversion), strict=True):
        # In percent and percentage points, as they were published.
        assert round(100 * row["treated_mean"], 2) == mean
        assert round(100 * row["difference"], 2) == difference
        assert 0 < row["low"] < row["difference"] < row["high"]
        assert row["p_value"] < 0.001
    assert found["held_out_mean"].round(4).to_list() == [0.1062, 0.0057]
    assert found["treated"].to_list() == [HILLSTROM[group]["people"]] * 2
    assert found["incremental"][0] == pytest.approx(HILLSTROM[group]["people"] * visit[1] / 100, rel=1e-3)


def test_intervals_are_those_of_scipy_in_each_decile():
    rng = np.random.default_rng(7)
    people = pl.DataFrame(
        {
            "decile": rng.integers(1, 11, 5_000),
            "treated": rng.random(5_000) < 0.9,
            "revenue": pl.Series(rng.gamma(0.2, 100.0, 5_000).round(2)).cast(pl.Decimal(18, 2)),
        }
    )
    found = lift(people.lazy(), ["revenue"], ["decile"], confidence=0.9)
    assert found["decile"].to_list() == [*range(1, 11)]
    for row in found.to_dicts():
        money = people.filter(decile=row["decile"]).with_columns(pl.col("revenue").cast(pl.Float64))
        sent, kept = (money.filter(treated=one)["revenue"].to_numpy() for one in (True, False))
        welch = stats.ttest_ind(sent, kept, equal_var=False)
        low, high = welch.confidence_interval(0.9)
        assert (row["low"], row["high"]) == pytest.approx((low, high), rel=1e-9)
        assert row["p_value"] == pytest.approx(welch.pvalue, rel=1e-9)
        assert row["relative"] == pytest.approx(sent.mean() / kept.mean() - 1)


def test_nothing_is_claimed_of_groups_that_say_nothing():
    people = pl.LazyFrame(
        {
            "audience": ["one", "all sent", "all sent", "alike", "alike", "alike", "alike"],
            "treated": [False, True, True, True, True, False, False],
            "bought": [1, None, 3, 0, 0, 0, 0],
        }
    )
    found = {row["audience"]: row for row in lift(people, ["bought"], ["audience"]).to_dicts()}
    assert (found["one"]["treated"], found["one"]["held_out"]) == (0, 1)
    assert found["all sent"]["treated_mean"] == 1.5
    assert found["alike"]["difference"] == 0
    for row in found.values():
        assert [row["low"], row["high"], row["p_value"], row["relative"]] == [None] * 4


def test_people_are_compared_with_those_who_drew_lots_of_the_same_share():
    """Those who came first buy more, and fewer of them are held out: sending brings nothing to either."""
    rng = np.random.default_rng(3)
    shares = pl.Series("share", [0.1] * 4000 + [0.5] * 4000)
    people = shares.to_frame().with_columns(
        treated=pl.Series(rng.random(8000)) >= shares,
        spent=pl.when(pl.col("share") < 0.3).then(20.0).otherwise(10.0) + pl.Series(rng.normal(0, 5, 8000)),
    )
    (mixed,) = lift(people.lazy(), ["spent"]).to_dicts()
    assert mixed["low"] > 1, "as if sending brought something"
    (found,) = lift(people.lazy(), ["spent"], strata=["share"]).to_dicts()
    assert found["low"] < 0 < found["high"]
    assert (found["treated"], found["held_out"]) == (mixed["treated"], mixed["held_out"])
    by_share = lift(people.lazy(), ["spent"], ["share"])
    weighed = by_share["difference"].mean()
    assert found["difference"] == pytest.approx(weighed)
    # The intervals' halves, of as many people each, add up as standard errors do.
    halves = (by_share["high"] - by_share["low"]) / 2
    assert (found["high"] - found["low"]) / 2 == pytest.approx(
        float(np.linalg.norm(halves.to_numpy())) / 2, rel=0.01
    )


def test_a_stratum_in_which_nobody_is_held_out_is_left_out():
    people = pl.LazyFrame(
        {
            "share": [0.1] * 3 + [0.5] * 4,
            "treated": [True] * 3 + [True, True, False, False],
            "bought": [9, 9, 9, 1, 2, 0, 1],
        }
    )
    (found,) = lift(people, ["bought"], strata=["share"]).to_dicts()
    assert (found["treated"], found["held_out"], found["difference"]) == (2, 2, 1.0)


def test_the_order_of_people_leaves_no_trace():
    rng = np.random.default_rng(11)
    people = pl.DataFrame(
        {
            "decile": rng.integers(1, 4, 20_000),
            "share": rng.choice([0.1, 0.2], 20_000),
            "treated": rng.random(20_000) < 0.9,
            "revenue": rng.gamma(0.2, 100.0, 20_000),
        }
    )
    found = [
        lift(
            people.sample(fraction=1, shuffle=True, seed=n).lazy(), ["revenue"], ["decile"], strata=["share"]
        )
        for n in range(5)
    ]
    assert all(each.equals(found[0]) for each in found)
