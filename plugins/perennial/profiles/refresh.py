"""People of whom something is new in; their profiles as they are now out, all others left as they are."""

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from perennial.identity.people import PERSON
from perennial.profiles.build import HELD_AT, Merge, addressed, merged, seen

BASE, STEP = "snapshot", "step"
"""Columns of refreshed profiles: upon which snapshot of the daily ones they stand, and which of a person's
rows is the newest."""


def refreshed(
    profiles: pl.LazyFrame,
    events: Sequence[pl.LazyFrame],
    records: Sequence[pl.LazyFrame],
    now: datetime,
    merge: Merge,
) -> pl.LazyFrame:
    """The profiles of some people, with what is known by now; with new rows of people who had none.

    `profiles` are theirs so far, `events` what has come since, or more of it, and `records` all of theirs.
    What value computed stays as it is until the next day. Columns: those of `profiles`, and of records that
    these do not have yet.
    """
    lately = seen(events, now)
    everybody = pl.concat([profiles.select(PERSON), lately.select(PERSON)]).unique()
    before = profiles.rename({"first_seen": "__first", "last_seen": "__last"})
    people = everybody.join(before, on=PERSON, how="left").join(lately, on=PERSON, how="left")
    people = people.with_columns(
        first_seen=pl.min_horizontal("first_seen", "__first"),
        last_seen=pl.max_horizontal("last_seen", "__last"),
    ).drop("__first", "__last")
    if records:
        known = merged(records, merge)
        fresh = [name for name in known.collect_schema() if name not in (PERSON, HELD_AT)]
        people = people.drop(fresh, strict=False).join(known.select(PERSON, *fresh), on=PERSON, how="left")
    return addressed(people)


def overlaid(daily: pl.LazyFrame, fresh: pl.LazyFrame) -> pl.LazyFrame:
    """The daily profiles, with the newest row of whoever was refreshed in place of theirs."""
    newest = fresh.sort(STEP).unique(PERSON, keep="last")
    kept = daily.join(newest.select(PERSON), on=PERSON, how="anti")
    return pl.concat([kept, newest.drop(BASE, STEP)], how="diagonal_relaxed")
