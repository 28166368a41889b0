"""Two sides of things in; pairs with the cosine of what is written of them, and why, out."""

import numpy as np
import polars as pl

from perennial.matching.cosine import Blocks, alike
from perennial.matching.definition import ProductMatch
from perennial.matching.sides import folded
from perennial.matching.terms import Texts, weighed

CHUNK = 50_000
"""Pairs that are explained at a time."""
WHY = pl.List(pl.Struct({"what": pl.String(), "weight": pl.Float64()}))
TOLD = 4
"""Words of a pair that are told, those that count most."""


def texts(left: pl.DataFrame, right: pl.DataFrame, match: ProductMatch) -> Texts:
    """What is written of each row, as vectors."""
    written = pl.concat_str([pl.col(each.left) for each in match.text], separator=" ", ignore_nulls=True)
    return weighed(left.select(written).to_series(), right.select(written).to_series())


def matched(
    left: pl.DataFrame, right: pl.DataFrame, match: ProductMatch, compared: Texts, threads: int = 2
) -> pl.DataFrame:
    """Pairs (`left`, `right`: row numbers) with a `score` of at least `match.least`."""
    blocks = _blocks(left, right, [each.left for each in match.same]) if match.same else None
    return alike(compared.left, compared.right, match.least, blocks, threads)


def explained(pairs: pl.DataFrame, compared: Texts) -> pl.DataFrame:
    """Pairs with `why`: the words of the left text that bring about the score, and how much of it."""
    if pairs.is_empty():
        return pairs.with_columns(why=pl.lit([], WHY))
    return pl.concat(_why(part, compared) for part in pairs.iter_slices(CHUNK))


def _why(pairs: pl.DataFrame, compared: Texts) -> pl.DataFrame:
    rows, others = pairs["left"].to_numpy(), pairs["right"].to_numpy()
    words = compared.left.words[rows].tocoo()
    # Every n-gram of every word of every left text, for each of its pairs.
    grams = compared.grams[words.col].tocoo()
    pair, gram = words.row[grams.row], grams.col
    common = compared.left.vectors[rows].multiply(compared.right.vectors[others]).tocsr()
    each = pl.DataFrame(
        {
            "pair": pair,
            "word": words.col[grams.row],
            "gram": gram,
            "part": np.asarray(common[pair, gram]).ravel(),
        }
    ).filter(pl.col("part") > 0)
    # An n-gram that several words of the text have is shared among them.
    shared = each.with_columns(pl.col("part") / pl.len().over("pair", "gram"))
    told = (
        shared.group_by("pair", "word")
        .agg(weight=pl.col("part").sum().round(3))
        .sort("pair", "weight", "word", descending=[False, True, False])
        .group_by("pair", maintain_order=True)
        .head(TOLD)
    )
    named = told.with_columns(what=compared.words.gather(told["word"]))
    why = named.group_by("pair", maintain_order=True).agg(why=pl.struct("what", "weight"))
    numbered = pairs.with_row_index("pair").cast({"pair": pl.Int64})
    return numbered.join(why.cast({"pair": pl.Int64}), on="pair", how="left", maintain_order="left").drop(
        "pair"
    )


def _blocks(left: pl.DataFrame, right: pl.DataFrame, fields: list[str]) -> Blocks:
    """Numbers for what both sides have; a row that lacks one of the fields has a number of its own."""
    both = pl.concat([side.select(folded(pl.col(name)) for name in fields) for side in (left, right)])
    known = pl.all_horizontal(pl.all().is_not_null())
    numbers = both.select(
        pl.when(known)
        .then(pl.struct(fields).rank("dense").cast(pl.Int64))
        .otherwise(-1 - pl.int_range(pl.len()))
    )
    number = numbers.to_series().to_numpy()
    return Blocks(number[: left.height], number[left.height :])
