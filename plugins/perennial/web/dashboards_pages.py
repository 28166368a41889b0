"""The Dashboards section: all of them, and the page on which one is put together."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from perennial.web import assets
from perennial.web.api import AskedPeriod
from perennial.web.dashboards import Dashboard
from perennial.web.dashboards_api import ShelfDep
from perennial.web.dashboards_text import plain
from perennial.web.pages import OVERVIEW, EditDep, ExportDep, board_page, page
from perennial.web.state import DashboardDep, Library, LibraryDep, StoreDep

router = APIRouter(prefix="/dashboards")
COMPOSER = "composer.js"


@dataclass(frozen=True)
class Card:
    """A dashboard as the list shows it."""

    name: str
    dashboard: Dashboard | None
    version: int | None = None
    by: str = ""
    at: datetime | None = None
    problem: str = ""


@router.get("")
def inventory(request: Request, library: LibraryDep, edit: EditDep, export: ExportDep) -> Response:
    """All dashboards, with what they show, and who made them."""
    cards = list(_cards(library))
    return page(
        request, "inventory.html", section="dashboards", cards=cards, may_edit=edit, may_export=export
    )


@router.get("/{name}/edit")
def change(
    request: Request,
    dashboard: DashboardDep,
    library: LibraryDep,
    store: StoreDep,
    shelf: ShelfDep,
    edit: EditDep,
    day: date | None = None,
    period: AskedPeriod = None,
) -> Response:
    """The page on which a dashboard is put together; whoever may not change it is led to the dashboard."""
    if dashboard.name in library.dashboards() or not edit:
        return RedirectResponse(f"../{dashboard.name}", 307)
    if (newest := shelf.newest(dashboard.name)) is None:
        raise HTTPException(404, "There is no such dashboard.")
    draft = {
        "document": plain(dashboard),
        "version": newest.version,
        "composer": assets.asset(COMPOSER) is not None,
    }
    return board_page(
        request, dashboard, store, day, period,
        template="board_edit.html", section="dashboards", draft=draft,
    )  # fmt: skip


def _cards(library: Library) -> Iterator[Card]:
    for name, board in library.dashboards().items():
        if name != OVERVIEW:
            yield Card(name, board)
    for one in library.kept():
        kept = one.version
        yield Card(kept.name, one.dashboard, kept.version, kept.saved_by, kept.saved_at, one.problem)
