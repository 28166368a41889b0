"""What was found as events came in; how large streamed audiences are now, and who hinders one, out."""

from datetime import timedelta
from typing import Any

import polars as pl

from perennial.audiences.definition import Audience
from perennial.audiences.evaluation import spoken_of
from perennial.audiences.stream import hindrances
from perennial.identity.people import PERSON
from perennial.stages.streaming import sizes, until
from perennial.stages.workspace import Workspace

RECENT = timedelta(days=1)
"""Of these, who entered and left is told."""


def now(workspace: Workspace) -> dict[str, dict[str, Any]]:
    """How many are in each streamed audience, the moment as of which that holds, and who came and left within
    a day before it."""
    asked = {name: each for name, each in workspace.audiences.items() if _is_streamed(workspace, name)}
    last = sizes(workspace).filter(pl.col("audience").is_in([*asked]))
    at = until(workspace)
    if last.is_empty() or at is None:
        return {}
    log, known = workspace.lake.live_evaluations.scan(), workspace.lake.live_membership.version()
    recent = log.filter(pl.col("step") <= known, pl.col("at") > pl.lit(at) - RECENT)
    moved = recent.group_by("audience").agg(pl.col("entered", "exited").sum()).collect()
    rows = last.drop("entered", "exited").join(moved, on="audience", how="left")
    return {
        row["audience"]: {
            "size": row["size"],
            "entered": row["entered"] or 0,
            "exited": row["exited"] or 0,
            "at": at,
            "snapshot": row["profiles"],
            "current": row["definition_hash"] == asked[row["audience"]].definition_hash,
        }
        for row in rows.to_dicts()
    }


def of_person(workspace: Workspace, person_id: str) -> list[dict[str, Any]]:
    """The streamed audiences that somebody is in, or was: (audience, is_in, at), since when; newest first."""
    rows = workspace.lake.live_membership.scan().filter(pl.col(PERSON) == person_id).sort("step").collect()
    turns = {
        audience: {"audience": audience, "is_in": how == "entered", "at": row["at"]}
        for row in rows.to_dicts()
        for how in ("exited", "entered")
        for audience in row[how]
    }
    asked = [each for name, each in turns.items() if _is_streamed(workspace, name)]
    return sorted(asked, key=lambda each: each["at"], reverse=True)


def _is_streamed(workspace: Workspace, name: str) -> bool:
    return name in workspace.audiences and workspace.audiences[name].evaluation == "stream"


def hindered(workspace: Workspace, audience: Audience) -> list[str]:
    """Why an audience as it is defined here cannot be evaluated as events come; empty if it can."""
    return hindrances(audience, _with(workspace, audience), workspace.consents)


def stopped(workspace: Workspace, audience: Audience) -> list[str]:
    """The titles of published audiences that could no longer be evaluated as events come, if it were so."""
    known, consents = _with(workspace, audience), workspace.consents
    return [
        each.title
        for name, each in workspace.audiences.items()
        if each.evaluation == "stream"
        and each.state == "published"
        and name != audience.name
        and audience.name in spoken_of(each, consents)
        and hindrances(each, known, consents)
    ]


def _with(workspace: Workspace, audience: Audience) -> dict[str, Audience]:
    return {**workspace.audiences, audience.name: audience}
