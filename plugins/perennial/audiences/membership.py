"""Members of a day in; who came in and left since the day before, and since when people are members, out.

A membership's status is `entered`, `kept` or `exited`, compared with the nearest earlier day on which its
audience was evaluated. A day that is evaluated again corrects the day after it too, so that the order of runs
leaves no trace.

A day on which an audience could not be evaluated has no rows of it: nothing is known of it then, and nobody
has left it.
"""

from collections.abc import Mapping, Set
from datetime import date

import polars as pl

from perennial.audiences.evaluation import KEYS, MEMBERS
from perennial.lake.tables import Table

ENTERED, KEPT, EXITED = "entered", "kept", "exited"
Failed = Mapping[date, Set[str]]
"""By day, the audiences that could not be evaluated."""
NONE: Set[str] = frozenset()
EVERY: Failed = {}
"""Every audience was evaluated on every day."""
NO_DAYS: Set[date] = frozenset()


def failed(evaluations: Table) -> Failed:
    """What was recorded of failures (as `EVALUATIONS`)."""
    rows = evaluations.scan().filter(pl.col("failure").is_not_null())
    by_day = rows.group_by("as_of").agg(pl.col("audience")).select("as_of", "audience").collect()
    return {day: frozenset(names) for day, names in by_day.iter_rows()}


def store(table: Table, members: pl.DataFrame, as_of: date, lacking: Failed = EVERY) -> pl.DataFrame:
    """Commit the members as of a day, with their status; returns what was committed for that day.

    `lacking` are the failures of this day and of all others.
    """
    days = _days(table) | {as_of}
    rows = _follow(table, members, as_of, days, lacking)
    # The next day on which an audience was evaluated is compared with this one.
    waiting: Set[str] | None = None
    for day in sorted(each for each in days if each > as_of):
        _follow(table, _members(table, day), day, days, lacking)
        waiting = lacking.get(day, NONE) & (lacking.get(day, NONE) if waiting is None else waiting)
        if not waiting:
            break
    return rows


def last_members(table: Table, day: date, lacking: Failed, days: Set[date] = NO_DAYS) -> pl.DataFrame:
    """Who was in each audience when it was evaluated last before a day: as `evaluate` gives members.

    `days` are those that the table has, where the caller knows.
    """
    found, missing = [pl.DataFrame(schema=MEMBERS)], None
    for earlier in sorted((each for each in days or _days(table) if each < day), reverse=True):
        members = _members(table, earlier)
        found.append(members if missing is None else members.filter(pl.col("audience").is_in([*missing])))
        missing = lacking.get(earlier, NONE) & (lacking.get(earlier, NONE) if missing is None else missing)
        if not missing:
            break
    return pl.concat(found)


def qualified(rows: pl.LazyFrame, as_of: date) -> pl.LazyFrame:
    """When people came into audiences, as of a day: (audience, person_id, status, as_of, first_qualified,
    last_qualified).

    `rows` are the table's. `status` is that of their newest row, which is of the day `as_of`: an earlier one
    than asked for where they have left, or where the audience could not be evaluated since. Whoever never
    left has qualified once.
    """
    known = rows.filter(pl.col("as_of") <= as_of)
    entered = pl.col("as_of").filter(pl.col("status") == ENTERED)
    return known.group_by(KEYS).agg(
        pl.col("status").get(pl.col("as_of").arg_max()),
        pl.col("as_of").max(),
        first_qualified=entered.min(),
        last_qualified=entered.max(),
    )


def transitions(before: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """The members of a day and those who left, each with a status; both frames as `evaluate` gives them."""
    is_in, was_in = pl.col("__now").is_not_null(), pl.col("__before").is_not_null()
    # One join for all three, since audiences can have many members.
    now_in = now.lazy().with_columns(__now=pl.lit(True))
    before_in = before.lazy().with_columns(__before=pl.lit(True))
    rest = [name for name in now.columns if name not in KEYS]
    rows = now_in.join(before_in, on=KEYS, how="full", coalesce=True, suffix="__before").select(
        *KEYS,
        *(pl.when(is_in).then(name).otherwise(f"{name}__before").alias(name) for name in rest),
        status=pl.when(~was_in)
        .then(pl.lit(ENTERED))
        .when(is_in)
        .then(pl.lit(KEPT))
        .otherwise(pl.lit(EXITED)),
    )
    return rows.sort(KEYS).collect(engine="streaming")


def _follow(table: Table, members: pl.DataFrame, day: date, days: Set[date], lacking: Failed) -> pl.DataFrame:
    """Commit the members of a day with what became of those before."""
    before = last_members(table, day, lacking, days)
    if unknown := lacking.get(day, NONE):
        before = before.filter(~pl.col("audience").is_in([*unknown]))
    rows = transitions(before, members)
    # Memberships can be many more than people: what is written needs the room.
    del before
    table.replace(rows.with_columns(as_of=pl.lit(day)), day)
    return rows


def _days(table: Table) -> Set[date]:
    return {date.fromisoformat(key) for key in table.partitions()}


def _members(table: Table, day: date) -> pl.DataFrame:
    members = table.scan().filter(as_of=day).filter(pl.col("status") != EXITED)
    return members.select(*KEYS, "definition_hash").collect()
