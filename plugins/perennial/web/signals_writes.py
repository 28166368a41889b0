"""Changes to quarantined rows: JSON of who may replay in, entries in the lake's logs out."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, HTTPException
from pydantic import BaseModel, ConfigDict, Field, model_validator

from perennial.web import signals_edits as edits
from perennial.web.auth import EDITOR, GetUserDep
from perennial.web.signals_quarantine import Wanted, find_one
from perennial.web.signals_records import RecordRefused, blamed, compose, split
from perennial.web.signals_state import DatasetDep, Signals, SignalsDep
from perennial.web.writes import from_our_pages

Text = Annotated[str, Field(max_length=20_000_000)]


router = APIRouter(prefix="/api/signals", dependencies=[EDITOR, Depends(from_our_pages)])


class Rows(BaseModel):
    """Open rows: those of the ids, or with `ids: null` all that match the rest."""

    model_config = ConfigDict(extra="forbid")
    ids: Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=10_000)] | None
    show: Annotated[str, Field(pattern="^(open|corrected)$")] = "open"
    reason: Text = ""
    batch: Text = ""
    search: Text = ""

    def wanted(self, dataset: str) -> Wanted:
        """As the quarantine is asked for them; ids say it all."""
        if self.ids is not None:
            return Wanted(dataset, ids=self.ids)
        show: Any = self.show
        return Wanted(dataset, show, self.reason, self.batch, self.search)


class Change(BaseModel):
    """A record put together anew: fields with their texts (null makes a field null), or all of it."""

    model_config = ConfigDict(extra="forbid")
    changes: dict[str, Text | None] | None = None
    remove: list[Text] = []
    """Fields to leave out, together with changes."""
    raw: Text | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "Change":
        if (self.changes is None) == (self.raw is None):
            raise ValueError("send either changes, the fields with their new texts, or raw, the whole record")
        return self


class Draft(Change):
    """A record to check; `changes` are to the open row of this id."""

    id: str | None = None


class Correction(Rows, Change):
    """What becomes of open rows' records."""


@router.post("/quarantine/{dataset}/check")
def check(draft: Annotated[Draft, Body()], dataset: DatasetDep, signals: SignalsDep) -> dict[str, Any]:
    """Whether the dataset would take the record as it is now, and if not why; nothing is kept."""
    raw = draft.raw if draft.changes is None else _changed(draft, dataset.name, signals)
    if raw is None:
        raise HTTPException(404, "This row is not open any more: it was replayed or discarded.")
    reasons = edits.check(raw, dataset)
    at = blamed(dataset, reasons, split(raw) or ())
    return {"good": not reasons, "reasons": reasons, "at": at, "raw": raw}


@router.post("/quarantine/{dataset}/corrections")
def correct(
    correction: Annotated[Correction, Body()], dataset: DatasetDep, signals: SignalsDep, user: GetUserDep
) -> dict[str, int]:
    """Keep corrections for the next replay."""
    wanted, now, by = correction.wanted(dataset.name), datetime.now(UTC), user.get_name()
    if correction.raw is not None:
        if correction.ids is None or len(correction.ids) != 1:
            raise HTTPException(422, "A whole record replaces that of one row: send one id.")
        corrected, skipped = edits.replace(signals.lake, wanted, correction.raw, by, now), 0
    else:
        try:
            changes, remove = correction.changes or {}, correction.remove
            corrected, skipped = edits.correct(signals.lake, wanted, changes, remove, by, now)
        except RecordRefused as error:
            raise HTTPException(422, str(error)) from None
    if not corrected and not skipped:
        raise HTTPException(409, "None of these rows is open any more: they were replayed or discarded.")
    return {"corrected": corrected, "skipped": skipped}


@router.post("/quarantine/{dataset}/discard")
def discard(
    rows: Annotated[Rows, Body()], dataset: DatasetDep, signals: SignalsDep, user: GetUserDep
) -> dict[str, int]:
    """End rows for good: they will not be taken."""
    ended = edits.discard(signals.lake, rows.wanted(dataset.name), user.get_name(), datetime.now(UTC))
    if not ended:
        raise HTTPException(409, "None of these rows is open any more: they were replayed or discarded.")
    return {"discarded": ended}


def _changed(draft: Draft, dataset: str, signals: Signals) -> str | None:
    """The record of the draft's row as the changes make it; None if the row is not open."""
    if draft.id is None:
        raise HTTPException(422, "Changes need the id of the row that they are to.")
    if (row := find_one(signals.lake, dataset, draft.id)) is None:
        return None
    try:
        return compose(row["corrected"] or row["raw"], draft.changes or {}, draft.remove)
    except RecordRefused as error:
        raise HTTPException(422, str(error)) from None
