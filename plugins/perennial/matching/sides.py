"""A table and a side's document in; its rows as they are compared, numbered, out."""

from collections.abc import Mapping

import polars as pl

from perennial.errors import TerminalError
from perennial.matching.definition import Side


class MatchRefused(TerminalError):
    """A document asks for what the tables do not have."""


def rows(table: pl.LazyFrame, side: Side, columns: Mapping[str, str], where: str) -> pl.DataFrame:
    """`row` (a number), `key`, and the fields as text, by their names; empty values are null.

    Rows without a key are left out. Raises `MatchRefused` where a column is missing or a key is there twice.

    :param where: what an error calls this side
    """
    there = table.collect_schema()
    wanted = [side.key, *side.where, *columns.values()]
    if missing := sorted({name for name in wanted if name not in there}):
        raise MatchRefused(f"{where} has no column {', '.join(missing)}; it has {', '.join(there.names())}")
    kept = [pl.col(side.key).is_not_null()]
    kept += [pl.col(name).cast(pl.String).is_in(values) for name, values in side.where.items()]
    fields = [text(pl.col(column)).alias(name) for name, column in columns.items()]
    found = table.filter(kept).select(pl.col(side.key).alias("__key"), *fields).collect()
    if found["__key"].is_duplicated().any():
        raise MatchRefused(
            f"{where}: {side.key} is no key, since several rows have the same; name a column that tells rows "
            "apart, or match a query's table that has one row of each"
        )
    return found.sort("__key").with_row_index("__row")


def text(column: pl.Expr) -> pl.Expr:
    """A value as text, without blanks around it; null where nothing is left."""
    plain = column.cast(pl.String).str.strip_chars()
    return pl.when(plain.str.len_chars() > 0).then(plain)


def folded(column: pl.Expr) -> pl.Expr:
    """A text in lower case and without accents, with single blanks between words."""
    plain = column.str.normalize("NFKD").str.replace_all(r"\p{M}", "").str.to_lowercase()
    return plain.str.replace_all(r"\s+", " ")
