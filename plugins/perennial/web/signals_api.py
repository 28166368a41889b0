"""JSON and CSV of what came in and what was set aside, for the pages and for whoever else has a token."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query
from fastapi.responses import StreamingResponse

from perennial.signals.batches import Batch
from perennial.web import signals_data as data
from perennial.web import signals_quarantine as quarantine
from perennial.web.auth import EDITOR
from perennial.web.results import csv_lines
from perennial.web.signals_state import DatasetDep, SignalsDep
from perennial.web.signals_view import editor_fields

router = APIRouter(prefix="/api/signals")
PageNumber = Annotated[int, Query(alias="page", ge=1, le=1_000_000)]
PageSize = Annotated[int, Query(ge=1, le=500)]
Text = Annotated[str, Query(max_length=1_000)]


def get_wanted(
    dataset: DatasetDep,
    show: quarantine.Show = "open",
    reason: Text = "",
    batch: Text = "",
    search: Text = "",
) -> quarantine.Wanted:
    """Which quarantined rows a request asks for."""
    return quarantine.Wanted(dataset.name, show, reason, batch, search)


WantedDep = Annotated[quarantine.Wanted, Depends(get_wanted)]


def get_life(batch: str, signals: SignalsDep) -> list[Batch]:
    """The steps of the batch that the address names, or 404."""
    if not (steps := data.life(signals.lake, batch)):
        raise HTTPException(404, "There is no such batch.")
    return steps


LifeDep = Annotated[list[Batch], Depends(get_life)]


@router.get("/datasets")
def list_datasets(signals: SignalsDep) -> list[dict[str, Any]]:
    """Every dataset with its newest batch and what is open in its quarantine."""
    return [
        {
            "name": one.document.name,
            "title": one.document.title,
            "kind": one.document.kind,
            "sources": one.sources,
            "last": one.last,
            "newest": one.newest,
            "taken": one.taken,
            "open": one.open,
            "corrected": one.corrected,
        }
        for one in data.overview(signals)
    ]


@router.get("/batches")
def list_batches(
    signals: SignalsDep,
    dataset: Text = "",
    state: Text = "",
    source: Text = "",
    page: PageNumber = 1,
    size: PageSize = data.PAGE,
) -> dict[str, Any]:
    """Batches as they are now, the newest first."""
    return asdict(data.batches_page(signals.lake, dataset, state, source, page, size))


@router.get("/batches/{batch}")
def get_batch(life: LifeDep) -> dict[str, Any]:
    """A batch as it is now, and the steps that led there."""
    return {**asdict(life[-1]), "steps": [asdict(step) for step in life]}


@router.get("/batches/{batch}/errors")
def get_errors(life: LifeDep) -> list[dict[str, Any]]:
    """Why rows of a batch, or all of it, were not taken."""
    return [asdict(error) for error in life[-1].errors]


@router.get("/quarantine")
def count_quarantine(signals: SignalsDep) -> list[dict[str, Any]]:
    """How many rows of each dataset are open, and how many of them are corrected."""
    return [{"dataset": name, **quarantine.open_counts(signals.lake, name)} for name in signals.datasets()]


@router.get("/quarantine/{dataset}", dependencies=[EDITOR])
def list_rows(
    wanted: WantedDep, signals: SignalsDep, page: PageNumber = 1, size: PageSize = data.PAGE
) -> dict[str, Any]:
    """One page of quarantined rows, and the reasons of all of them."""
    found = quarantine.find(signals.lake, wanted, page, size)
    return {
        **asdict(data.Page(found.rows, found.total, page, size)),
        "reasons": [{"reason": reason, "rows": rows} for reason, rows in found.reasons],
        "outcomes": quarantine.outcomes(signals.lake, wanted.dataset),
        **quarantine.open_counts(signals.lake, wanted.dataset),
    }


@router.get("/quarantine/{dataset}/csv", dependencies=[EDITOR])
def download_rows(wanted: WantedDep, signals: SignalsDep) -> StreamingResponse:
    """All rows that are asked for; no cell that a spreadsheet would run."""
    lines = csv_lines(quarantine.export(signals.lake, wanted))
    name = f'attachment; filename="quarantine_{wanted.dataset}.csv"'
    return StreamingResponse(
        lines, media_type="text/csv; charset=utf-8", headers={"content-disposition": name}
    )


@router.get("/quarantine/{dataset}/rows/{row}", dependencies=[EDITOR])
def get_row(row: str, dataset: DatasetDep, signals: SignalsDep) -> dict[str, Any]:
    """One open row with its fields, those that it lacks among them; `blank` are those of an empty record."""
    if (found := quarantine.find_one(signals.lake, dataset.name, row)) is None:
        raise HTTPException(404, "This row is not open: it was replayed or discarded, or never there.")
    blank = editor_fields({"raw": "{}", "corrected": None, "reasons": []}, dataset)
    return {**found, "fields": editor_fields(found, dataset), "blank": blank}
