"""Findings and decisions about bots in; how things stand now, for people to look at, out."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from perennial.bots import verdicts
from perennial.lake.identity import NAME
from perennial.stages.bots import found_now
from perennial.stages.visitors import namespace_of
from perennial.stages.workspace import Workspace


@dataclass(frozen=True)
class Standing:
    """How things stand with bots now."""

    visitors: pl.DataFrame
    """Who was found to be a bot or left out by people, with what they did, and what was decided of them."""
    left_out: int
    """How many identities are left out."""
    decisions: pl.DataFrame
    """The newest first."""
    models: list[dict[str, Any]]
    """The newest attempt to learn, by document."""


def standing(workspace: Workspace) -> Standing:
    """How things stand now; those who did most come first."""
    lake = workspace.lake
    newest = verdicts.decided(lake.bot_decisions.scan()).select(*NAME, "decision")
    found = found_now(workspace)
    also = newest.join(found.select(NAME), on=NAME, how="anti").select(NAME)
    names = {namespace_of(workspace, each): name for name, each in workspace.bots.items()}
    document = pl.col("namespace").replace_strict(names, default=None, return_dtype=pl.String)
    every = pl.concat([found, also.with_columns(definition=document)], how="diagonal")
    rows = every.join(newest, on=NAME, how="left").sort(
        "events", "value", descending=[True, False], nulls_last=True
    )
    models = lake.bot_models.scan().sort("as_of").group_by("definition").last().sort("definition").collect()
    return Standing(
        rows.collect(),
        lake.bot_marks.scan().select(pl.len()).collect().item(),
        lake.bot_decisions.scan().sort("step", "value", descending=[True, False]).collect(),
        [row for row in models.to_dicts() if row["definition"] in workspace.bots],
    )
