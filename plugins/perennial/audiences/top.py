"""How many at the most, and by what, in; which of those who meet a rule are among the first, out."""

from typing import Annotated

import polars as pl
from pydantic import Field

from perennial.audiences.comparisons import Row, Where, kind_of
from perennial.documents import Document
from perennial.identity.people import PERSON


class Top(Document):
    """Only the people with the greatest, or least, value of an attribute; who has none is not among them."""

    by: str
    """An attribute of profiles: a number, a date or a time."""
    key: str | None = None
    """Which entry, where the attribute is a map."""
    most: Annotated[int, Field(ge=1)]
    """How many people at the most. Of those with equal values, the first by their id."""
    least_first: bool = False
    """Whether those with the least values are taken, in place of the greatest."""


def among_top(top: Top, holds: pl.Expr, row: Row, where: Where) -> pl.Expr:
    """Whether a person is among the first of those for whom `holds` is true; never null.

    It compares people with each other, so that it needs all of them. Raises `RuleError`.
    """
    found, dtype = row.column(top.by, top.key, where.at("by"))
    if kind_of(dtype) not in ("number", "date", "time"):
        raise where.at("by").error(f"people are ranked by numbers, dates and times; {top.by} is {dtype}")
    value = pl.when(holds).then(found.fill_nan(None) if dtype.is_float() else found)
    last = value.drop_nulls().sort(descending=not top.least_first).get(top.most - 1, null_on_oob=True)
    better, tied = value < last if top.least_first else value > last, value == last
    room = top.most - better.sum().cast(pl.Int64)
    last_person = pl.col(PERSON).filter(tied).sort().get(room - 1, null_on_oob=True)
    chosen = better | (tied & (pl.col(PERSON) <= last_person))
    # Where there are fewer than that, nobody is the last.
    return pl.when(last.is_null()).then(value.is_not_null()).otherwise(chosen).fill_null(False)
