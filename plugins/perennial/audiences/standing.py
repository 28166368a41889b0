"""What audiences people were in, and are in now, in; whose changed, and how, out.

Somebody's standing is one row with the names of all their audiences: it is read, compared and written at
once, however many there are.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from perennial.identity.people import PERSON
from perennial.lake.tables import Table

Matrix = NDArray[np.bool_]
"""A row for each person, a column for each audience: who is in which."""
PORTION = 500_000
"""People who are compared at once."""


def standing(log: Table, people: pl.Series | None = None) -> pl.DataFrame:
    """(person_id, audiences) of all, or some people who were ever in any, by the log of live memberships."""
    rows = log.scan().select(PERSON, "audiences", "step")
    if people is not None:
        rows = rows.filter(pl.col(PERSON).is_in(people.implode()))
    # Their lists are long: the older ones are not even read.
    newest = rows.group_by(PERSON).agg(pl.col("step").max())
    return rows.join(newest, on=[PERSON, "step"]).select(PERSON, "audiences").collect(engine="streaming")


def moved(before: pl.DataFrame, now: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Whose audiences changed: (person_id, audiences, entered, exited), lists of names each.

    `before` is as `standing` gives it, `now` has a column for each of the names: whether a person is in it.
    People of `before` who are not in `now` have left all. Audiences that are not named count as if they had
    never been.
    """
    gone = before.join(now, on=PERSON, how="anti").select(PERSON)
    people = pl.concat([now, gone], how="diagonal").join(before, on=PERSON, how="left", maintain_order="left")
    found = [_moved(people[at : at + PORTION], names) for at in range(0, people.height, PORTION)]
    nobody = dict.fromkeys(["audiences", "entered", "exited"], pl.List(pl.String))
    return pl.concat([pl.DataFrame(schema={PERSON: pl.String(), **nobody}), *found])


def _moved(people: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    was = _matrix(people["audiences"], names)
    columns = [people[name].fill_null(False).to_numpy() for name in names]
    is_in = np.column_stack(columns) if columns else np.zeros_like(was)
    some = np.flatnonzero((was != is_in).any(axis=1))
    was, is_in = was[some], is_in[some]
    return pl.DataFrame(
        {
            PERSON: people[PERSON].gather(some),
            "audiences": _lists(is_in, names),
            "entered": _lists(is_in & ~was, names),
            "exited": _lists(was & ~is_in, names),
        }
    )


def _matrix(lists: pl.Series, names: Sequence[str]) -> Matrix:
    found = np.zeros((len(lists), len(names)), dtype=np.bool_)
    rows = pl.DataFrame({"row": np.arange(len(lists)), "name": lists}).explode("name").drop_nulls()
    numbers = pl.DataFrame(
        {"name": names, "number": np.arange(len(names))}, schema_overrides={"name": pl.String}
    )
    each = rows.join(numbers, on="name")
    found[each["row"].to_numpy(), each["number"].to_numpy()] = True
    return found


def _lists(matrix: Matrix, names: Sequence[str]) -> pl.Series:
    ends = np.concatenate([[0], np.cumsum(matrix.sum(axis=1))])
    values = pl.Series(names, dtype=pl.String).gather(np.nonzero(matrix)[1])
    lists = pa.LargeListArray.from_arrays(pa.array(ends, pa.int64()), values.to_arrow())
    return pl.Series(pl.from_arrow(lists))
