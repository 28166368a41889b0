"""The People section: a person found by any identity, and all that is known of them, on one page."""

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

import polars as pl
from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse

from perennial.audiences.evaluation import published
from perennial.audiences.membership import EXITED
from perennial.audiences.sentence import words
from perennial.stages.consents import consent_history
from perennial.stages.person import Person, find, person
from perennial.stages.workspace import Workspace
from perennial.web.audiences_api import WorkspaceDep
from perennial.web.auth import AUDIENCE_EDITOR
from perennial.web.pages import page
from perennial.web.signals_state import lake_errors

router = APIRouter(prefix="/people", dependencies=[AUDIENCE_EDITOR])
WIDTH, HEIGHT, EDGE = 220, 44, 4
"""Of a line, in the units of its picture."""
LINES = 4
FEW = 12
"""Entries of a map that are shown."""


@dataclass(frozen=True)
class Line:
    """How a value went, day by day."""

    label: str
    points: str
    """As an SVG polyline has them."""
    first: int | float
    last: int | float


@router.get("")
def search(
    request: Request, workspace: WorkspaceDep, q: Annotated[str, Query(max_length=1024)] = ""
) -> Response:
    """A field to search in; a single hit is opened at once."""
    with lake_errors():
        found = find(workspace, q) if q.strip() else []
    if len(found) == 1:
        address = quote(found[0]["person_id"], safe="")
        return RedirectResponse(f"{request.scope['root_path']}/people/{address}", 303)
    titles = {name: each.title for name, each in workspace.namespaces.items()}
    return page(request, "people.html", section="people", asked=q, found=found, titles=titles)


@router.get("/{person_id:path}")
def one(request: Request, person_id: str, workspace: WorkspaceDep) -> Response:
    """Everything about a person."""
    with lake_errors():
        found, consents = person(workspace, person_id), consent_history(workspace, person_id)
    if found is None:
        raise HTTPException(
            404, f"Nothing is known of a person {person_id}. They may have been merged or erased."
        )
    attributes = _attributes(found)
    titles = {name: each.title for name, each in workspace.namespaces.items()}
    return page(
        request,
        "person.html",
        section="people",
        person=found,
        consents=consents,
        plain={name: value for name, value in attributes.items() if not _is_map(value)},
        maps={name: value[:FEW] for name, value in attributes.items() if _is_map(value)},
        dimensions=sorted({name.partition(".")[0] for name, value in attributes.items() if _is_map(value)}),
        lines=lines(found.history),
        titles=titles,
        audiences={name: each.title for name, each in workspace.audiences.items()},
        others=_others(workspace, found),
        datasets={name: each.title for name, each in workspace.datasets.items()},
        words=words,
    )


def _is_map(value: Any) -> bool:
    """Whether an attribute has entries, such as those of departments; a list has values alone."""
    return isinstance(value, list) and (not value or isinstance(value[0], dict))


def _others(workspace: Workspace, found: Person) -> list[str]:
    """The published audiences that somebody is not in."""
    inside = set(found.audiences.filter(pl.col("status") != EXITED)["audience"])
    return [name for name in published(workspace.audiences) if name not in inside]


def _attributes(found: Person) -> dict[str, Any]:
    """What people read first comes first: who they are, then what they are worth."""
    ranks = [name for name in found.attributes if name.endswith("_decile")]
    maps = [name for name, value in found.attributes.items() if _is_map(value)]
    rest = [name for name in found.attributes if name not in {*ranks, *maps, "email_sha256"}]
    return {name: found.attributes[name] for name in (*rest, *ranks, *maps)}


def lines(history: pl.DataFrame) -> list[Line]:
    """The longest-lived values of a person as lines; ranks are drawn with the best at the top."""
    told = [name for name in history.columns if name != "as_of" and history[name].drop_nulls().len() > 1]
    wanted = sorted(told, key=lambda name: ("12m" not in name, not name.endswith("_decile"), name))[:LINES]
    return [_line(name, history.select("as_of", value=pl.col(name).cast(pl.Float64))) for name in wanted]


def _line(name: str, rows: pl.DataFrame) -> Line:
    known = rows.drop_nulls()
    days = known["as_of"].to_physical().cast(pl.Float64)
    values = known["value"]
    top, bottom = (1.0, 10.0) if name.endswith("_decile") else (_most(values), _least(values))
    x = EDGE + (days - days[0]) / max(days[-1] - days[0], 1) * (WIDTH - 2 * EDGE)
    y = EDGE + (top - values) / ((top - bottom) or 1.0) * (HEIGHT - 2 * EDGE)
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    return Line(words(name), points, _number(values[0]), _number(values[-1]))


def _number(value: float) -> int | float:
    """A rank is no fraction."""
    return int(value) if value.is_integer() else round(value, 2)


def _most(values: pl.Series) -> float:
    return float(values.max())  # type: ignore[arg-type]


def _least(values: pl.Series) -> float:
    return float(values.min())  # type: ignore[arg-type]
