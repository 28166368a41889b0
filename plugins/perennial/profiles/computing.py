"""Events of people and a computed attribute in; its value for each person who has one, out."""

from datetime import date

import narwhals as nw
import polars as pl

from perennial.identity.people import PERSON
from perennial.profiles.computed import ComputedAttribute
from perennial.value.deciles import scale_of
from perennial.value.definition import OVERALL
from perennial.value.entries import TIME, entries, partials_of
from perennial.value.money import as_money, decimal, scales
from perennial.value.totals import totals, value
from perennial.value.windows import FIRST, Window

ALWAYS = {"all": Window(FIRST, date.max)}


def compute(attribute: ComputedAttribute, events: pl.LazyFrame, as_of: date) -> pl.LazyFrame:
    """(person_id, a column of the attribute's name), as of the midnight (UTC) that begins a day.

    `events` have `person_id`, `event_time` and the dataset's columns. Decimals are exact, averages floats.
    Whoever has no such events has no value. Raises `MetricError` where the expression does not fit them.
    """
    begin, end = attribute.window(as_of)
    inside = events.filter(pl.col(TIME) < end, pl.col(PERSON).is_not_null())
    if begin is not None:
        inside = inside.filter(pl.col(TIME) >= begin)
    frame, definition = nw.from_native(inside), attribute.definition
    found = partials_of(frame, definition)
    each = entries(frame, definition, {})
    if attribute.list is not None:
        return _newest(nw.to_native(each), attribute, found[0].scale)
    name, metric = attribute.name, definition.metrics[attribute.name]
    summed = totals(each, found, ALWAYS, OVERALL)
    result = summed.select(PERSON, value(name, metric, scale_of(name, found), "all").alias(name))
    return as_money(nw.to_native(result), scales(definition, found)).drop_nulls()


def _newest(each: pl.LazyFrame, attribute: ComputedAttribute, scale: int) -> pl.LazyFrame:
    """Each person's different values, the newest first; of equally new ones, the least."""
    name, at = attribute.name, f"{attribute.name}__at"
    values = each.drop_nulls(name).group_by(PERSON, name).agg(pl.col(at).max())
    newest = pl.col(name).sort_by(at, name, descending=[True, False]).head(attribute.most)
    said = values.with_columns(decimal(pl.col(name), scale)) if scale else values
    return said.group_by(PERSON).agg(newest)
