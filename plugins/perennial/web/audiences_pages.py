"""The Audiences section: all of them, one, the builder and lists, as pages; each fetches what it shows."""

from fastapi import APIRouter, Request, Response

from perennial.audiences.uploads import MOST_BYTES
from perennial.web.audiences_api import EditDep, WorkspaceDep
from perennial.web.auth import AUDIENCES
from perennial.web.pages import page

router = APIRouter(prefix="/audiences")
LIST = "audience_list_edit.html"


@router.get("")
def audiences(request: Request, edit: EditDep) -> Response:
    """Every audience, with its rule as a sentence and its last size."""
    return page(request, "audiences.html", section="audiences", may_edit=edit)


@router.get("/new")
def create(request: Request, edit: EditDep) -> Response:
    """The builder with nothing in it."""
    return page(request, "audience_edit.html", section="audiences", name=None, may_edit=edit)


@router.get("/new/list")
def create_list(request: Request, edit: EditDep) -> Response:
    """What a list of people is, before there are any on it."""
    return page(request, LIST, section="audiences", name=None, may_edit=edit)


@router.get("/{name}")
def audience(request: Request, name: str, edit: EditDep) -> Response:
    """One audience: what it is, how its size went, and what depends on it."""
    return page(
        request, "audience.html", section="audiences", name=name, may_edit=edit, dag=AUDIENCES,
        most_bytes=MOST_BYTES,
    )  # fmt: skip


@router.get("/{name}/edit")
def change(request: Request, name: str, edit: EditDep, workspace: WorkspaceDep) -> Response:
    """The builder with an audience's definition; read-only for whoever may not change it."""
    known = workspace.audiences.get(name)
    template = "audience_edit.html" if known is None or known.list is None else LIST
    return page(request, template, section="audiences", name=name, may_edit=edit)
