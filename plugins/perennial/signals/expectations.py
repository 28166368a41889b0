"""What is expected of a batch or a day as a whole: the rows that were good in, a verdict on each measure out.

Rules look at one row and set bad ones aside; expectations look at all of them together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Annotated, Literal

import polars as pl
from pydantic import Field, model_validator

from perennial.documents import Document

Measure = Literal[
    "rows", "quarantined_share", "known_share", "null_share", "repeated_share", "sum", "mean", "age_hours"
]
OF_ROWS = ("rows", "quarantined_share", "known_share")
"""Measures that look at no column."""
OF_NUMBERS = ("sum", "mean")
LEAST = 3
"""From so many days on there is a usual value."""


class Expectation(Document):
    """One measure of a batch or a day, and what it may be."""

    measure: Measure
    """What is measured."""
    column: str | None = None
    """Of which column, for `null_share`, `sum`, `mean`, `age_hours`."""
    columns: list[str] = []
    """Which columns together tell rows apart, for `repeated_share`."""
    min: float | None = None
    """The least allowed value."""
    max: float | None = None
    """The greatest allowed value."""
    within: Annotated[float, Field(gt=0)] | None = None
    """By which share it may differ from the usual: the median of the days before."""
    of_days: Annotated[int, Field(ge=LEAST, le=366)] = 28
    """How many days back the usual is taken from; of uploads, how many batches."""
    on_breach: Literal["warn", "stop"] = "warn"
    """`stop` takes nothing of the batch and fails the task; `warn` tells of it."""

    @property
    def name(self) -> str:
        """As people read it: `null_share of store_id`."""
        about = ", ".join([self.column] if self.column else self.columns)
        return f"{self.measure} of {about}" if about else self.measure

    @model_validator(mode="after")
    def _is_complete(self) -> "Expectation":
        if self.min is None and self.max is None and self.within is None:
            raise ValueError("say what is expected: min, max or within")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min is above max: {self.min:g} > {self.max:g}")
        wants = {"repeated_share": "columns"}.get(self.measure, "column")
        wants = "" if self.measure in OF_ROWS else wants
        for key in ("column", "columns"):
            if bool(getattr(self, key)) != (key == wants):
                raise ValueError(f"{self.measure} {'needs' if key == wants else 'has no'} {key}")
        return self


@dataclass(frozen=True)
class Counts:
    """How many rows of a batch there were, and what became of them."""

    read: int
    accepted: int
    known: int
    failed: int


@dataclass(frozen=True)
class Verdict:
    """What became of an expectation; between `low` and `high` it is met."""

    expectation: str
    found: float | None
    """None where no row has a value."""
    low: float | None
    high: float | None
    usual: float | None
    on_breach: str
    outcome: Literal["met", "breached", "accepted", "learning"]
    """`accepted`: breached, and somebody said that it may be; `learning`: there is no usual value yet."""

    @property
    def said(self) -> str:
        """What was found, and what was expected."""
        low, high = _number(self.low), _number(self.high)
        if self.low is not None and self.high is not None:
            expected = low if self.low == self.high else f"{low} to {high}"
        else:
            expected = f"at least {low}" if self.high is None else f"at most {high}"
        usual = "" if self.usual is None else f" (usual: {_number(self.usual)})"
        found = "no value" if self.found is None else _number(self.found)
        return f"{self.expectation}: found {found}, expected {expected}{usual}"

    @property
    def stops(self) -> bool:
        """Whether nothing may be taken."""
        return self.outcome == "breached" and self.on_breach == "stop"


def measured(
    rows: pl.LazyFrame, counts: Counts, expectations: Sequence[Expectation], end: datetime
) -> dict[str, float | None]:
    """Each expectation's measure, by its name; ages are counted back from `end`."""
    share = {"quarantined_share": counts.failed, "known_share": counts.known}
    found: dict[str, float | None] = {"rows": float(counts.accepted)}
    found |= {name: count / counts.read if counts.read else 0.0 for name, count in share.items()}
    of_columns = {each.name: _expression(each, end) for each in expectations if each.measure not in OF_ROWS}
    if of_columns:
        values = rows.select(pl.len().alias(""), **of_columns).collect(engine="streaming").row(0, named=True)
        empty = not values.pop("")
        found |= {name: 0.0 if empty and "_share" in name else value for name, value in values.items()}
    return {each.name: found[each.name] for each in expectations}


def judged(
    expectations: Sequence[Expectation],
    found: Mapping[str, float | None],
    before: Mapping[str, Sequence[float]],
    *,
    accept: bool = False,
) -> list[Verdict]:
    """A verdict on each; `before` are its values of earlier days, `accept` says that a breach may be."""
    return [_verdict(each, found[each.name], before.get(each.name, ()), accept) for each in expectations]


def _verdict(one: Expectation, found: float | None, before: Sequence[float], accept: bool) -> Verdict:
    lows, highs = [one.min], [one.max]
    usual = median(before) if one.within is not None and len(before) >= LEAST else None
    if usual is not None and one.within is not None:
        leeway = one.within * abs(usual)
        lows.append(usual - leeway)
        highs.append(usual + leeway)
    low = max((each for each in lows if each is not None), default=None)
    high = min((each for each in highs if each is not None), default=None)
    outcome: Literal["met", "breached", "accepted", "learning"] = "met"
    if low is None and high is None:
        outcome = "learning"
    elif found is None or (low is not None and found < low) or (high is not None and found > high):
        outcome = "accepted" if accept else "breached"
    return Verdict(one.name, found, low, high, usual, one.on_breach, outcome)


def _expression(one: Expectation, end: datetime) -> pl.Expr:
    column = pl.col(one.column or "")
    if one.measure == "repeated_share":
        return 1 - pl.struct(one.columns).n_unique() / pl.len()
    if one.measure == "null_share":
        return column.null_count() / pl.len()
    if one.measure == "age_hours":
        newest = column.max().cast(pl.Datetime("us", "UTC"))
        return (pl.lit(end) - newest).dt.total_seconds(fractional=True) / 3600
    # Sums of decimals are exact; only what is kept of them is a float.
    total = column.sum() if one.measure == "sum" else column.mean()
    return pl.when(column.count() > 0).then(total.cast(pl.Float64))


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    if value == round(value):
        return f"{value:,.0f}"
    return f"{value:,.2f}" if abs(value) >= 10 else f"{value:.4g}"
