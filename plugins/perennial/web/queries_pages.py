"""The Queries section: one page, which fetches what it shows."""

from threading import Thread

from fastapi import APIRouter, Request, Response

from perennial.web.auth import GetUserDep, may_edit_audiences
from perennial.web.pages import page
from perennial.web.queries_state import DeskDep
from perennial.web.themes import vega_config

router = APIRouter(prefix="/queries")


@router.get("")
def queries(request: Request, desk: DeskDep, user: GetUserDep) -> Response:
    """An editor, what there is to query, and what was queried."""
    # While somebody writes, a process gets ready.
    Thread(target=desk.queries.warm_up, daemon=True).start()
    config = {"light": vega_config("light"), "dark": vega_config("dark")}
    lake = may_edit_audiences(request, user)
    return page(request, "queries.html", section="queries", config=config, lake=lake)
