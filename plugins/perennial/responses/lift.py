"""People who were sent something, and people who were held out, in; what sending brought, out.

Who is held out is drawn by lot, so that both groups differ in nothing but the sending, and the difference of
their means is what it brought. Its confidence interval is Welch's (1947), which does not take both groups'
variances to be equal: money is spread wider where more is bought.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl
from scipy import stats

TREATED = "treated"
CONFIDENCE = 0.95
_MEASURES = ["count", "mean", "variance"]


def lift(
    people: pl.LazyFrame, outcomes: Sequence[str], by: Sequence[str] = (), confidence: float = CONFIDENCE
) -> pl.DataFrame:
    """What sending brought, of each outcome, and of each group of people.

    `people` has a row for each person: `treated`, whether they were sent it, the columns `by`, and the
    outcomes, which are numbers, or true and false; one that is missing counts as none. Returns (*by, outcome,
    treated, held_out, treated_mean, held_out_mean, difference, low, high, p_value, relative, incremental):

    - `treated` and `held_out` are numbers of people, and the means those of their outcomes;
    - `difference` lies between `low` and `high` with this confidence, and `p_value` is that of no difference
      (two-sided). All three are null where a group has fewer than two people, or nothing varies;
    - `relative` is the difference over the mean of those held out, null where that is none;
    - `incremental` is the difference times the people who were sent it.

    In the order of `by`, and of the outcomes within.
    """
    values = [pl.col(name).cast(pl.Float64).fill_null(0.0) for name in outcomes]
    long = people.select(TREATED, *by, *values).unpivot(
        outcomes, index=[TREATED, *by], variable_name="outcome"
    )
    value = pl.col("value")
    sums = long.group_by(*by, "outcome", TREATED).agg(count=pl.len(), mean=value.mean(), variance=value.var())
    both = [
        sums.filter(pl.col(TREATED) == treated).select(
            *by, "outcome", *(pl.col(measure).alias(f"{group}_{measure}") for measure in _MEASURES)
        )
        for group, treated in (("treated", True), ("held_out", False))
    ]
    keys = [*by, "outcome"]
    found = both[0].join(both[1], on=keys, how="full", coalesce=True, nulls_equal=True).collect()
    order = pl.col("outcome").replace_strict([*outcomes], range(len(outcomes)), return_dtype=pl.Int64)
    return _compared(found, confidence).sort(*by, order).select(*by, *COLUMNS)


COLUMNS = [
    "outcome", "treated", "held_out", "treated_mean", "held_out_mean", "difference", "low", "high", "p_value",
    "relative", "incremental",
]  # fmt: skip


def _compared(found: pl.DataFrame, confidence: float) -> pl.DataFrame:
    counts = [pl.col(f"{group}_count").fill_null(0).alias(group) for group in ("treated", "held_out")]
    found = found.with_columns(counts).with_columns(
        difference=pl.col("treated_mean") - pl.col("held_out_mean"),
        __one=pl.col("treated_variance") / pl.col("treated"),
        __two=pl.col("held_out_variance") / pl.col("held_out"),
    )
    one, two = (found[name].to_numpy().astype(float) for name in ("__one", "__two"))
    difference, n, m = (
        found[name].to_numpy().astype(float) for name in ("difference", "treated", "held_out")
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        error = np.sqrt(one + two)
        # The degrees of freedom of Welch and Satterthwaite.
        freedom = (one + two) ** 2 / (one**2 / (n - 1) + two**2 / (m - 1))
        half = stats.t.ppf((1 + confidence) / 2, freedom) * error
        p_value = 2 * stats.t.sf(np.abs(difference) / error, freedom)
    statistics = {"low": difference - half, "high": difference + half, "p_value": p_value}
    return found.with_columns(
        *(pl.Series(name, values).fill_nan(None) for name, values in statistics.items()),
        relative=pl.when(pl.col("held_out_mean") != 0).then(pl.col("difference") / pl.col("held_out_mean")),
        incremental=pl.col("difference") * pl.col("treated"),
    )
