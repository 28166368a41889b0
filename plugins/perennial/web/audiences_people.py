"""Audiences as JSON, the people's part: how two overlap, who is in one, and why somebody is or is not."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query
from pydantic import BaseModel, ConfigDict

from perennial.audiences.editing import read
from perennial.stages.eligibility import memberships, some_members, why
from perennial.stages.overlaps import overlap
from perennial.stages.person import find
from perennial.stages.workspace import Workspace
from perennial.web.audiences_api import Name, WorkspaceDep, mistakes
from perennial.web.auth import AUDIENCE_EDITOR
from perennial.web.writes import from_our_pages

router = APIRouter(prefix="/api/audiences")
SOME = 20
"""People who are offered, where a text names several."""


class Compared(BaseModel):
    """A rule that is being put together, or the audience of that name as it is; and another audience."""

    model_config = ConfigDict(extra="forbid")
    rule: dict[str, Any] | None = None
    top: dict[str, Any] | None = None
    purpose: str | None = None
    name: Name | None = None
    other: Name


@router.post("/overlap", dependencies=[Depends(from_our_pages)])
def overlapping(asked: Compared, workspace: WorkspaceDep) -> dict[str, Any]:
    """How many are in an audience, in another one, and in both: exactly, as of the newest profiles."""
    with mistakes():
        if asked.rule is None:
            audience = workspace.audiences[known(workspace, asked.name or "")]
        else:
            definition = {"title": "Draft", **asked.model_dump(include={"rule", "top", "purpose"})}
            audience = read(asked.name or "draft", definition)
        return overlap(workspace, audience, asked.other).as_dict()


@router.get("/{name}/members", dependencies=[AUDIENCE_EDITOR])
def members(name: Name, workspace: WorkspaceDep) -> dict[str, Any]:
    """Some of its members, and since when they are."""
    with mistakes():
        return {"members": some_members(workspace, known(workspace, name))}


@router.get("/{name}/eligibility", dependencies=[AUDIENCE_EDITOR])
def eligibility(
    name: Name, workspace: WorkspaceDep, person: Annotated[str, Query(min_length=1, max_length=1024)]
) -> dict[str, Any]:
    """Why a person, named by any identity, is in an audience or is not, as of the newest profiles."""
    known(workspace, name)
    with mistakes():
        people = find(workspace, person)
        if len(people) != 1:
            return {"people": people[:SOME], "explanation": None}
        found, day = why(workspace, name, people[0]["person_id"])
        theirs = memberships(workspace, people[0]["person_id"])
        return {
            "people": people,
            "as_of": day,
            "explanation": None if found is None else asdict(found),
            "membership": next(iter(theirs.filter(audience=name).to_dicts()), None),
        }


def known(workspace: Workspace, name: str) -> str:
    """The name of an audience that there is."""
    if name not in workspace.audiences:
        raise HTTPException(404, "There is no such audience.")
    return name
