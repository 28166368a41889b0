"""The lake in; what the pages show of matches, out: how each stands, its scores, and the pairs in doubt."""

import json
from dataclasses import dataclass
from math import log2
from typing import Any

import polars as pl

from perennial.documents import DocumentError
from perennial.matching.definition import Match, load_matches
from perennial.stages.matching import last_runs
from perennial.stages.workspace import Workspace

BARS = 40
"""Of the distribution of scores."""


@dataclass(frozen=True)
class Standing:
    """A match and its newest run, if there was one."""

    name: str
    document: Match | None
    problem: str
    run: dict[str, Any] | None


@dataclass(frozen=True)
class Bar:
    """How many pairs have a score, or people's weight in bits, in [start, end)."""

    start: float
    end: float
    matched: int
    unsure: int


@dataclass(frozen=True)
class Pair:
    """Two rows, as they are shown."""

    score: float
    weight: float | None
    outcome: str
    left: dict[str, Any]
    right: dict[str, Any]
    why: list[dict[str, Any]]


def standings(workspace: Workspace) -> list[Standing]:
    """All matches, in the order of their names; one that cannot be read says why."""
    runs = last_runs(workspace)
    return [_standing(name, each, runs) for name, each in load_matches(workspace.settings.include).items()]


def standing(workspace: Workspace, name: str) -> Standing | None:
    """One match; None if there is no such document."""
    return next((each for each in standings(workspace) if each.name == name), None)


def distribution(workspace: Workspace, name: str, least: float) -> list[Bar]:
    """The kept pairs by their score, in bars of equal width from the least one that is kept to 1.

    People by their weight: nearly all of their probabilities are next to 1.
    """
    pairs = _pairs(workspace, name)
    by_weight = "weight" in pairs.collect_schema()
    found = pairs.select("outcome", at=pl.col("weight" if by_weight else "score")).collect()
    start, end = least, 1.0
    if by_weight:
        start = bits(least)
        end = float(found.select(pl.col("at").max().fill_null(0)).item()) + 1
        end = max(end, start + 1)
    width = (end - start) / BARS
    place = ((pl.col("at") - start) / width).floor().clip(0, BARS - 1).cast(pl.Int64)
    counted = found.group_by(place.alias("bar")).agg(
        matched=(pl.col("outcome") == "matched").sum(), unsure=(pl.col("outcome") == "unsure").sum()
    )
    known = {bar: (matched, unsure) for bar, matched, unsure in counted.iter_rows()}
    return [Bar(start + n * width, start + (n + 1) * width, *known.get(n, (0, 0))) for n in range(BARS)]


def bits(probability: float) -> float:
    """The weight that a probability comes to; a certain one has a large one, not an endless one."""
    return log2(probability / (1 - probability)) if probability < 1 else 100.0


def around(workspace: Workspace, name: str, score: float, count: int) -> list[Pair]:
    """The pairs whose scores are nearest to one, from the highest on: as many above as below."""
    pairs = _pairs(workspace, name)
    above = pairs.filter(pl.col("score") >= score).sort("score").head(count)
    below = pairs.filter(pl.col("score") < score).sort("score", descending=True).head(count)
    found = pl.concat([above, below]).sort("score", descending=True).collect()
    return [_shown(row) for row in found.iter_rows(named=True)]


def learned(run: dict[str, Any]) -> dict[str, Any] | None:
    """What a model of people has learned: its prior, and the levels by field."""
    told: dict[str, Any] = json.loads(run["learned"])
    if not told.get("levels"):
        return None
    fields: dict[str, list[dict[str, Any]]] = {}
    for level in told["levels"]:
        fields.setdefault(level["field"], []).append(level)
    return {"prior": told["prior"], "fields": fields}


def _standing(name: str, document: Match | DocumentError, runs: dict[str, dict[str, Any]]) -> Standing:
    known = document if isinstance(document, Match) else None
    return Standing(name, known, "" if known else str(document), runs.get(name))


def _pairs(workspace: Workspace, name: str) -> pl.LazyFrame:
    return workspace.lake.matches(name).scan()


def _shown(row: dict[str, Any]) -> Pair:
    sides: dict[str, dict[str, Any]] = {"left": {}, "right": {}}
    for name, value in row.items():
        side, _, column = name.partition("_")
        if side in sides and value is not None:
            sides[side][column] = value
    return Pair(
        row["score"], row.get("weight"), row["outcome"], sides["left"], sides["right"], row["why"] or []
    )
