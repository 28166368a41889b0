"""The page of days: those that events came late for, and how far recomputations are."""

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Any

import polars as pl
from fastapi import APIRouter, Request, Response

from perennial.stages.lateness import late
from perennial.stages.recompute import progress
from perennial.stages.value import stale_days
from perennial.stages.workspace import Workspace
from perennial.web.audiences_api import WorkspaceDep
from perennial.web.auth import GetUserDep, may_trigger
from perennial.web.pages import page
from perennial.web.signals_state import lake_errors

router = APIRouter(prefix="/signals")
DAG = "recompute_days"


@dataclass(frozen=True)
class Stretch:
    """Consecutive days that are behind for the same reason."""

    first: date
    last: date
    days: int
    rows: int
    """Events that came or went for the last of them: it sees all that those before it see."""
    datasets: tuple[str, ...]
    """None where it is a document that says another thing now."""


@dataclass(frozen=True)
class Behind:
    """The days that would come out otherwise, and the events that they are about."""

    stretches: list[Stretch]
    days: int
    rows: int
    late: int
    """Of these days, those that events came late for."""


@router.get("/days")
def days(request: Request, user: GetUserDep, workspace: WorkspaceDep) -> Response:
    """The days that are to be recomputed, and the recomputations, the newest first."""
    with lake_errors():
        found, runs = behind(workspace), recomputations(progress(workspace))
    return page(
        request,
        "signals_days.html",
        section="signals",
        tab="days",
        behind=found,
        runs=runs,
        titles={name: each.title for name, each in workspace.datasets.items()},
        dag_id=DAG,
        may_repair=may_trigger(request, user, DAG),
    )


def behind(workspace: Workspace, *, noted: bool = False) -> Behind:
    """What the page, and the overview of signals (as far as it is `noted`), say of days."""
    found = late(workspace, noted=noted)
    rows = [(day, number, tuple(names)) for day, number, names in found.days.iter_rows()]
    known = {day for day, *_ in rows}
    every = sorted(rows + [(day, 0, ()) for day in stale_days(workspace) - known])
    return Behind(_stretches(every), len(every), found.rows, len(rows))


def recomputations(steps: pl.DataFrame) -> list[dict[str, Any]]:
    """The runs with their steps: of each, the days done of the days wanted."""
    return [
        {
            "run": run,
            "by": rows[0]["by"],
            "at": rows[0]["at"],
            "first": min(row["first"] for row in rows),
            "last": max(row["last"] for row in rows),
            "steps": rows,
            "done": all(row["done"] == row["wanted"] for row in rows),
        }
        for run, group in groupby(steps.to_dicts(), lambda row: row["run"])
        for rows in [list(group)]
    ]


def _stretches(days: list[tuple[date, int, tuple[str, ...]]]) -> list[Stretch]:
    found: list[Stretch] = []
    for day, rows, datasets in days:
        before = found[-1] if found else None
        if before and before.last == day - timedelta(days=1) and before.datasets == datasets:
            found[-1] = Stretch(before.first, day, before.days + 1, max(before.rows, rows), datasets)
        else:
            found.append(Stretch(day, day, 1, rows, datasets))
    return found[::-1]
