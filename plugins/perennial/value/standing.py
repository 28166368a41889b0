"""Where everybody stands in one lookback: partial sums in, moved on day by day; values and ranks out."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import narwhals as nw
import numpy as np
import polars as pl

from perennial.threads import side_by_side
from perennial.value.deciles import ranked_metrics, scale_of
from perennial.value.definition import ValueDefinition
from perennial.value.entries import ROWS
from perennial.value.field import Field
from perennial.value.lifetime.histories import Indices
from perennial.value.moves import INDEX, Moves
from perennial.value.order import Known, Ranks
from perennial.value.partials import Partial, contributors
from perennial.value.ranking import Ranking
from perennial.value.totals import column, totals
from perennial.value.windows import Window

SLICE = 500_000
"""Rows that are put together at a time."""


class Standing:
    """The state of one lookback, and how it differs from the one before."""

    def __init__(
        self, definition: ValueDefinition, found: Sequence[Partial], lookback: str, field: Field
    ) -> None:
        """Takes the totals of the first day from `field`."""
        self.definition, self.found, self.lookback, self.field = definition, found, lookback, field
        summed = [ROWS, *(each.name for each in found if each.combine in ("sum", "distinct"))]
        columns = [column(name, lookback) for name in summed]
        self._sums = dict(zip(summed, side_by_side(columns, field.whole), strict=True))
        self._looked = {each.name: field.series(column(each.name, lookback)) for each in self._not_summed()}
        self._values = {name: self._value(name, slice(None)) for name in definition.metrics}

        def ranking(name: str) -> Ranking:
            return Ranking(*self._values[name], field.starts, definition.buckets)

        ranked = ranked_metrics(definition, found)
        self._rankings = dict(zip(ranked, side_by_side(ranked, ranking), strict=True))

    @property
    def ranks(self) -> dict[str, Ranks]:
        """Everybody's ranks by metric; 0 is none."""
        return {name: ranking.ranks for name, ranking in self._rankings.items()}

    def everybody(self) -> Indices:
        """All who have a value."""
        return np.flatnonzero(np.logical_or.reduce([known for _, known in self._values.values()]))

    def advance(
        self, moving: Sequence[Moves], detail: pl.DataFrame | None, old: Window, new: Window
    ) -> Indices:
        """Move the window on; returns those whose values or ranks are others than they were.

        `detail` has the entries in which what does not add up is looked for again, if there is such a metric.
        """
        steps = [(moves, *step) for moves in moving for step in moves.step(old, new)]
        moved = self._these(moves.index[rows] for moves, rows, _ in steps)
        # Those that are sums are changed in place.
        before = {name: values[moved] for name, (values, _) in self._values.items()}
        for moves, rows, sign in steps:
            for name, amounts in moves.amounts.items():
                np.add.at(self._sums[name], moves.index[rows], amounts[rows] * sign)
        if detail is not None:
            self._look_again(detail, moved, new)

        def changed(name: str) -> list[Indices]:
            (values, known), (now, is_known) = self._values[name], self._value(name, moved)
            differ = (known[moved] != is_known) | (is_known & (before[name] != now))
            values[moved], known[moved] = now, is_known
            mine = moved[differ]
            if name not in self._rankings:
                return [mine]
            return [mine, self._rankings[name].update(mine, before[name][differ])]

        return self._these(chain.from_iterable(side_by_side(list(self._values), changed)))

    def rows(self, changed: Indices) -> Iterator[pl.DataFrame]:
        """The values and ranks of some, in slices: (person_id, dimension_value, metrics and their ranks).

        Of nobody there is a slice without rows: it says which columns there are.
        """
        for begin in range(0, max(1, len(changed)), SLICE):
            yield self._rows(changed[begin : begin + SLICE])

    def summary(self) -> pl.DataFrame:
        """Per metric, dimension value and rank: how many, and the total, least and most of the metric.

        Metrics that are times are left out.
        """
        parts = [pl.DataFrame(schema=SUMMARY)]
        for name, ranking in self._rankings.items():
            if not self._is_time(name):
                metric = self.definition.metrics[name]
                scale = 10 ** (0 if metric.kind == "average" else scale_of(name, self.found))
                rows = ranking.summary()
                named = rows.with_columns(
                    pl.lit(name).alias("metric"),
                    self.field.values.gather(rows["group"]).alias("dimension_value"),
                    *(_decimal(pl.col(c), scale) for c in ("total", "least", "most")),
                )
                parts.append(named.select(*SUMMARY))
        return pl.concat(parts)

    def _these(self, parts: Iterable[Indices]) -> Indices:
        """All of them, each once, ascending."""
        marked = np.zeros(self.field.size, dtype=bool)
        for part in parts:
            marked[part] = True
        return np.flatnonzero(marked)

    def _look_again(self, detail: pl.DataFrame, moved: Indices, window: Window) -> None:
        theirs = np.zeros(self.field.size, dtype=bool)
        theirs[moved] = True
        rows = detail.filter(pl.Series(theirs[detail[INDEX].to_numpy()]))
        keyed = rows.with_columns(pl.col(INDEX).alias("dimension_value")).drop(INDEX).lazy()
        summed = totals(nw.from_native(keyed), self._not_summed(), {self.lookback: window}, "dimension_value")
        found = nw.to_native(summed).collect()
        whose = found["dimension_value"].to_numpy()
        for name, series in self._looked.items():
            cleared = series.scatter(moved, None)
            self._looked[name] = cleared.scatter(whose, found[column(name, self.lookback)])

    def _not_summed(self) -> list[Partial]:
        return [each for each in self.found if each.combine in ("min", "max", "last")]

    def _is_time(self, name: str) -> bool:
        return name in self._looked and self._looked[name].dtype.is_temporal()

    def _value(self, name: str, rows: Indices | slice) -> tuple[np.ndarray, Known]:
        """A metric's values, and who has one."""
        metric = self.definition.metrics[name]
        if name in self._looked:
            series = self._looked[name] if isinstance(rows, slice) else self._looked[name].gather(rows)
            filled = series.to_physical().fill_null(_nothing(series))
            # Wide enough to be subtracted from, and negated.
            whole = filled.cast(pl.Int64) if filled.dtype.is_integer() else filled
            return whole.to_numpy(writable=True), series.is_not_null().to_numpy(writable=True)
        if metric.kind == "average":
            counts = self._sums[f"{name}__n"][rows]
            units = (counts * 10 ** scale_of(name, self.found)).astype(np.float64)
            known = counts > 0
            with np.errstate(divide="ignore", invalid="ignore"):
                mean = np.where(known, self._sums[f"{name}__sum"][rows].astype(np.float64) / units, 0.0)
            return mean, known
        # Nobody's rows come to nothing.
        return self._sums[name][rows], self._sums[contributors(name, metric) or ROWS][rows] > 0

    def _rows(self, changed: Indices) -> pl.DataFrame:
        columns = []
        for name, (values, known) in self._values.items():
            series = pl.Series(name, values[changed])
            if name in self._looked:
                series = series.cast(self._looked[name].to_physical().dtype).cast(self._looked[name].dtype)
            columns.append(series.set(pl.Series(~known[changed]), None))
        for name, ranks in self.ranks.items():
            ranks_of = pl.Series(f"{name}_decile", ranks[changed])
            columns.append(ranks_of.set(ranks_of == 0, None))
        return self.field.keys(changed).with_columns(columns)


SUMMARY = {
    "metric": pl.String(),
    "dimension_value": pl.String(),
    "decile": pl.Int16(),
    "customers": pl.Int64(),
    "total": pl.Decimal(38, 6),
    "least": pl.Decimal(38, 6),
    "most": pl.Decimal(38, 6),
}


def _nothing(series: pl.Series) -> object:
    return "" if series.dtype == pl.String else False if series.dtype == pl.Boolean else 0


def _decimal(value: pl.Expr, scale: int) -> pl.Expr:
    if scale == 1:
        return value.cast(pl.Decimal(38, 6))
    return (value.cast(pl.Decimal(38, 6)) / pl.lit(scale, pl.Decimal(38, 6))).cast(pl.Decimal(38, 6))
