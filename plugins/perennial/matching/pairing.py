"""Scored pairs in; which of them are kept, where a row may have one partner or several, out."""

from typing import Literal

import polars as pl

Pairs = Literal["one_to_one", "best", "all"]
"""`one_to_one`: no row of either side twice; `best`: of each left row its best; `all`: every pair."""


def picked(pairs: pl.DataFrame, how: Pairs, score: str = "score") -> pl.DataFrame:
    """Those of the pairs (`left`, `right`) that are kept, the best first.

    One to one takes the best pair of all, leaves out the others of its two rows, and so on. Of equal scores
    the lowest row numbers win.
    """
    ordered = pairs.sort(pl.col(score), "left", "right", descending=[True, False, False])
    if how == "all":
        return ordered
    if how == "best":
        return ordered.unique("left", keep="first", maintain_order=True)
    return _one_to_one(ordered)


def _one_to_one(ordered: pl.DataFrame) -> pl.DataFrame:
    """All pairs at once that are the best of both their rows, again and again: what one by one would give."""
    left, chosen = ordered.with_row_index("place"), []
    while left.height:
        best = left.filter(
            (pl.col("place") == pl.col("place").min().over("left"))
            & (pl.col("place") == pl.col("place").min().over("right"))
        )
        chosen.append(best)
        left = left.join(best, on="left", how="anti").join(best, on="right", how="anti")
    if not chosen:
        return ordered
    return pl.concat(chosen).sort("place").drop("place")
