"""People who were sent something, and people who were held out, in; what sending brought, out.

Who is held out is drawn by lot, so that both groups differ in nothing but the sending, and the difference of
their means is what it brought. Its confidence interval is Welch's (1947), which does not take both groups'
variances to be equal: money is spread wider where more is bought.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl
from scipy.special import stdtr, stdtrit

TREATED = "treated"
ARMS = (TREATED, "held_out")
CONFIDENCE = 0.95
_MEASURES = ["count", "mean", "variance"]


def lift(
    people: pl.LazyFrame,
    outcomes: Sequence[str],
    by: Sequence[str] = (),
    confidence: float = CONFIDENCE,
    strata: Sequence[str] = (),
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

    `strata` are columns such as the share that was held out when somebody drew a lot. People are compared
    with those of the same stratum only, and strata weigh by all their people; those in which an arm has fewer
    than two are left out where there are others. In the order of `by`, and of the outcomes within.
    """
    values = [pl.col(name).cast(pl.Float64).fill_null(0.0) for name in outcomes]
    keys = [*by, "outcome", *strata]
    long = people.select(TREATED, *by, *strata, *values).unpivot(
        outcomes, index=[TREATED, *by, *strata], variable_name="outcome"
    )
    value = pl.col("value")
    # In one order, so that floats add up to the same to the last digit, whenever it is computed.
    ordered = long.sort(*keys, TREATED, "value").group_by(*keys, TREATED, maintain_order=True)
    sums = ordered.agg(count=pl.len(), mean=value.mean(), variance=value.var()).collect()
    both = [
        sums.filter(pl.col(TREATED) == treated).select(
            *keys, *(pl.col(measure).alias(f"{group}_{measure}") for measure in _MEASURES)
        )
        for group, treated in zip(ARMS, (True, False), strict=True)
    ]
    found = both[0].join(both[1], on=keys, how="full", coalesce=True, nulls_equal=True)
    order = pl.col("outcome").replace_strict([*outcomes], range(len(outcomes)), return_dtype=pl.Int64)
    pooled = _pooled(found.sort(keys), [*by, "outcome"])
    return _compared(pooled, confidence).sort(*by, order).select(*by, *COLUMNS)


COLUMNS = [
    "outcome", "treated", "held_out", "treated_mean", "held_out_mean", "difference", "low", "high", "p_value",
    "relative", "incremental",
]  # fmt: skip


def _pooled(found: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """One row for all strata of a group: means, the variance of their difference, its degrees of freedom."""
    counts = [pl.col(f"{group}_count").fill_null(0) for group in ARMS]
    usable = pl.min_horizontal(*counts) > 1
    # A group without any stratum that can be compared is told all the same, without an interval.
    kept = found.with_columns(*counts).filter(usable | ~usable.any().over(keys))
    people = sum(counts, start=pl.lit(0))
    kept = kept.with_columns(
        # Where an arm is empty, the other's mean is that of its people.
        __weight=pl.when(usable.all().over(keys)).then(people / people.sum().over(keys))
    )
    for group in ARMS:
        count = pl.col(f"{group}_count")
        alone = pl.when(count > 0).then(count / count.sum().over(keys))
        weight = pl.coalesce("__weight", alone)
        kept = kept.with_columns(
            (weight * pl.col(f"{group}_mean")).alias(f"{group}_mean"),
            (weight**2 * pl.col(f"{group}_variance") / count).alias(f"__{group}"),
        )
    parts = [pl.col(f"__{group}") for group in ARMS]
    known = pl.all_horizontal(part.is_not_null().all() for part in parts)
    # The degrees of freedom of Welch and Satterthwaite, over all strata.
    rest = [(part**2 / (count - 1)).sum() for part, count in zip(parts, counts, strict=True)]
    return kept.group_by(keys, maintain_order=True).agg(
        *(count.sum().alias(group) for count, group in zip(counts, ARMS, strict=True)),
        *(
            pl.when(pl.col(f"{group}_mean").count() > 0)
            .then(pl.col(f"{group}_mean").sum())
            .alias(f"{group}_mean")
            for group in ARMS
        ),
        __variance=pl.when(known).then(parts[0].sum() + parts[1].sum()),
        __rest=pl.when(known).then(rest[0] + rest[1]),
    )


def _compared(found: pl.DataFrame, confidence: float) -> pl.DataFrame:
    found = found.with_columns(difference=pl.col("treated_mean") - pl.col("held_out_mean"))
    difference, variance, rest = (
        found[name].to_numpy().astype(float) for name in ("difference", "__variance", "__rest")
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        error, freedom = np.sqrt(variance), variance**2 / rest
        half = stdtrit(freedom, (1 + confidence) / 2) * error
        p_value = 2 * stdtr(freedom, -np.abs(difference) / error)
    statistics = {"low": difference - half, "high": difference + half, "p_value": p_value}
    return found.with_columns(
        *(pl.Series(name, values).fill_nan(None) for name, values in statistics.items()),
        relative=pl.when(pl.col("held_out_mean") != 0).then(pl.col("difference") / pl.col("held_out_mean")),
        incremental=pl.col("difference") * pl.col("treated"),
    )
