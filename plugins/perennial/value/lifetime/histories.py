"""Summaries of customers in; distinct histories, each with how many customers share it, out.

The likelihood of BG/NBD and of Pareto/NBD sees a customer only as (frequency, recency, age), and each of its
expensive terms sees only two of the three. A million customers make some hundred thousand distinct triples,
and these some ten thousand distinct pairs: each term is computed once for each of its own arguments.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from perennial.errors import TerminalError

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

TRIPLE = ["frequency", "recency", "age"]


class SummaryError(TerminalError):
    """Summaries of customers that cannot be: an age below the recency, a negative count, a missing column."""


@dataclass(frozen=True)
class Distinct:
    """Distinct rows of some columns, and which of them each triple has."""

    columns: tuple[Floats, ...]
    of_triple: Indices

    @classmethod
    def of(cls, *columns: Floats) -> Self:
        """Find the distinct rows."""
        names = [str(n) for n in range(len(columns))]
        rows = pl.DataFrame(dict(zip(names, columns, strict=True)))
        distinct = rows.unique(maintain_order=True).with_row_index("index")
        index = rows.join(distinct, on=names, how="left", maintain_order="left")["index"]
        return cls(tuple(distinct[name].to_numpy() for name in names), index.to_numpy().astype(np.intp))

    def total(self, of_triples: Floats) -> Floats:
        """Sums of a figure of the triples, for each distinct row."""
        return np.bincount(self.of_triple, of_triples, minlength=len(self.columns[0])).astype(np.float64)


@dataclass(frozen=True)
class Histories:
    """Distinct histories, all arrays of one length; times in the unit of the summary's convention."""

    frequency: Floats
    recency: Floats
    age: Floats
    customers: Floats
    """How many customers have this history; not whole where the histories are a weighted sample."""

    @classmethod
    def grouped(cls, summary: pl.DataFrame) -> Self:
        """Group summaries (columns `frequency`, `recency`, `age`); anything that cannot be is refused."""
        check(summary)
        keys = summary.select(pl.col(TRIPLE).cast(pl.Float64))
        groups = keys.group_by(TRIPLE).agg(customers=pl.len().cast(pl.Float64))
        # Ordered, so that sums of floats are the same in each run.
        return cls(*(groups.sort(TRIPLE)[name].to_numpy() for name in [*TRIPLE, "customers"]))

    @property
    def total(self) -> float:
        """How many customers there are."""
        return float(self.customers.sum())

    @cached_property
    def frequencies(self) -> Distinct:
        """The distinct frequencies."""
        return Distinct.of(self.frequency)

    @cached_property
    def until_recency(self) -> Distinct:
        """The distinct (frequency, recency)."""
        return Distinct.of(self.frequency, self.recency)

    @cached_property
    def until_age(self) -> Distinct:
        """The distinct (frequency, age)."""
        return Distinct.of(self.frequency, self.age)

    @property
    def mean_age(self) -> float:
        """Over customers."""
        return float(self.age @ self.customers / self.total)

    @property
    def repeat_rate(self) -> float:
        """Repeat purchases in a unit of time, over all customers' ages."""
        return float(self.frequency @ self.customers / (self.age @ self.customers))

    def sample(self, size: int) -> "Histories":
        """About `size` histories that stand for all: the common ones, and every k-th of the others."""
        if len(self.customers) <= size:
            return self
        common = self.customers > np.partition(self.customers, -(size // 2))[-(size // 2)]
        rare = np.flatnonzero(~common)
        step = -(-len(rare) // (size - int(common.sum())))
        taken = np.concatenate([np.flatnonzero(common), rare[::step]])
        factor = self.customers[rare].sum() / self.customers[rare[::step]].sum()
        weights = np.where(common, self.customers, self.customers * factor)
        return Histories(*(column[taken] for column in (self.frequency, self.recency, self.age, weights)))


def check(summary: pl.DataFrame) -> None:
    """Refuse summaries that no customer can have."""
    missing = [name for name in TRIPLE if name not in summary.columns]
    if missing:
        raise SummaryError(f"summary: no column {', '.join(missing)}; it has {', '.join(summary.columns)}")
    frequency, recency, age = (pl.col(name) for name in TRIPLE)
    rules = {
        "null or not finite": pl.any_horizontal(
            pl.col(name).cast(pl.Float64).is_finite().fill_null(False).not_() for name in TRIPLE
        ),
        "negative": pl.any_horizontal(pl.col(name) < 0 for name in TRIPLE),
        "with a recency beyond the age": recency > age,
        "with a recency and no repeat purchase": (frequency == 0) & (recency > 0),
    }
    found = summary.select(rule.sum().alias(name) for name, rule in rules.items()).row(0, named=True)
    for name, rows in found.items():
        if rows:
            raise SummaryError(
                f"summary: {rows} of {summary.height} rows are {name}; make them with `summarise`, "
                "or mend (frequency, recency, age)"
            )
