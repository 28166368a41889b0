"""Dashboards as JSON and YAML: kept, deleted, looked up in their history, and drawn before they are kept."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Response
from pydantic import BaseModel, ConfigDict, Field

from perennial.documents import Mistake
from perennial.queries.errors import QueryError
from perennial.web import dashboards_text as text
from perennial.web.api import SelectionDep, download
from perennial.web.auth import DASHBOARD_EDITOR, EXPORTER, GetUserDep
from perennial.web.dashboards_kept import OvertakenError, Shelf, Version
from perennial.web.periods import Period
from perennial.web.printing import printed
from perennial.web.results import payload
from perennial.web.selections import chosen
from perennial.web.state import DashboardDep, LibraryDep, StoreDep
from perennial.web.writes import Refused, from_our_pages

router = APIRouter(prefix="/api/dashboards")
WRITES = [DASHBOARD_EDITOR, Depends(from_our_pages)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=63)]


class Change(BaseModel):
    """A document to be kept, upon the version that it was made of; 0 for a new one."""

    model_config = ConfigDict(extra="forbid")
    document: dict[str, Any]
    before: Annotated[int, Field(ge=0)] = 0


class Deletion(BaseModel):
    """The version that is deleted."""

    model_config = ConfigDict(extra="forbid")
    before: Annotated[int, Field(ge=1)]


class Draft(BaseModel):
    """A widget of a document that is not kept yet, and what is selected above it."""

    model_config = ConfigDict(extra="forbid")
    document: dict[str, Any]
    widget: str
    day: date | None = None
    period: Period | None = None
    filters: dict[str, str | list[str]] = {}


class Written(BaseModel):
    """A dashboard, or one widget, as a document or as YAML; the answer has both."""

    model_config = ConfigDict(extra="forbid")
    name: Name = "draft"
    document: dict[str, Any] | None = None
    yaml: Annotated[str, Field(max_length=2_000_000)] | None = None
    widget: bool = False
    filters: tuple[dict[str, Any], ...] = ()
    """Of the dashboard that a widget is on."""


@contextmanager
def mistakes() -> Iterator[None]:
    """Turn what is wrong with a document into 422 with its places, and what stands in its way into 409."""
    try:
        yield
    except text.DashboardRefused as error:
        raise Refused(error.mistakes) from None
    except QueryError as error:
        raise Refused([Mistake("", str(error))]) from None
    except OvertakenError as error:
        raise HTTPException(409, str(error)) from None


def get_shelf(library: LibraryDep) -> Shelf:
    """Where dashboards are kept, or 503."""
    if library.shelf is None:
        raise HTTPException(503, "This server keeps no dashboards.")
    return library.shelf


ShelfDep = Annotated[Shelf, Depends(get_shelf)]


@router.post("/draft", dependencies=WRITES)
def draw_draft(draft: Draft, store: StoreDep, shelf: ShelfDep) -> dict[str, Any]:
    """Columns, rows and the drawing of one widget of a document that is not kept, and how it is read."""
    alone = [one for one in draft.document.get("widgets") or () if _id(one) == draft.widget]
    with mistakes():
        dashboard = text.checked("draft", {**draft.document, "widgets": alone})
        shelf.refuse_acts(text.calls_of(dashboard))
    if not dashboard.widgets:
        raise HTTPException(404, "There is no such widget.")
    widget = dashboard.widgets[0]
    selection = chosen(dashboard, store, draft.day, draft.period, draft.filters)
    drawn = payload(widget, selection, store)
    return drawn | {"widget": widget.model_dump(mode="json")}


@router.post("/text", dependencies=WRITES)
def write(wanted: Written) -> dict[str, Any]:
    """A document as YAML, or YAML as a document: checked, and both in the answer."""
    with mistakes():
        said = text.from_yaml(wanted.yaml) if wanted.yaml is not None else wanted.document or {}
        whole = {"title": "Draft", "filters": wanted.filters, "widgets": [said]} if wanted.widget else said
        dashboard = text.checked(wanted.name, whole)
    plain = text.plain_widget(dashboard.widgets[0]) if wanted.widget else text.plain(dashboard)
    return {"document": plain, "yaml": text.dump(plain)}


@router.put("/{name}", dependencies=WRITES)
def save(
    name: Name, change: Change, library: LibraryDep, shelf: ShelfDep, user: GetUserDep
) -> dict[str, Any]:
    """Keep a new version of a dashboard, or a new dashboard."""
    _refuse_provisioned(name, library)
    with mistakes():
        dashboard = text.checked(name, {**change.document, "stages": ()})
        shelf.refuse_acts(text.calls_of(dashboard))
        before = change.before or _free(name, shelf)
        kept = shelf.save(name, text.plain(dashboard), before, user.get_name())
    return _about(kept) | {"document": kept.document}


@router.delete("/{name}", dependencies=WRITES)
def delete(
    name: Name, deletion: Deletion, library: LibraryDep, shelf: ShelfDep, user: GetUserDep
) -> dict[str, Any]:
    """Delete a dashboard; its history stays, and any version of it can be saved again."""
    _refuse_provisioned(name, library)
    if (newest := shelf.newest(name)) is None or newest.document is None:
        raise HTTPException(404, "There is no such dashboard.")
    with mistakes():
        return _about(shelf.save(name, None, deletion.before, user.get_name()))


@router.get("/{name}/versions")
def history(name: Name, shelf: ShelfDep) -> dict[str, Any]:
    """Every version, the newest first, without the documents."""
    return {"versions": [_about(version) for version in shelf.history(name)]}


@router.get("/{name}/versions/{version}")
def one_version(name: Name, version: int, shelf: ShelfDep) -> dict[str, Any]:
    """One version with its document; null where it was deleted."""
    found = next((one for one in shelf.history(name) if one.version == version), None)
    if found is None:
        raise HTTPException(404, "There is no such version.")
    return _about(found) | {"document": found.document}


@router.get("/{name}/yaml", dependencies=[EXPORTER])
def get_yaml(dashboard: DashboardDep) -> Response:
    """The document as a file for `include/dashboards`."""
    headers = download(f"{dashboard.name}.yaml")
    return Response(text.to_yaml(dashboard), media_type="application/yaml", headers=headers)


@router.get("/{name}/{kind}", dependencies=[EXPORTER])
def print_whole(
    dashboard: DashboardDep, selection: SelectionDep, store: StoreDep, kind: Literal["pdf", "png"]
) -> Response:
    """All of a dashboard as pages of A4, or as one picture; light, since paper is."""
    content = printed(dashboard, selection, store, (kind,))[kind]
    media_type = {"pdf": "application/pdf", "png": "image/png"}[kind]
    file = f"{dashboard.name}_{selection.day}.{kind}"
    return Response(content, media_type=media_type, headers=download(file))


def _id(widget: Any) -> Any:
    return widget.get("id") if isinstance(widget, dict) else None


def _about(version: Version) -> dict[str, Any]:
    widgets = len(version.document.get("widgets", ())) if version.document else 0
    return {
        "name": version.name,
        "version": version.version,
        "saved_at": version.saved_at,
        "saved_by": version.saved_by,
        "deleted": version.document is None,
        "title": (version.document or {}).get("title"),
        "widgets": widgets,
    }


def _refuse_provisioned(name: str, library: LibraryDep) -> None:
    if name in library.dashboards():
        raise HTTPException(
            409,
            f"{name} is a document of include/dashboards and changes there; duplicate it under another name.",
        )


def _free(name: str, shelf: Shelf) -> int:
    """The version that a new dashboard follows: the deletion of an older one of its name, or none."""
    newest = shelf.newest(name)
    if newest is not None and newest.document is not None:
        raise HTTPException(409, f"There is a dashboard {name} already; choose another name.")
    return newest.version if newest else 0
