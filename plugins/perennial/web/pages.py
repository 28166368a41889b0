"""The pages: documents and days in, HTML out; each widget then fetches its own data."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.templating import Jinja2Templates

from perennial.web import assets
from perennial.web.api import AskedPeriod, asked_of
from perennial.web.auth import may_edit_dashboards, may_export
from perennial.web.dashboards import Dashboard
from perennial.web.days import Days, days_of, pick
from perennial.web.filters import Choice, Filter
from perennial.web.formats import day_text, moment_text, number_text
from perennial.web.markdown import html
from perennial.web.periods import PERIODS, Period
from perennial.web.selections import Selection, select
from perennial.web.state import DashboardDep, LibraryDep, StoreDep
from perennial.web.store import Store, StoreError
from perennial.web.themes import vega_config
from perennial.web.widgets import Mark

router = APIRouter()
templates = Jinja2Templates(Path(__file__).parent / "templates")
templates.env.filters.update(day=day_text, moment=moment_text, number=number_text, markdown=html)
templates.env.trim_blocks = templates.env.lstrip_blocks = True
EditDep = Annotated[bool, Depends(may_edit_dashboards)]
ExportDep = Annotated[bool, Depends(may_export)]
OVERVIEW = "overview"
SECTIONS = (
    ("Overview", ""),
    ("Signals", "signals"),
    ("Audiences", "audiences"),
    ("Destinations", "destinations"),
    ("People", "people"),
    ("Dashboards", "dashboards"),
    ("Queries", "queries"),
    ("Health", "health"),
)
"""The product's top navigation: title, path below the app."""


@dataclass(frozen=True)
class StageView:
    """A stage of the round trip with its figure, where the store has one."""

    title: str
    about: str
    dag: str
    unit: str
    dashboard: str | None
    figure: int | None = None
    day: date | None = None


@router.get("/")
def overview(
    request: Request,
    library: LibraryDep,
    store: StoreDep,
    day: date | None = None,
    period: AskedPeriod = None,
) -> Response:
    """The round trip at a glance."""
    dashboards = library.dashboards()
    if (dashboard := dashboards.get(OVERVIEW)) is None:
        return RedirectResponse("dashboards", 307)
    stages = [_stage_view(dashboard, index, store) for index in range(len(dashboard.stages))]
    return board_page(
        request, dashboard, store, day, period, template="overview.html", section="", stages=stages
    )


@router.get("/dashboards/{name}")
def board(
    request: Request,
    dashboard: DashboardDep,
    library: LibraryDep,
    store: StoreDep,
    edit: EditDep,
    export: ExportDep,
    day: date | None = None,
    period: AskedPeriod = None,
) -> Response:
    """One dashboard."""
    provisioned = library.dashboards()
    siblings = [known for known in provisioned.values() if known.name != OVERVIEW]
    return board_page(
        request, dashboard, store, day, period,
        template="board.html", section="dashboards", may_edit=edit, may_export=export,
        siblings=siblings if dashboard.name in provisioned else [*siblings, dashboard],
        is_kept=dashboard.name not in provisioned,
    )  # fmt: skip


@router.get("/runs")
def run_results(request: Request, library: LibraryDep, dag: str, run: str) -> Response:
    """Inside a run's page: leads to the dashboard of its Dag, as of the day that the run computed."""
    boards = [f"dashboards/{one.name}" for one in library.dashboards().values() if one.dag == dag]
    other = "destinations" if dag.startswith("activation_") else ""
    if dag.startswith("match_"):
        other = f"matches/{dag.removeprefix('match_')}"
    return page(request, "run.html", section="", dag=dag, run=run, board=boards[0] if boards else other)


def page(request: Request, template: str, status: int = 200, **context: Any) -> Response:
    """Render a template with what every page needs; addresses are relative, for deployments below a path."""
    depth = request.scope["path"].removeprefix(request.scope.get("root_path", ""))[1:].count("/")
    below = {"root": "../" * depth or "./", "version": assets.version(), "sections": SECTIONS}
    return templates.TemplateResponse(request, template, {**below, **context}, status_code=status)


def board_page(
    request: Request,
    dashboard: Dashboard,
    store: Store,
    day: date | None,
    period: Period | None,
    *,
    template: str,
    **context: Any,
) -> Response:
    """A page with the widgets of a dashboard, and the controls above them."""
    problem: StoreError | None = None
    choices: dict[str, list[Choice]] = {}
    try:
        days = days_of(dashboard, store, day, period)
        choices = {one.name: _choices(one, days, dashboard.period, store) for one in dashboard.filters}
    except StoreError as error:
        problem, days = error, pick([], day)
    selection = select(dashboard, days.shown, period, asked_of(request), days.upon)
    return page(
        request,
        template,
        dashboard=dashboard,
        days=days,
        selection=selection,
        choices=choices,
        problem=problem,
        periods=PERIODS,
        since=selection.period if isinstance(selection.period, date) else None,
        first=max(selection.parameters["from_day"], min(days.available, default=days.shown)),
        board={
            "name": dashboard.name,
            "days": [str(known) for known in days.available],
            "upon": str(days.upon or days.shown),
            "config": {"light": vega_config("light"), "dark": vega_config("dark")},
            "filters": [{"name": one.name, "column": one.column} for one in dashboard.filters],
            "widgets": [widget.model_dump(mode="json") for widget in dashboard.widgets],
        },
        drawn=[mark.value for mark in Mark if mark not in (Mark.TABLE, Mark.NUMBER, Mark.TEXT)],
        **context,
    )


def _choices(wanted: Filter, days: Days, period: Period, store: Store) -> list[Choice]:
    if wanted.offers is None:
        return list(wanted.fixed)
    rows = store.query(wanted.offers, Selection(days.shown, period, {}).parameters, limit=1_000).rows
    return [*wanted.fixed, *(Choice(value=str(row[0]), label=str(row[1])) for row in rows)]


def _stage_view(dashboard: Dashboard, index: int, store: Store) -> StageView:
    stage = dashboard.stages[index]
    known = {"title": stage.title, "about": stage.about, "dag": stage.dag, "unit": stage.unit}
    try:
        rows = store.query(stage.sql, limit=1).rows
    except StoreError:
        rows = []
    figure, day = rows[0] if rows else (None, None)
    return StageView(**known, dashboard=stage.dashboard, figure=figure, day=day)


def not_found(request: Request, detail: str) -> Response:
    """The page for an address that leads nowhere."""
    return page(request, "message.html", status=404, section=None, title="Not found", detail=detail)
