"""Audiences as JSON: what there is, what rules can be made of, exact estimates, and changes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from perennial.audiences.comparisons import RuleError
from perennial.audiences.editing import DefinitionRefused, read
from perennial.audiences.sentence import AGGREGATES
from perennial.audiences.splitting import Part
from perennial.documents import Mistake
from perennial.stages import audience_library as library
from perennial.stages import building_blocks
from perennial.stages.estimates import estimate
from perennial.stages.profiles import newest_day
from perennial.stages.workspace import Workspace
from perennial.web.auth import AUDIENCE_EDITOR, may_edit_audiences
from perennial.web.signals_state import lake_errors
from perennial.web.writes import Refused, from_our_pages

router = APIRouter(prefix="/api/audiences")
WRITES = [AUDIENCE_EDITOR, Depends(from_our_pages)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=100)]
Text = Annotated[str, Query(max_length=200)]


def get_workspace(request: Request) -> Workspace:
    """The deployment's documents, read anew for each request, and its lake."""
    return Workspace(request.app.state.settings)


EditDep = Annotated[bool, Depends(may_edit_audiences)]
WorkspaceDep = Annotated[Workspace, Depends(get_workspace)]


class Asked(BaseModel):
    """A rule that is being put together."""

    model_config = ConfigDict(extra="forbid")
    rule: dict[str, Any]
    top: dict[str, Any] | None = None
    purpose: str | None = None
    name: Name | None = None


class Change(BaseModel):
    """A definition to be kept."""

    model_config = ConfigDict(extra="forbid")
    definition: dict[str, Any]
    before: str | None = None


class Piece(BaseModel):
    """A part of an audience, as an audience of its own."""

    model_config = ConfigDict(extra="forbid")
    name: Name
    title: Annotated[str, Field(min_length=1, max_length=200)]
    share: float


class Split(BaseModel):
    """The parts that an audience is to have."""

    model_config = ConfigDict(extra="forbid")
    parts: Annotated[list[Piece], Field(min_length=1, max_length=50)]


@contextmanager
def mistakes() -> Iterator[None]:
    """Turn what is wrong with a definition into `Refused`, and what stands in its way into 409."""
    try:
        with lake_errors():
            yield
    except DefinitionRefused as error:
        raise Refused(error.mistakes) from None
    except RuleError as error:
        raise Refused([Mistake(error.path, error.message)]) from None
    except library.AudienceInUse as error:
        raise HTTPException(409, str(error)) from None


@router.get("")
def listed(workspace: WorkspaceDep) -> dict[str, Any]:
    """All audiences."""
    with lake_errors():
        return {"audiences": library.listed(workspace)}


@router.get("/blocks")
def blocks(workspace: WorkspaceDep) -> dict[str, Any]:
    """What rules can be made of."""
    with lake_errors():
        return {
            "as_of": newest_day(workspace),
            "attributes": [asdict(each) for each in building_blocks.attributes(workspace)],
            "events": [{"name": name, **each} for name, each in building_blocks.events(workspace).items()],
            "audiences": [
                {"name": name, "title": each.title}
                for name, each in workspace.audiences.items()
                if each.state == "published"
            ],
            "purposes": [{"name": name, "title": each.title} for name, each in workspace.consents.items()],
            "namespaces": [
                {"name": name, "title": each.title}
                for name, each in workspace.namespaces.items()
                if each.links
            ],
            "operators": building_blocks.OPERATORS_BY_KIND,
            "aggregates": [{"name": name, "label": label} for name, label in AGGREGATES.items()],
        }


@router.get("/values")
def values(
    workspace: WorkspaceDep,
    attribute: Text = "",
    key: Text = "",
    event: Text = "",
    field: Text = "",
    search: Text = "",
) -> dict[str, Any]:
    """The most frequent values of an attribute, or of an event's field."""
    with mistakes():
        return building_blocks.values(workspace, attribute or field, key or None, event or None, search)


@router.post("/estimate", dependencies=WRITES[1:])
def estimated(asked: Asked, workspace: WorkspaceDep, edit: EditDep) -> dict[str, Any]:
    """Who meets a rule: exactly, as of the newest day of profiles. Only editors see people among them."""
    with mistakes():
        definition = {"title": "Draft", **asked.model_dump(include={"rule", "top", "purpose"})}
        found = estimate(workspace, read(asked.name or "draft", definition)).as_dict()
    return found if edit else found | {"sample": []}


@router.get("/{name}")
def one(name: Name, workspace: WorkspaceDep) -> dict[str, Any]:
    """One audience."""
    if name not in workspace.audiences:
        raise HTTPException(404, "There is no such audience.")
    with lake_errors():
        return library.shown(workspace, name)


@router.put("/{name}", dependencies=WRITES)
def save(name: Name, change: Change, workspace: WorkspaceDep) -> dict[str, Any]:
    """Create an audience, or change it."""
    with mistakes():
        library.save(workspace, name, change.definition, change.before)
    return one(name, Workspace(workspace.settings))


@router.post("/{name}/split", dependencies=WRITES)
def split(name: Name, asked: Split, workspace: WorkspaceDep) -> dict[str, Any]:
    """Create a draft for each of some parts of an audience that have nobody in common."""
    if name not in workspace.audiences:
        raise HTTPException(404, "There is no such audience.")
    parts = [Part(each.name, each.title, each.share) for each in asked.parts]
    with mistakes():
        return {"audiences": library.split(workspace, name, parts)}


@router.delete("/{name}", dependencies=WRITES)
def delete(name: Name, workspace: WorkspaceDep) -> dict[str, Any]:
    """Remove an audience that nothing depends on."""
    if name not in workspace.audiences:
        raise HTTPException(404, "There is no such audience.")
    with mistakes():
        library.delete(workspace, name)
    return {}
