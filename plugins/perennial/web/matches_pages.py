"""The pages about matches: how many rows found a partner, how the scores lie, and which pairs to look at."""

from dataclasses import dataclass
from math import log2
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response

from perennial.stages import matches
from perennial.stages.matches import Bar
from perennial.web.audiences_api import WorkspaceDep
from perennial.web.auth import AUDIENCE_EDITOR, may_edit_audiences
from perennial.web.pages import page
from perennial.web.signals_state import lake_errors

router = APIRouter(prefix="/matches")
EditDep = Annotated[bool, Depends(may_edit_audiences)]
PAIRS = 10
"""Shown on either side of a score."""
WIDTH, HEIGHT, GAP = 800, 150, 2
"""Of the distribution's picture, in its own units."""


@dataclass(frozen=True)
class Drawn:
    """A bar of the distribution, in the picture's units."""

    x: float
    width: float
    matched: float
    unsure: float
    """Heights; the unsure stand on top."""
    title: str


@router.get("")
def listed(request: Request, workspace: WorkspaceDep, may_look: EditDep) -> Response:
    """All matches; one whose document cannot be read says why."""
    with lake_errors():
        shown = matches.standings(workspace)
    return page(request, "matches.html", section="signals", tab="matches", shown=shown, may_look=may_look)


# A pair of people shows both: it is for those who may look people up.
@router.get("/{name}", dependencies=[AUDIENCE_EDITOR])
def one(
    request: Request,
    name: str,
    workspace: WorkspaceDep,
    around: Annotated[float | None, Query(ge=0, le=1)] = None,
) -> Response:
    """One match, with the pairs next to its threshold or to another score."""
    with lake_errors():
        found = matches.standing(workspace, name)
        if found is None:
            raise HTTPException(404, f"There is no match {name}.")
        details: dict[str, Any] = {}
        if found.document is not None and found.run is not None:
            in_bits = found.document.kind == "people"
            asked = found.document.threshold if around is None else around
            bars = matches.distribution(workspace, name, found.document.least)
            threshold = found.run["threshold"]
            details = {
                "asked": asked,
                "bars": drawn(bars),
                "ends": (bars[0].start, bars[-1].end),
                "mark": position(bars, matches.bits(threshold) if in_bits else threshold),
                "in_bits": in_bits,
                "pairs": matches.around(workspace, name, asked, PAIRS),
                "learned": matches.learned(found.run),
            }
    return page(
        request, "match.html", section="signals", tab="matches", one=found, width=WIDTH, height=HEIGHT,
        weight=weight, **details,
    )  # fmt: skip


def drawn(bars: list[Bar]) -> list[Drawn]:
    """Bars as the picture has them: the highest fills it, and whatever is not nothing can be seen."""
    most = max((bar.matched + bar.unsure for bar in bars), default=0) or 1
    step = WIDTH / len(bars)

    def height(pairs: int) -> float:
        return max(round(pairs / most * HEIGHT, 1), 1.5) if pairs else 0.0

    return [
        Drawn(
            round(n * step, 1), round(step - GAP, 1), height(bar.matched), height(bar.unsure),
            f"{bar.start:.2f} to {bar.end:.2f}: {bar.matched:,} matched, {bar.unsure:,} unsure",
        )
        for n, bar in enumerate(bars)
    ]  # fmt: skip


def position(bars: list[Bar], score: float) -> float:
    """Where a score lies in the picture."""
    start, end = bars[0].start, bars[-1].end
    return round(min(max((score - start) / (end - start), 0.0), 1.0) * WIDTH, 1)


def weight(level: dict[str, Any]) -> str:
    """What an outcome weighs, in bits."""
    return f"{log2(level['m'] / level['u']):+.1f}" if level["m"] and level["u"] else "–"
