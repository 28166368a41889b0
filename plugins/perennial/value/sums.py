"""A customer bucket's entries in; what they come to in each window, overall and in each dimension, out.

Windows are made of bands: days between which no window begins or ends. Every entry is added once, to its
customer, dimensions and band, whatever the number of windows; what remains is adding bands.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import narwhals as nw
import numpy as np
import polars as pl
from numpy.typing import NDArray

from perennial.value.definition import ALL, OVERALL
from perennial.value.entries import DAY, PERSON, ROWS
from perennial.value.lifetime.histories import Indices
from perennial.value.moves import number
from perennial.value.partials import Partial
from perennial.value.totals import column, totals
from perennial.value.windows import Window

WHO = "__person"
KEY = "__key"
DENSE = 4
"""Whole numbers within so many times as many are counted in an array that has a place for each."""
Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Totals:
    """One bucket: its customers in order, and per grouping a row for each of them and dimension value."""

    persons: pl.Series
    frames: dict[str, pl.DataFrame]
    """`__person` (which of the persons), `dimension_value`, and `<partial>__<lookback>` for each window."""


def bucket_totals(
    entries: pl.LazyFrame, found: Sequence[Partial], windows: Mapping[str, Window], groupings: Sequence[str]
) -> Totals:
    """Everybody who has an entry, in a window or not; in the order of customers."""
    dimensions = [name for name in groupings if name != OVERALL]
    added = [ROWS, *(partial.name for partial in found if partial.combine == "sum")]
    rows = entries.select(PERSON, *dimensions, DAY, *added).collect(engine="streaming")
    persons, who = _numbered(rows[PERSON])
    keys, whose = _keys(rows, dimensions, who)
    bands = _bands(windows)
    band = np.searchsorted(bands, rows[DAY].to_physical().to_numpy(), side="right")
    place = band.astype(np.int64) * keys.height + whose
    summed: dict[str, Whole] = {}
    for name in added:
        each = np.zeros((len(bands) + 1) * keys.height, dtype=np.int64)
        np.add.at(each, place, rows[name].to_numpy())
        by_band = each.reshape(len(bands) + 1, keys.height)
        for lookback, window in windows.items():
            inside = slice(*(np.searchsorted(bands, [number(window.start), number(window.end)]) + 1))
            summed[column(name, lookback)] = by_band[inside].sum(axis=0)
    rest = [partial for partial in found if partial.combine != "sum"]
    frames = {}
    for grouping in groupings:
        frame = _grouped(keys, summed, grouping)
        if rest:
            frame = _with_rest(frame, persons, entries, rest, windows, grouping)
        frames[grouping] = frame.with_columns(frame[name].shrink_dtype() for name in summed)
    return Totals(persons, frames)


def _bands(windows: Mapping[str, Window]) -> NDArray[np.int32]:
    """The days on which a window begins or ends."""
    borders = {number(day) for window in windows.values() for day in (window.start, window.end)}
    return np.array(sorted(borders), dtype=np.int32)


def _numbered(values: pl.Series) -> tuple[pl.Series, Indices]:
    """The distinct values in order, and which of them each one is."""
    if values.dtype.is_integer() and len(values):
        whole = values.to_numpy()
        least = int(whole.min())
        if (span := int(whole.max()) - least + 1) <= DENSE * len(values):
            place = (whole - least).astype(np.int64)
            there = np.zeros(span, dtype=bool)
            there[place] = True
            return pl.Series(np.flatnonzero(there) + least, dtype=values.dtype), (np.cumsum(there) - 1)[place]
    distinct = values.unique().sort()
    if values.dtype.is_integer():
        return distinct, distinct.search_sorted(values).to_numpy().astype(np.int64)
    known = distinct.to_frame("value").with_row_index(KEY)
    joined = values.to_frame("value").join(known, on="value", how="left", maintain_order="left")
    return distinct, joined[KEY].to_numpy().astype(np.int64)


def _keys(rows: pl.DataFrame, dimensions: Sequence[str], who: Indices) -> tuple[pl.DataFrame, Indices]:
    """Each customer with all their dimension values, in order; and which of them each row has.

    Texts are compared once: customers and values are numbers, and several of them one number.
    """
    key, parts = who, []
    for name in dimensions:
        texts = rows[name].cast(pl.Categorical)
        _, code = _numbered(texts.to_physical())
        distinct = texts.unique()
        values = distinct.gather(distinct.to_physical().arg_sort()).cast(pl.String)
        key = key * max(len(values), 1) + code
        parts.append((name, values))
    distinct, whose = _numbered(pl.Series(key))
    left, columns = distinct.to_numpy(), []
    for name, values in reversed(parts):
        left, code = np.divmod(left, max(len(values), 1))
        columns.append(values.gather(code).rename(name))
    return pl.DataFrame([pl.Series(WHO, left.astype(np.int32)), *reversed(columns)]), whose


def _grouped(keys: pl.DataFrame, summed: Mapping[str, Whole], grouping: str) -> pl.DataFrame:
    """Sums of all dimensions together put together into those of one, or of none."""
    value = pl.lit(ALL) if grouping == OVERALL else pl.col(grouping)
    rows = keys.select(WHO, value.alias("dimension_value"))
    if grouping != OVERALL and keys.width == 2:
        return rows.with_columns(**{name: pl.Series(values) for name, values in summed.items()})
    if grouping == OVERALL:
        # Keys are in the order of customers: theirs stand together.
        begins = rows[WHO].rle().struct.field("len").cum_sum().shift(1, fill_value=0).to_numpy()
        of_person = {name: pl.Series(np.add.reduceat(values, begins)) for name, values in summed.items()}
        return rows.unique(WHO, keep="first", maintain_order=True).with_columns(**of_person)
    distinct = rows.unique().sort(WHO, "dimension_value")
    place = rows.join(distinct.with_row_index(KEY), on=rows.columns, how="left", maintain_order="left")[KEY]
    totals_of = {}
    for name, values in summed.items():
        totals_of[name] = np.zeros(distinct.height, dtype=np.int64)
        np.add.at(totals_of[name], place.to_numpy(), values)
    return distinct.with_columns(**{name: pl.Series(values) for name, values in totals_of.items()})


def _with_rest(
    frame: pl.DataFrame,
    persons: pl.Series,
    entries: pl.LazyFrame,
    rest: Sequence[Partial],
    windows: Mapping[str, Window],
    grouping: str,
) -> pl.DataFrame:
    """Add what does not add up: minima, maxima, the most recent, and what is counted once."""
    looked = nw.to_native(totals(nw.from_native(entries), rest, windows, grouping)).collect(
        engine="streaming"
    )
    whose = pl.DataFrame({PERSON: persons}).with_row_index(WHO).cast({WHO: pl.Int32})
    numbered = looked.join(whose, on=PERSON).drop(PERSON, *(column(ROWS, name) for name in windows))
    return frame.join(numbered, on=[WHO, "dimension_value"], how="left", maintain_order="left")
