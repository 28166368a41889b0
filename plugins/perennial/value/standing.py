"""Where everybody stands in one lookback: partial sums in, moved on day by day; values and ranks out."""

from collections.abc import Sequence

import narwhals as nw
import numpy as np
import polars as pl
from numpy.typing import NDArray

from perennial.value.deciles import ranked_metrics, scale_of
from perennial.value.definition import Metric, ValueDefinition
from perennial.value.entries import ROWS
from perennial.value.moves import INDEX, Moves
from perennial.value.partials import Partial, contributors
from perennial.value.ranking import Ranks, ntiles
from perennial.value.spill import Spill
from perennial.value.totals import column, totals
from perennial.value.windows import Window

Known = NDArray[np.bool_]


class Standing:
    """The state of one lookback, and how it differs from the one before."""

    def __init__(
        self, definition: ValueDefinition, found: Sequence[Partial], lookback: str, people: pl.DataFrame
    ) -> None:
        self.definition, self.found, self.lookback = definition, found, lookback
        self.people = people
        self.ranks: dict[str, Ranks] = {}
        self._sums: dict[str, NDArray[np.int64]] = {}
        self._looked: dict[str, pl.Series] = {}
        self._values: dict[str, tuple[np.ndarray, Known]] = {}
        sizes = people["dimension_value"].rle().struct.field("len").to_list()
        self._starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)

    def fill(self, spill: Spill, index: NDArray[np.intp]) -> None:
        """Take the totals of the first day."""
        summed = [ROWS, *(p.name for p in self.found if p.combine in ("sum", "distinct"))]
        self._sums = {name: spill.placed(column(name, self.lookback), index) for name in summed}
        back = np.argsort(index)
        for partial in self._not_summed():
            self._looked[partial.name] = spill.column(column(partial.name, self.lookback)).gather(back)

    def advance(self, moving: Sequence[Moves], old: Window, new: Window) -> NDArray[np.intp]:
        """Move the window on; returns who gained or lost something."""
        touched = []
        for moves in moving:
            for rows, sign in moves.step(old, new):
                whose = moves.index[rows]
                touched.append(whose)
                for name, amounts in moves.amounts.items():
                    np.add.at(self._sums[name], whose, amounts[rows] * sign)
        return np.unique(np.concatenate(touched)) if touched else np.empty(0, np.intp)

    def look_again(self, detail: pl.DataFrame, moved: NDArray[np.intp], window: Window) -> None:
        """Compute what does not add up for those who gained or lost something."""
        theirs = np.zeros(self.people.height, dtype=bool)
        theirs[moved] = True
        rows = detail.filter(pl.Series(theirs[detail[INDEX].to_numpy()]))
        rows = rows.with_columns(pl.col(INDEX).alias("dimension_value")).drop(INDEX)
        keyed = nw.from_native(rows.lazy())
        summed = nw.to_native(_by_index(keyed, self._not_summed(), self.lookback, window)).collect()
        whose = summed["dimension_value"].to_numpy()
        for name, series in self._looked.items():
            cleared = series.scatter(moved, None)
            self._looked[name] = cleared.scatter(whose, summed[column(name, self.lookback)])

    def rank(self) -> pl.DataFrame:
        """Rank everybody; returns those whose values or ranks are others than they were."""
        changed = np.zeros(self.people.height, dtype=bool)
        ranked = ranked_metrics(self.definition, self.found)
        for name, metric in self.definition.metrics.items():
            values, known = self._value(name, metric)
            if name not in self._values:
                changed |= known
            else:
                before, was = self._values[name]
                changed |= (known != was) | (known & (values != before))
            self._values[name] = values, known
            if name in ranked:
                ranks = ntiles(values, known, self._starts, self.definition.buckets)
                if name in self.ranks:
                    changed |= ranks != self.ranks[name]
                self.ranks[name] = ranks
        return self._rows(np.flatnonzero(changed))

    def summary(self) -> pl.DataFrame:
        """Per metric, dimension value and rank: how many, and the total, least and most of the metric."""
        groups = np.repeat(np.arange(len(self._starts) - 1), np.diff(self._starts))
        parts = []
        for name in self.ranks:
            values, _ = self._values[name]
            if values.dtype.kind not in "if" or self._is_time(name):
                continue
            frame = pl.DataFrame({"group": groups, "decile": self.ranks[name], "value": values})
            summed = frame.lazy().filter(pl.col("decile") > 0).group_by("group", "decile")
            rows = summed.agg(
                customers=pl.len().cast(pl.Int64),
                total=pl.col("value").sum(),
                least=pl.col("value").min(),
                most=pl.col("value").max(),
            )
            scale = 10 ** (
                0 if self.definition.metrics[name].kind == "average" else scale_of(name, self.found)
            )
            named = rows.with_columns(
                pl.lit(name).alias("metric"),
                *(_decimal(pl.col(c), scale) for c in ("total", "least", "most")),
            )
            parts.append(named.sort("group", "decile").collect())
        values_of = self.people["dimension_value"].gather(self._starts[:-1])
        found = pl.concat(parts) if parts else pl.DataFrame(schema=SUMMARY | {"group": pl.Int64})
        return found.with_columns(values_of.gather(found["group"]).alias("dimension_value")).select(*SUMMARY)

    def _not_summed(self) -> list[Partial]:
        return [p for p in self.found if p.combine in ("min", "max", "last")]

    def _is_time(self, name: str) -> bool:
        series = self._looked.get(name)
        return series is not None and series.dtype.is_temporal()

    def _value(self, name: str, metric: Metric) -> tuple[np.ndarray, Known]:
        if metric.kind == "average":
            counts = self._sums[f"{name}__n"]
            units = (counts * 10 ** scale_of(name, self.found)).astype(np.float64)
            known = counts > 0
            with np.errstate(divide="ignore", invalid="ignore"):
                mean = np.where(known, self._sums[f"{name}__sum"].astype(np.float64) / units, 0.0)
            return mean, known
        if name in self._looked:
            series = self._looked[name]
            known = series.is_not_null().to_numpy()
            return series.to_physical().fill_null(_nothing(series)).to_numpy(), known
        known = self._sums[contributors(name, metric) or ROWS] > 0
        return np.where(known, self._sums[name], 0), known

    def _rows(self, changed: NDArray[np.intp]) -> pl.DataFrame:
        columns = []
        for name, (values, known) in self._values.items():
            series = pl.Series(name, values[changed])
            if name in self._looked:
                series = series.cast(self._looked[name].to_physical().dtype).cast(self._looked[name].dtype)
            columns.append(series.set(pl.Series(~known[changed]), None))
        for name, ranks in self.ranks.items():
            ranks_of = pl.Series(f"{name}_decile", ranks[changed])
            columns.append(ranks_of.set(ranks_of == 0, None))
        return self.people[changed].with_columns(columns)


SUMMARY = {
    "metric": pl.String(),
    "dimension_value": pl.String(),
    "decile": pl.Int16(),
    "customers": pl.Int64(),
    "total": pl.Decimal(38, 6),
    "least": pl.Decimal(38, 6),
    "most": pl.Decimal(38, 6),
}


def _by_index(keyed: nw.LazyFrame, found: Sequence[Partial], lookback: str, window: Window) -> nw.LazyFrame:
    return totals(keyed, found, {lookback: window}, "dimension_value")


def _nothing(series: pl.Series) -> object:
    return "" if series.dtype == pl.String else False if series.dtype == pl.Boolean else 0


def _decimal(value: pl.Expr, scale: int) -> pl.Expr:
    if scale == 1:
        return value.cast(pl.Decimal(38, 6))
    return (value.cast(pl.Decimal(38, 6)) / pl.lit(scale, pl.Decimal(38, 6))).cast(pl.Decimal(38, 6))
