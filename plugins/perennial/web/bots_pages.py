"""The page about bots: who is left out and why, what people decided, and a form for the next decision."""

from typing import Annotated, Any

import polars as pl
from fastapi import APIRouter, Query, Request, Response

from perennial.bots.tree import described
from perennial.bots.verdicts import AS_FOUND, LEFT_OUT, LET_IN, WHYS
from perennial.stages.bots_standing import standing
from perennial.web.audiences_api import WorkspaceDep
from perennial.web.auth import AUDIENCE_EDITOR, GetUserDep, may_trigger
from perennial.web.pages import page
from perennial.web.signals_state import lake_errors

router = APIRouter(prefix="/bots", dependencies=[AUDIENCE_EDITOR])
DAG = "bots_decisions"
FEW = 100
"""Visitors, and decisions, that are shown."""
WORDS = {LET_IN: "let back in", LEFT_OUT: "left out", AS_FOUND: "taken back"}
TOLD = {"declared": "user agent", "rule": "rule", "model": "model"}


@router.get("")
def bots(
    request: Request,
    user: GetUserDep,
    workspace: WorkspaceDep,
    q: Annotated[str, Query(max_length=1024)] = "",
) -> Response:
    """Who is left out, those with most events first; with `q`, those whose name or user agent has it."""
    with lake_errors():
        now = standing(workspace)
    asked, found = q.strip().lower(), now.visitors
    if asked:
        texts = [pl.col(name).fill_null("").str.to_lowercase() for name in ("value", "user_agent")]
        found = found.filter(pl.any_horizontal(each.str.contains(asked, literal=True) for each in texts))
    return page(
        request,
        "bots.html",
        section="people",
        documents=workspace.bots,
        asked=q.strip(),
        visitors=[_shown(row) for row in found.head(FEW).to_dicts()],
        count=found.height,
        left_out=now.left_out,
        decisions=now.decisions.head(FEW).to_dicts(),
        models=now.models,
        words=WORDS,
        dag=DAG,
        may_decide=may_trigger(request, user, DAG),
    )


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """A visitor with what told that it is a bot, and what it did."""
    told = [TOLD[name] for name in WHYS if row[name]]
    did = [(described(name), row[name]) for name in ("most_60", "most_300", "most_1800")]
    return {**row, "told": told, "did": did}
