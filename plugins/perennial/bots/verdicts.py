"""Visitors and what was learned in; which of them are bots and why, and what people decided, out."""

import polars as pl

from perennial.bots.definition import BotDefinition
from perennial.bots.features import breaks
from perennial.bots.tree import Tree
from perennial.lake.identity import NAME

LET_IN, LEFT_OUT, AS_FOUND = "let_in", "left_out", "as_found"
"""What people can decide of a visitor: it is none, it is one, or what is found of it holds again."""
WHYS = ["declared", "rule", "model"]


def judged(
    visitors: pl.LazyFrame, labels: pl.DataFrame, definition: BotDefinition, tree: Tree | None
) -> pl.LazyFrame:
    """Add `family` and `is_crawler` (null without a user agent), `probability`, and what says that it is a
    bot: `declared`, `rule` and `model`.

    `visitors` are as `perennial.bots.features.over_days` gives them, `labels` as `perennial.bots.labels`.
    """
    known = visitors.join(labels.lazy(), on="user_agent", how="left")
    share = pl.lit(None, pl.Float64)
    if tree is not None and definition.model is not None:
        share = pl.when(can_be_told(definition)).then(tree.probability())
    judged = known.with_columns(
        declared=pl.col("is_crawler").fill_null(False) if definition.declared else pl.lit(False),
        rule=breaks(definition),
        probability=share,
    )
    least = definition.model.probability if definition.model else 1.0
    return judged.with_columns(model=(pl.col("probability") >= least).fill_null(False))


def can_be_told(definition: BotDefinition) -> pl.Expr:
    """Whether a visitor did enough within half an hour for a model to tell."""
    least = definition.model.least_events if definition.model else 1
    return pl.col("most_1800") >= least


def is_bot() -> pl.Expr:
    """Of judged visitors: whether anything says so."""
    return pl.any_horizontal(WHYS)


def decided(decisions: pl.LazyFrame) -> pl.LazyFrame:
    """The newest decision on each visitor, without those that were taken back."""
    newest = decisions.sort("step").group_by(NAME).last()
    return newest.filter(pl.col("decision") != AS_FOUND)


def marked(found: pl.LazyFrame, decisions: pl.LazyFrame) -> pl.LazyFrame:
    """Who is left out of everything: (namespace, value), sorted, of those `found` and those decided upon."""
    newest = decided(decisions)
    kept = found.select(NAME).join(newest.filter(decision=LET_IN).select(NAME), on=NAME, how="anti")
    every = pl.concat([kept, newest.filter(decision=LEFT_OUT).select(NAME)])
    return every.unique().sort(NAME)
