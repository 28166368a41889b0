"""The composer by itself, as a page: look at the model, ask, and take the rows away."""

from fastapi import APIRouter, Request, Response

from perennial.web.auth import DASHBOARD_EDITOR
from perennial.web.pages import page
from perennial.web.themes import vega_config

router = APIRouter()


@router.get("/compose", dependencies=[DASHBOARD_EDITOR])
def compose(request: Request) -> Response:
    """The composer with nothing in it."""
    config = {"light": vega_config("light"), "dark": vega_config("dark")}
    return page(request, "compose.html", section="dashboards", config=config)
