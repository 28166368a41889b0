"""Rows of a dataset in; those that are no bots' out. This is what value, profiles and audiences read."""

from collections.abc import Mapping

import polars as pl

from perennial.identity.namespace import Namespace
from perennial.identity.values import is_one_of


def without(rows: pl.LazyFrame, columns: Mapping[str, Namespace], marks: pl.DataFrame) -> pl.LazyFrame:
    """Leave out rows in which an identity (by column) is marked as a bot's (namespace, value)."""
    hit = []
    for column, namespace in columns.items():
        theirs = marks.filter(namespace=namespace.name)["value"]
        if theirs.len():
            hit.append(is_one_of(pl.col(column), namespace, theirs).fill_null(False))
    return rows.filter(~pl.any_horizontal(hit)) if hit else rows
