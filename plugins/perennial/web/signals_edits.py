"""What a person does to quarantined rows: corrected and discarded rows in, commits to the lake out.

Nothing is changed in place: corrections and resolutions are logs, and the newest entry of a row counts. The
row itself stays in the quarantine as it came.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import polars as pl

from perennial.lake.catalog import Lake
from perennial.lake.signals import CORRECTIONS
from perennial.signals.dataset import Dataset
from perennial.signals.quarantine import resolve
from perennial.web.signals_quarantine import Wanted, rows_of
from perennial.web.signals_records import compose, split
from perennial.web.signals_state import lake_errors


def check(raw: str, dataset: Dataset) -> list[str]:
    """Every reason for which the dataset refuses this record; none if it is good."""
    # The validation's library takes its time to load: whoever only reads does not wait for it.
    from perennial.signals.reading import messages
    from perennial.signals.validation import validate

    chunk = messages([raw], dataset, file="correction")
    if chunk.broken.height:
        return [*chunk.broken["reasons"][0]]
    bad = validate(chunk.rows, dataset).bad
    return [*bad["reasons"][0]] if bad.height else []


@lake_errors()
def correct(
    lake: Lake,
    wanted: Wanted,
    changes: Mapping[str, str | None],
    remove: Sequence[str],
    by: str,
    at: datetime,
) -> tuple[int, int]:
    """Change and leave out fields of open rows; returns how many were changed, and how many have no fields.

    Raises `RecordRefused` where a nested field is given a text that is not JSON.
    """
    rows = wanted.filter(rows_of(lake, wanted)).select("id", pl.coalesce("corrected", "raw")).collect()
    whole = {row: raw for row, raw in rows.iter_rows() if split(raw) is not None}
    _log(lake, wanted.dataset, {row: compose(raw, changes, remove) for row, raw in whole.items()}, by, at)
    return len(whole), rows.height - len(whole)


@lake_errors()
def replace(lake: Lake, wanted: Wanted, raw: str, by: str, at: datetime) -> int:
    """Put a whole record in place of an open row's; returns how many were replaced."""
    rows = wanted.filter(rows_of(lake, wanted)).select("id").collect()
    _log(lake, wanted.dataset, dict.fromkeys(rows["id"], raw), by, at)
    return rows.height


@lake_errors()
def discard(lake: Lake, wanted: Wanted, by: str, at: datetime) -> int:
    """End open rows for good; returns how many. A row that was ended in the meantime is left as it is."""
    ids = wanted.filter(rows_of(lake, wanted)).select("id").collect()["id"].to_list()
    return resolve(lake, wanted.dataset, ids, "discarded", by, at)


def _log(lake: Lake, dataset: str, records: Mapping[str, str], by: str, at: datetime) -> None:
    rows = [{"id": row, "dataset": dataset, "raw": raw, "by": by, "at": at} for row, raw in records.items()]
    if rows:
        lake.corrections.append(pl.DataFrame(rows, schema=CORRECTIONS))
