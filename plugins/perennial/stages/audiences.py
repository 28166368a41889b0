"""Profiles in, members of all audiences as of a day out."""

from datetime import date

import polars as pl

from perennial.audiences import membership
from perennial.stages.workspace import Workspace


def evaluate_audiences(workspace: Workspace, as_of: date) -> pl.DataFrame:
    """Evaluate all audiences; returns (audience, status, people)."""
    people = workspace.lake.profiles.scan().filter(as_of=as_of)
    members = membership.evaluate(people, workspace.audiences)
    rows = membership.store(workspace.lake.membership, members, as_of)
    return rows.group_by("audience", "status").agg(people=pl.len()).sort("audience", "status")
