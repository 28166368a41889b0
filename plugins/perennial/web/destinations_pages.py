"""The Destinations section: how each activation stands, and what was refused, which can be sent again."""

from dataclasses import dataclass
from typing import Any

import psycopg
from fastapi import APIRouter, Request, Response

from perennial.activation.definition import Activation, load_activations
from perennial.activation.destinations.registry import platforms
from perennial.activation.standing import Standing, standings
from perennial.store_pool import UNREACHABLE
from perennial.web.auth import GetUserDep, may_trigger
from perennial.web.connection import owner_conninfo
from perennial.web.pages import page
from perennial.web.store import StoreRefused

router = APIRouter(prefix="/destinations")


@dataclass(frozen=True)
class Shown:
    """One activation, as the page shows it."""

    name: str
    dag: str
    standing: Standing
    may_replay: bool
    document: Activation | None = None
    problem: str = ""


@router.get("")
def destinations(request: Request, user: GetUserDep) -> Response:
    """All activations; one whose document cannot be read says why."""
    found, problem = _standings()
    shown = []
    for name, document in load_activations(request.app.state.settings.include).items():
        known: dict[str, Any] = (
            {"document": document} if isinstance(document, Activation) else {"problem": str(document)}
        )
        dag = f"activation_{name}"
        standing = found.get(name, Standing())
        shown.append(Shown(name, dag, standing, may_trigger(request, user, dag), **known))
    return page(
        request, "destinations.html", section="destinations", shown=shown, problem=problem,
        platforms=platforms(),
    )  # fmt: skip


def _standings() -> tuple[dict[str, Standing], str]:
    try:
        with psycopg.connect(owner_conninfo(), connect_timeout=3) as connection:
            return standings(connection), ""
    except (*UNREACHABLE, StoreRefused) as error:
        return {}, str(error)
