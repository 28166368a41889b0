"""Events of visitors in; what each of them did within minutes, by day and over all days, out.

Days are kept apart until the end: a day that late events touch is counted anew, and all others stay.
"""

import polars as pl

from perennial.bots.definition import BUCKETS, BotDefinition

VISITOR, DAY = "visitor", "event_date"


def by_day(events: pl.LazyFrame, page: str | None, user_agent: str | None) -> pl.LazyFrame:
    """One row a visitor and day (UTC), from events with `visitor`, `event_time` and `event_date`.

    For each bucket of 60, 300 and 1,800 seconds since midnight: `most_60`, the events of the fullest one;
    `pages_60`, the most different pages in one; `buckets_60`, in how many there were any. The `user_agent` is
    the most frequent one of the day. Events without a visitor are nobody's.
    """
    found = events.filter(pl.col(VISITOR).is_not_null())
    key, seconds = [VISITOR, DAY], pl.col("event_time").dt.epoch("s")
    pages = pl.col(page).n_unique() - pl.col(page).null_count().clip(0, 1) if page else pl.lit(0)
    agent = pl.col(user_agent).cast(pl.String) if user_agent else pl.lit(None, pl.String)
    named = found.select(*key, agent=agent).group_by(*key, "agent").agg(times=pl.len())
    days = named.group_by(key).agg(
        events=pl.col("times").sum().cast(pl.Int64),
        user_agent=pl.col("agent").sort_by("times", "agent", descending=[True, False]).drop_nulls().first(),
    )
    for size in BUCKETS:
        filled = (
            found.group_by(*key, bucket=seconds // size)
            .agg(count=pl.len().cast(pl.Int64), pages=pages.cast(pl.Int64))
            .group_by(key)
            .agg(
                pl.col("count").max().alias(f"most_{size}"),
                pl.len().cast(pl.Int64).alias(f"buckets_{size}"),
                pl.col("pages").max().alias(f"pages_{size}"),
            )
        )
        days = days.join(filled, on=key)
    return days


def over_days(days: pl.LazyFrame) -> pl.LazyFrame:
    """One row a visitor, from rows as `by_day` gives them.

    Beside the most of any day: `mean_60`, the events of a bucket that has any; `events` in all, the
    `first_day` and `last_day`, and the user agent of the day with most events.
    """
    return days.group_by(VISITOR).agg(
        *(pl.col(f"{kind}_{size}").max() for kind in ("most", "pages") for size in BUCKETS),
        *(_mean(size).alias(f"mean_{size}") for size in BUCKETS),
        pl.col("events").sum(),
        pl.col("user_agent")
        .sort_by("events", "user_agent", descending=[True, False])
        .drop_nulls()
        .first(),
        first_day=pl.col(DAY).min(),
        last_day=pl.col(DAY).max(),
    )  # fmt: skip


def _mean(size: int) -> pl.Expr:
    return pl.col("events").sum() / pl.col(f"buckets_{size}").sum()


def breaks(definition: BotDefinition) -> pl.Expr:
    """Whether a visitor has more events in a bucket than the rule allows."""
    each = [pl.col(f"most_{size}") > most for size, most in sorted(definition.rule.items())]
    return pl.any_horizontal(each) if each else pl.lit(False)
