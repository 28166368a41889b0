"""The Audiences section: the list, one audience, and the builder, as pages; each fetches what it shows."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from perennial.web.auth import AUDIENCES, may_edit_audiences
from perennial.web.pages import page

router = APIRouter(prefix="/audiences")
EditDep = Annotated[bool, Depends(may_edit_audiences)]


@router.get("")
def audiences(request: Request, edit: EditDep) -> Response:
    """Every audience, with its rule as a sentence and its last size."""
    return page(request, "audiences.html", section="audiences", may_edit=edit)


@router.get("/new")
def create(request: Request, edit: EditDep) -> Response:
    """The builder with nothing in it."""
    return page(request, "audience_edit.html", section="audiences", name=None, may_edit=edit)


@router.get("/{name}")
def audience(request: Request, name: str, edit: EditDep) -> Response:
    """One audience: what it is, how its size went, and what depends on it."""
    return page(request, "audience.html", section="audiences", name=name, may_edit=edit, dag=AUDIENCES)


@router.get("/{name}/edit")
def change(request: Request, name: str, edit: EditDep) -> Response:
    """The builder with an audience's definition; read-only for whoever may not change it."""
    return page(request, "audience_edit.html", section="audiences", name=name, may_edit=edit)
