"""Rows of a dataset in; which identities occur together in them, and when they were seen so, out."""

from collections.abc import Iterator, Mapping
from itertools import combinations

import polars as pl

from perennial.identity.namespace import Namespace
from perennial.identity.values import comparable, sha256
from perennial.lake.identity import LINKS, PAIR

Columns = Mapping[str, str]
"""The namespaces of columns, the primary identity's first."""


def links(
    rows: pl.LazyFrame, dataset: str, columns: Columns, namespaces: Mapping[str, Namespace], time: pl.Expr
) -> pl.LazyFrame:
    """The first identity that a row has is linked to each of its others, and a value to its digest.

    `time` says when a row was seen. Rows with one identity link nobody, but the digest to its value.
    """
    used = {column: namespaces[name] for column, name in columns.items() if namespaces[name].links}
    named = rows.select(*(comparable(pl.col(c), each).alias(c) for c, each in used.items()), at=time)
    seen = named.group_by(*used).agg(first_seen=pl.col("at").min(), last_seen=pl.col("at").max())
    nothing = pl.LazyFrame(schema=LINKS).drop("dataset")
    found = [nothing, *_pairs(seen, list(used), used), *_digests(seen, used, namespaces)]
    return merged(pl.concat(found).with_columns(dataset=pl.lit(dataset)))


def merged(found: pl.LazyFrame) -> pl.LazyFrame:
    """Each pair of a dataset once, from when it was first seen to when it was last seen."""
    return (
        found.group_by(*PAIR, "dataset")
        .agg(pl.col("first_seen").min(), pl.col("last_seen").max())
        .select(LINKS.names())
    )


def unusable(rows: pl.LazyFrame, columns: Columns, namespaces: Mapping[str, Namespace]) -> dict[str, int]:
    """How many rows have a value that names nobody, by column."""
    counts = [
        (pl.col(column).is_not_null() & comparable(pl.col(column), namespaces[name]).is_null())
        .sum()
        .alias(column)
        for column, name in columns.items()
    ]
    found = rows.select(counts).collect().row(0, named=True) if counts else {}
    return {column: int(count) for column, count in found.items() if count}


def _pairs(
    seen: pl.LazyFrame, columns: list[str], namespaces: Mapping[str, Namespace]
) -> Iterator[pl.LazyFrame]:
    for left, right in combinations(columns, 2):
        missing = columns[: columns.index(left)]
        first = pl.all_horizontal(pl.col(left, right).is_not_null(), *(pl.col(c).is_null() for c in missing))
        yield _named(
            seen.filter(first), namespaces[left].name, pl.col(left), namespaces[right].name, pl.col(right)
        )


def _digests(
    seen: pl.LazyFrame, used: Mapping[str, Namespace], namespaces: Mapping[str, Namespace]
) -> Iterator[pl.LazyFrame]:
    for column, namespace in used.items():
        for digest in namespaces.values():
            if digest.sha256_of == namespace.name and digest.links:
                some = seen.filter(pl.col(column).is_not_null())
                yield _named(some, namespace.name, pl.col(column), digest.name, sha256(pl.col(column)))


def _named(seen: pl.LazyFrame, left: str, value: pl.Expr, right: str, other: pl.Expr) -> pl.LazyFrame:
    return seen.select(
        left_namespace=pl.lit(left), left=value, right_namespace=pl.lit(right), right=other,
        first_seen="first_seen", last_seen="last_seen",
    )  # fmt: skip
