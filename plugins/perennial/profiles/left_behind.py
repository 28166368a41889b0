"""Looks at products and purchases in; the dearest product that each person left behind out."""

from datetime import datetime
from typing import Literal

import narwhals as nw
import polars as pl

from perennial.identity.people import PERSON
from perennial.value.expressions import Column, condition

TIME, PRODUCT, PRICE, AT = "event_time", "product", "price", "at"


def left_behind(
    looks: pl.LazyFrame,
    purchases: pl.LazyFrame,
    begin: datetime,
    end: datetime,
    unless_bought: Literal["anything", "product"] = "anything",
) -> pl.LazyFrame:
    """(person_id, product, price, at), one row a person, from what happened in [begin, end).

    `looks` have `person_id`, `event_time`, `product` and `price`; `purchases` the first two, and `product`
    where that counts. A product costs what it did when it was looked at last, which is `at`; of looks at the
    same moment, the highest price. The dearest is taken, of equally dear ones the one looked at last, and of
    those the least by name; products without a price come after all others.

    Unless `anything` was bought: who bought within that time, before or after looking, left nothing behind.
    Unless the `product` was: a purchase counts if it came with the last look at this product, or after it.
    """
    looked = _within(looks, begin, end).filter(pl.col(PRODUCT).is_not_null())
    bought = _within(purchases, begin, end)
    last = (
        looked.sort(TIME, PRICE, nulls_last=False, maintain_order=True)
        .group_by(PERSON, PRODUCT)
        .agg(pl.col(PRICE).last(), pl.col(TIME).last().alias(AT))
    )
    if unless_bought == "anything":
        left = last.join(bought.select(PERSON).unique(), on=PERSON, how="anti")
    else:
        when = bought.group_by(PERSON, PRODUCT).agg(__bought=pl.col(TIME).max())
        known = last.join(when, on=[PERSON, PRODUCT], how="left")
        left = known.filter((pl.col("__bought") < pl.col(AT)).fill_null(True)).drop("__bought")
    ordered = left.sort(PERSON, PRICE, AT, PRODUCT, descending=[False, True, True, False], nulls_last=True)
    dearest = ordered.group_by(PERSON, maintain_order=True).first()
    return dearest.select(PERSON, PRODUCT, PRICE, AT)


def where_true(rows: pl.LazyFrame, where: str | None) -> pl.LazyFrame:
    """Rows for which an expression is true. Raises `ExpressionError` where it does not fit them."""
    if where is None:
        return rows
    schema = nw.from_native(rows).collect_schema()
    columns = {name: Column(dtype, getattr(dtype, "scale", 0) or 0) for name, dtype in schema.items()}
    money = [name for name, column in columns.items() if column.dtype.is_decimal()]
    # Expressions see decimals as whole numbers of their smallest unit; the rows keep theirs.
    kept = rows.with_columns(pl.col(name).alias(f"__{name}") for name in money)
    whole = kept.with_columns(pl.col(money).to_physical().cast(pl.Int64)) if money else kept
    true: pl.LazyFrame = nw.to_native(nw.from_native(whole).filter(condition(where, columns)))
    return true.with_columns(pl.col(f"__{name}").alias(name) for name in money).select(schema.names())


def _within(rows: pl.LazyFrame, begin: datetime, end: datetime) -> pl.LazyFrame:
    inside = pl.col(TIME).is_between(begin, end, closed="left")
    return rows.filter(inside, pl.col(PERSON).is_not_null())
