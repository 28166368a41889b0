"""The Signals section: datasets, batches and their lives, and the quarantine, as pages."""

from contextlib import suppress
from dataclasses import replace
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response

from perennial.documents import DocumentError
from perennial.signals.batches import Batch, Status
from perennial.web import signals_data as data
from perennial.web import signals_quarantine as quarantine
from perennial.web.audiences_api import WorkspaceDep
from perennial.web.auth import REPLAY, may_edit
from perennial.web.expected import expected_of
from perennial.web.formats import moment_text, size_text, span_text
from perennial.web.pages import page, templates
from perennial.web.signals_api import LifeDep, PageNumber, Text, WantedDep
from perennial.web.signals_days import behind
from perennial.web.signals_records import blamed, fields_of
from perennial.web.signals_state import DatasetDep, SignalsDep, lake_errors
from perennial.web.signals_view import shown

router = APIRouter(prefix="/signals")
EditDep = Annotated[bool, Depends(may_edit)]
MOODS: dict[Status, str] = {
    Status.SUCCESS: "good",
    Status.FAILED: "bad",
    Status.STALLED: "warn",
    Status.RETRYING: "warn",
    **dict.fromkeys((Status.LOADING, Status.LOADED, Status.STAGING, Status.STAGED), "busy"),
}
"""The colour of a state's badge; others have none."""


def address(request: Request, **changes: object) -> str:
    """This page's query with some parameters changed; an empty one is left out."""
    asked = {**request.query_params, **changes}
    return "?" + urlencode({name: value for name, value in asked.items() if value not in ("", None)})


def mood(status: str) -> str:
    """The class of a state's badge."""
    return MOODS.get(Status(status), "")


templates.env.filters.update(moment=moment_text, size=size_text, span=span_text, mood=mood)
templates.env.globals.update(address=address, dag_of=data.dag_of)


@router.get("")
def datasets(request: Request, signals: SignalsDep, workspace: WorkspaceDep) -> Response:
    """Every dataset: what came last, what is open, and which days it came too late for."""
    late = None
    # A broken document of an audience hides no signals.
    with suppress(DocumentError), lake_errors():
        late = behind(workspace, noted=True)
    attention = data.batches_page(signals.lake, state="attention", size=1).total
    states = data.overview(signals)
    return page(
        request, "signals.html", section="signals", tab="", states=states, attention=attention,
        behind=late,
    )  # fmt: skip


@router.get("/batches")
def batches(
    request: Request,
    signals: SignalsDep,
    dataset: Text = "",
    state: Text = "",
    source: Text = "",
    number: PageNumber = 1,
) -> Response:
    """All batches, the newest first."""
    found = data.batches_page(signals.lake, dataset, state, source, number)
    return page(
        request,
        "signals_batches.html",
        section="signals",
        tab="batches",
        found=found,
        asked={"dataset": dataset, "state": state, "source": source},
        titles={name: document.title for name, document in signals.datasets().items()},
        states=list(Status),
        sources=data.SOURCES,
        expected=expected_of(signals.lake, dataset).get(dataset, []) if dataset else [],
    )


@router.get("/batches/{batch}")
def batch(
    request: Request, life: LifeDep, signals: SignalsDep, edit: EditDep, number: PageNumber = 1
) -> Response:
    """One batch: its life, its figures, and what was set aside."""
    now: Batch = life[-1]
    document = signals.datasets().get(now.dataset)
    wanted = quarantine.Wanted(now.dataset, batch=now.batch)
    found = quarantine.find(signals.lake, wanted, number, data.PAGE)
    return page(
        request,
        "signals_batch.html",
        section="signals",
        tab="batches",
        now=now,
        life=life,
        document=document,
        found=data.Page(found.rows, found.total, number),
        rows=[shown(row, document) for row in found.rows] if document else [],
        reasons=found.reasons,
        records=edit,
    )


@router.get("/quarantine")
def open_rows(request: Request, signals: SignalsDep) -> Response:
    """All datasets with rows that wait for a person."""
    states = data.overview(signals)
    return page(request, "signals_open.html", section="signals", tab="quarantine", states=states)


@router.get("/quarantine/{dataset}")
def rows(
    request: Request,
    wanted: WantedDep,
    dataset: DatasetDep,
    signals: SignalsDep,
    edit: EditDep,
    number: PageNumber = 1,
) -> Response:
    """The rows of one dataset that were set aside; their records for those who may correct them."""
    if not edit:
        # What a search finds tells what records hold.
        wanted = replace(wanted, search="")
    found = quarantine.find(signals.lake, wanted, number, data.PAGE)
    about = blamed(dataset, [wanted.reason], ())
    return page(
        request,
        "signals_quarantine.html",
        section="signals",
        tab="quarantine",
        dataset=dataset,
        wanted=wanted,
        found=data.Page(found.rows, found.total, number),
        rows=[shown(row, dataset) for row in found.rows],
        reasons=found.reasons,
        counts=quarantine.open_counts(signals.lake, dataset.name),
        fields=[*{**dict.fromkeys(name for name in about if name), **fields_of(dataset)}],
        records=edit,
        edit=edit and wanted.show != "resolved",
        replay=REPLAY,
    )
