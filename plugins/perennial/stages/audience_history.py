"""What was recorded of evaluations in; how an audience stands, and how its size went day by day, out."""

from datetime import date
from typing import Any

import polars as pl

from perennial.audiences.definition import Audience
from perennial.audiences.membership import ENTERED, EXITED
from perennial.stages.workspace import Workspace

DAYS = 90
"""How far back it goes."""
SAID = ("as_of", "size", "entered", "exited", "definition_hash", "at", "rows", "seconds")


def days(workspace: Workspace) -> pl.DataFrame:
    """The evaluations of the last days, by day, with how many people `entered` and `exited`."""
    lake, recorded = workspace.lake, workspace.lake.evaluations.scan()
    last: date | None = recorded.select(pl.col("as_of").max()).collect().item()
    if last is None:
        return recorded.clear().with_columns(entered=pl.lit(0), exited=pl.lit(0)).collect()
    recent = pl.col("as_of") > pl.lit(last).dt.offset_by(f"-{DAYS}d")
    rows = lake.membership.scan().filter(recent).group_by("audience", "as_of")
    status = pl.col("status")
    moved = rows.agg(entered=(status == ENTERED).sum(), exited=(status == EXITED).sum())
    joined = recorded.filter(recent).join(moved, on=["audience", "as_of"], how="left")
    return joined.with_columns(pl.col("entered", "exited").fill_null(0)).sort("as_of").collect()


def standing(audience: Audience, evaluations: pl.DataFrame) -> dict[str, Any]:
    """`evaluated`: the last day on which the audience could be, with its size and cost; None if never.

    `failure`: why it could not be on a later day; None if it could. `evaluations` are those of `days`.
    """
    mine = evaluations.filter(audience=audience.name)
    good = mine.filter(pl.col("failure").is_null())
    return {"evaluated": _evaluated(audience, good), "failure": _failure(audience, mine)}


def trend(audience: Audience, evaluations: pl.DataFrame) -> list[dict[str, Any]]:
    """Its size, and who came and left, on each day on which it could be evaluated."""
    good = evaluations.filter(pl.col("failure").is_null(), audience=audience.name)
    return good.select("as_of", "size", "entered", "exited").to_dicts()


def _evaluated(audience: Audience, good: pl.DataFrame) -> dict[str, Any] | None:
    if good.is_empty():
        return None
    last = good.row(-1, named=True)
    current = last["definition_hash"] == audience.definition_hash
    return {name: last[name] for name in SAID} | {"current": current, "snapshot": last["profiles"]}


def _failure(audience: Audience, mine: pl.DataFrame) -> dict[str, Any] | None:
    if mine.is_empty() or (last := mine.row(-1, named=True))["failure"] is None:
        return None
    return {
        "as_of": last["as_of"],
        "at": last["at"],
        "message": last["failure"].removeprefix(f"{audience.name}: "),
        "current": last["definition_hash"] == audience.definition_hash,
    }
