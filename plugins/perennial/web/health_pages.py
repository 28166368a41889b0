"""The page *Health*: alerts, datasets, backfills, steps and storage, what needs a person first."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import psycopg
from fastapi import APIRouter, Body, Depends, HTTPException, Request, Response
from pydantic import BaseModel, ConfigDict

from perennial.alerts.definition import Alerts
from perennial.alerts.outbox import Outbox
from perennial.documents import DocumentError, load, load_each
from perennial.store_pool import UNREACHABLE
from perennial.web import airflow_runs, health
from perennial.web import health_data as data
from perennial.web.auth import ALERTS_EDITOR, GetUserDep, may_see_alerts, readable_dags
from perennial.web.connection import owner_conninfo
from perennial.web.health import State
from perennial.web.pages import page
from perennial.web.signals_state import SignalsDep
from perennial.web.store import StoreError
from perennial.web.writes import from_our_pages

router = APIRouter()
SeeDep = Annotated[bool, Depends(may_see_alerts)]


@dataclass(frozen=True)
class StepRow:
    """A step with its state."""

    step: airflow_runs.Step
    state: State


class Seen(BaseModel):
    """Which alert somebody has seen; without one, all."""

    model_config = ConfigDict(extra="forbid")
    alert: int | None = None


@router.get("/health")
def overview(request: Request, signals: SignalsDep, user: GetUserDep, see: SeeDep) -> Response:
    """How everything is."""
    now, settings = datetime.now(UTC), request.app.state.settings
    allowed = readable_dags(user)
    dags, (alerts, unseen, problem) = airflow_runs.dags(allowed), data.alerts()
    datasets = data.datasets(signals, settings, now)
    tables = _tables(request.app.state.lake_sizes(), datasets, dags, now)
    steps = health.sorted_by_trouble(_steps(allowed))
    states = (
        [each.state for each in datasets] + [each.state for each in tables] + [each.state for each in steps]
    )
    words = [state.word for state in states]
    return page(
        request, "health.html", section="health", now=now, may_see=see,
        alerts=alerts, unseen=unseen, problem=problem,
        datasets=datasets, tables=tables, steps=steps, backfills=airflow_runs.backfills(allowed),
        overdue=[each for each in dags.values() if health.of_dag(each, now).word == "late"],
        counts={word: words.count(word) for word in health.ORDER},
        mistakes=_mistakes(settings.include),
    )  # fmt: skip


@router.post("/api/health/alerts/seen", dependencies=[ALERTS_EDITOR, Depends(from_our_pages)])
def see(seen: Annotated[Seen, Body()], user: GetUserDep) -> dict[str, Any]:
    """Somebody has seen an alert, or all of them."""
    try:
        with psycopg.connect(owner_conninfo(), connect_timeout=3) as connection:
            return {"seen": Outbox(connection).see(user.get_name(), datetime.now(UTC), seen.alert)}
    except (*UNREACHABLE, StoreError, psycopg.errors.UndefinedTable) as error:
        raise HTTPException(503, f"The store does not answer: {type(error).__name__}") from error


def _mistakes(include: Path) -> list[str]:
    found = load_each((include / "alerts").glob("*.yaml"), lambda path: load(path, Alerts))
    return [str(each) for each in found.values() if isinstance(each, DocumentError)]


def _steps(allowed: Collection[str]) -> list[StepRow]:
    return [StepRow(step, health.of_step(step)) for step in airflow_runs.steps(allowed)]


def _tables(
    tables: list[data.TableHealth],
    datasets: list[data.DatasetHealth],
    dags: dict[str, airflow_runs.DagHealth],
    now: datetime,
) -> list[data.TableHealth]:
    """Tables with their states: a dataset's is as the dataset is, another as the Dag that writes it."""
    of_dataset = {each.standing.document.name: each.state for each in datasets}
    found = []
    for table in sorted(tables, key=lambda each: -each.bytes):
        area, _, name = table.name.partition("/")
        state = table.state
        if state == health.FINE and area in ("events", "records") and name in of_dataset:
            state = of_dataset[name]
        elif state == health.FINE and (dag := dags.get(health.writer_of(table.name))) is not None:
            state = health.of_dag(dag, now)
        found.append(replace(table, state=health.FINE if state.word == "nothing yet" else state))
    return health.sorted_by_trouble(found)
