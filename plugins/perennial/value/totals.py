"""Entries and windows in, what each customer's entries of each window come to out; on any engine.

One pass over the entries for everything that adds up: a window's share of an entry is the entry, or nothing.
"""

from collections.abc import Iterator, Mapping, Sequence

import narwhals as nw
import polars as pl

from perennial.value.definition import ALL, OVERALL, Metric, ValueDefinition
from perennial.value.entries import DAY, PERSON, ROWS
from perennial.value.partials import Partial, contributors
from perennial.value.windows import Window

KEYS = [PERSON, "dimension_value"]
UNTIL = "__until"


def groupings(definition: ValueDefinition) -> list[str]:
    """What customers are ranked within: everything, and each dimension."""
    return [OVERALL, *definition.dimensions]


def totals(
    entries: nw.LazyFrame,
    found: Sequence[Partial],
    windows: Mapping[str, Window],
    grouping: str,
    keys: Sequence[str] = KEYS,
) -> nw.LazyFrame:
    """Put entries together: per person_id and dimension_value, `<partial>_<lookback>` for each window.

    `grouping` is `overall`, or the dimension whose values tell groups apart; further columns of the entries
    may be among the `keys`. A column named `rows_<lookback>` says how many entries a window has; who has none
    in any window may be missing.
    """
    keyed = _keyed(entries, grouping)
    last = [partial for partial in found if partial.combine == "last"]
    frame = keyed.with_columns(list(_latest(last, windows, keys))) if last else keyed
    aggregates = [each for name, window in windows.items() for each in _aggregates(found, name, window)]
    result = frame.group_by(*keys).agg(*aggregates)
    for partial in found:
        if partial.combine == "distinct":
            counted = _counted(distinct(keyed, partial, keys), partial, windows, keys)
            result = result.join(counted, on=[*keys], how="left").with_columns(
                nw.coalesce(nw.col(column(partial.name, name)), nw.lit(0, nw.Int64)).alias(
                    column(partial.name, name)
                )
                for name in windows
            )
    return result


def column(name: str, window: str) -> str:
    """How the column of a partial or a metric over a window is named."""
    return f"{name}__{window}"


def inside(window: Window) -> nw.Expr:
    """Whether an entry is in a window."""
    day = nw.col(DAY)
    return (day >= nw.lit(window.start, nw.Date)) & (day < nw.lit(window.end, nw.Date))


def value(name: str, metric: Metric, scale: int, window: str | None = None) -> nw.Expr:
    """A metric's value, from its partial columns over a window: null for who has none.

    Decimals are whole numbers of their smallest unit; an average is a float, of the units that people use.
    """

    def of(partial: str) -> nw.Expr:
        return nw.col(column(partial, window) if window else partial)

    if metric.kind == "average":
        counted = of(f"{name}__n")
        # Whole numbers on both sides: engines agree on this quotient to the last bit.
        mean = of(f"{name}__sum") / (counted * 10**scale)
        return nw.when(counted > 0).then(mean)
    if metric.kind in ("min", "max", "most_recent"):
        return of(name)
    return nw.when(of(contributors(name, metric) or ROWS) > 0).then(of(name))


def distinct(keyed: nw.LazyFrame, partial: Partial, keys: Sequence[str] = KEYS) -> nw.LazyFrame:
    """The days on which somebody had a value, each with the next day on which they had it again.

    A value counts in a window on the last of its days there: from one day to the next, what is counted
    changes by what comes, what goes, and what is superseded. (person_id, dimension_value, day, __until)
    """
    rows = keyed.select(*keys, DAY, partial.name)
    if isinstance(rows.collect_schema()[partial.name], nw.List):
        rows = rows.explode(partial.name)
    rows = rows.filter(~nw.col(partial.name).is_null()).unique()
    group = [*keys, partial.name]
    if isinstance(native := nw.to_native(rows), pl.LazyFrame):
        # Polars sorts everything once in a quarter of the time that it takes for windows of a row or two.
        same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(name).shift(-1)) for name in group)
        later = native.sort(*group, DAY).with_columns(pl.when(same).then(pl.col(DAY).shift(-1)).alias(UNTIL))
        rows = nw.from_native(later)
    else:
        rows = rows.with_columns(nw.col(DAY).shift(-1).over(*group, order_by=DAY).alias(UNTIL))
    return rows.select(*keys, DAY, UNTIL)


def _keyed(entries: nw.LazyFrame, grouping: str) -> nw.LazyFrame:
    of = nw.lit(ALL) if grouping == OVERALL else nw.col(grouping)
    return entries.with_columns(of.alias("dimension_value"))


def _aggregates(found: Sequence[Partial], name: str, window: Window) -> Iterator[nw.Expr]:
    here, nothing = inside(window), nw.lit(0, nw.Int64)
    yield nw.when(here).then(nw.col(ROWS)).otherwise(nothing).sum().alias(column(ROWS, name))
    for partial in found:
        entry = nw.col(partial.name)
        match partial.combine:
            case "sum":
                total = nw.when(here).then(entry).otherwise(nothing).sum()
            case "min":
                total = nw.when(here).then(entry).min()
            case "max":
                total = nw.when(here).then(entry).max()
            case "last":
                newest = nw.col(_at(partial)) == nw.col(column(_at(partial), name))
                total = nw.when(here & newest).then(entry).max()
            case "distinct":
                continue
        yield total.alias(column(partial.name, name))


def _latest(
    found: Sequence[Partial], windows: Mapping[str, Window], keys: Sequence[str]
) -> Iterator[nw.Expr]:
    for partial in found:
        for name, window in windows.items():
            at = nw.when(inside(window)).then(nw.col(_at(partial)))
            yield at.max().over(*keys).alias(column(_at(partial), name))


def _at(partial: Partial) -> str:
    return f"{partial.name}__at"


def _counted(
    rows: nw.LazyFrame, partial: Partial, windows: Mapping[str, Window], keys: Sequence[str]
) -> nw.LazyFrame:
    counts = []
    for name, window in windows.items():
        again = nw.col(UNTIL) < nw.lit(window.end, nw.Date)
        counts_here = inside(window) & ~nw.coalesce(again, nw.lit(False))
        counts.append(counts_here.cast(nw.Int64).sum().alias(column(partial.name, name)))
    return rows.group_by(*keys).agg(*counts)
