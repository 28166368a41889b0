"""Members of a day in; who came in and left since the day before, out.

A membership's status is `entered`, `kept` or `exited`, compared with the nearest earlier day that was
evaluated. A day that is evaluated again corrects the day after it too, so that the order of runs leaves no
trace.
"""

from datetime import date

import polars as pl

from perennial.audiences.evaluation import KEYS, MEMBERS
from perennial.lake.tables import Table

ENTERED, KEPT, EXITED = "entered", "kept", "exited"


def store(table: Table, members: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Commit the members as of a day, with their status; returns what was committed for that day."""
    days = [date.fromisoformat(key) for key in table.partitions()]
    before = max((day for day in days if day < as_of), default=None)
    after = min((day for day in days if day > as_of), default=None)
    rows = transitions(_members(table, before), members)
    _commit(table, rows, as_of)
    if after is not None:
        _commit(table, transitions(members, _members(table, after)), after)
    return rows


def transitions(before: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """The members of a day and those who left, each with a status; both frames as `evaluate` gives them."""
    came = now.join(before, on=KEYS, how="anti").with_columns(status=pl.lit(ENTERED))
    stayed = now.join(before, on=KEYS, how="semi").with_columns(status=pl.lit(KEPT))
    left = before.join(now, on=KEYS, how="anti").with_columns(status=pl.lit(EXITED))
    return pl.concat([came, stayed, left]).sort(KEYS)


def _members(table: Table, day: date | None) -> pl.DataFrame:
    if day is None:
        return pl.DataFrame(schema=MEMBERS)
    members = table.scan().filter(as_of=day).filter(pl.col("status") != EXITED)
    return members.select(*KEYS, "definition_hash").collect()


def _commit(table: Table, rows: pl.DataFrame, day: date) -> None:
    table.replace(rows.with_columns(as_of=pl.lit(day)), day)
