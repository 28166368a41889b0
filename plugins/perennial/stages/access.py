"""A person's identity in; all that is kept of them, as a file for them, out.

It is found as an erasure finds it: by all identities that are theirs, in every table of the lake, and in the
store. Rows that name others beside them, such as a shared address, are theirs as well.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import polars as pl

from perennial.activation import erasure as store
from perennial.identity.values import EMAIL
from perennial.stages.erasure import Request
from perennial.stages.identities import identities
from perennial.stages.personal_data import person_namespace, places
from perennial.stages.workspace import Workspace

ABOUT = """All that is kept about you, as of {at} (UTC).

summary.json says how many rows of which tables there are. In lake/ and store/ is a file for each table, with
its rows as they are kept: money as text, days and times in ISO 8601. Tables of events/ and records/ are what
came in; value/, rfm/, lifetime/ and profiles/ were computed from it, as of the day in `as_of`;
audiences/ says which groups you were in, responses/ what came of e-mails, store/ what was sent where.
"""


@dataclass(frozen=True)
class Package:
    """A file in the ZIP format, and how many rows of each table are in it."""

    content: bytes
    rows: Mapping[str, int]
    prints: frozenset[str]
    """The fingerprints of all identities of theirs."""


def package(workspace: Workspace, store_url: str, request: Request, at: datetime) -> Package:
    """Put all that is kept of a person into one file; of somebody unknown, the file says so."""
    wanted = identities(workspace, request.namespace, request.value_sha256)
    found: dict[str, list[dict[str, Any]]] = {}
    for place in places(workspace, wanted):
        rows = place.table.scan().filter(place.doomed).collect()
        if rows.height:
            found[f"lake/{place.table.name}"] = _plain(rows)
    people, addresses = wanted.get(person_namespace(workspace), ()), wanted.get(EMAIL, ())
    for name, held in store.rows(store_url, people, addresses).items():
        if held:
            found[f"store/{name}"] = held
    counts = {name: len(rows) for name, rows in found.items()}
    summary = {"at": at.isoformat(), "request": request.name, "rows": counts}
    files = {"about.txt": ABOUT.format(at=at.isoformat()), "summary.json": _json(summary)}
    files |= {f"{name}.json": _json(rows) for name, rows in sorted(found.items())}
    return Package(_zipped(files, at), counts, frozenset().union(*wanted.values()))


def _plain(rows: pl.DataFrame) -> list[dict[str, Any]]:
    inner = [name for name, dtype in rows.schema.items() if dtype == pl.Binary]
    return rows.drop(inner).to_dicts()


def _json(content: Any) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False, default=_text)


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def _zipped(files: Mapping[str, str], at: datetime) -> bytes:
    buffer = BytesIO()
    with ZipFile(buffer, "w", ZIP_DEFLATED) as made:
        for name, text in files.items():
            made.writestr(ZipInfo(name, at.timetuple()[:6]), text, ZIP_DEFLATED)
    return buffer.getvalue()
